#include "tools/live/drive/http.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <memory>

#include "tools/live/unavailable.h"
#include "tools/live/wait.h"

namespace cdcsim::live {

namespace {

struct Free {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

std::size_t append(char* data, std::size_t, std::size_t size, void* body) {
    static_cast<std::string*>(body)->append(data, size);
    return size;
}

/// Nonzero ends the transfer.
int follow(void*, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    try {
        check_interrupted();
        return 0;
    } catch (const Interrupted&) {
        return 1;
    }
}

}  // namespace

HttpAnswer ask_http(const HttpRequest& request) {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
    const std::unique_ptr<CURL, Free> handle(started == CURLE_OK ? curl_easy_init() : nullptr);
    if (!handle) throw Unavailable("libcurl cannot be started");
    const std::unique_ptr<curl_slist, Free> headers(curl_slist_append(nullptr, "Content-Type: application/json"));
    HttpAnswer out;
    CURL* curl = handle.get();
    curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, request.seconds);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, follow);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &out.body);
    if (!request.json.empty()) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.json.c_str());
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.json.size()));
    }
    const CURLcode result = curl_easy_perform(curl);
    if (result == CURLE_ABORTED_BY_CALLBACK) check_interrupted();
    if (result != CURLE_OK) throw Unavailable(fmt::format("{} {}: {}", request.method, request.url, curl_easy_strerror(result)));
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    out.status = static_cast<int>(status);
    return out;
}

std::string escape_path(const std::string& text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("-._~").find(c) != std::string_view::npos;
        out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

}  // namespace cdcsim::live
