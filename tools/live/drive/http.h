// HTTP requests over libcurl; https and the proxy of the environment as curl does them.
#pragma once

#include <string>

namespace cdcsim::live {

struct HttpAnswer {
    int status = 0;
    std::string body;
};

struct HttpRequest {
    std::string method = "GET";
    std::string url;
    std::string json;  ///< the body; "": none
    long seconds = 90;
};

/// Throws Unavailable if no answer comes, Interrupted if a signal does.
HttpAnswer ask_http(const HttpRequest& request);

/// A part of a path, with everything but letters, digits and `-._~` escaped.
std::string escape_path(const std::string& text);

}  // namespace cdcsim::live
