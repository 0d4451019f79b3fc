#include "tools/live/drive/connect_rest.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/diff/json.h"
#include "tools/live/drive/http.h"
#include "tools/live/unavailable.h"

namespace cdcsim::live {

namespace {

using diff::Json;

struct Verb {
    std::string_view name, method, tail;
};
constexpr Verb kVerbs[] = {{"delete", "DELETE", ""},
                           {"stop", "PUT", "/stop"},
                           {"pause", "PUT", "/pause"},
                           {"resume", "PUT", "/resume"},
                           {"restart", "POST", "/restart?includeTasks=true&onlyFailed=false"}};

Json json_of(const HttpAnswer& answer, const std::string& url) {
    auto json = diff::parse_json(answer.body);
    if (answer.status != 200 || !json) throw Unavailable(fmt::format("{} answers {}: {}", url, answer.status, answer.body));
    return std::move(*json);
}

std::string text_of(const Json* object, std::string_view name) {
    const Json* value = object ? object->find(name) : nullptr;
    return value ? value->text : "";
}

RestAnswer answer_of(const HttpAnswer& answer) {
    RestAnswer out;
    out.status = answer.status;
    if (out.good()) return out;
    const auto json = diff::parse_json(answer.body);
    const Json* message = json ? json->find("message") : nullptr;
    out.message = message ? message->text : answer.body;
    return out;
}

std::string print_config(const ConnectRest::Config& config) {
    std::string out;
    for (const auto& [name, value] : config) {
        out += (out.empty() ? "{" : ",") + diff::quote_json(name) + ":" + diff::quote_json(value);
    }
    return out + "}";
}

}  // namespace

ConnectRest::ConnectRest(std::string url) : url_(std::move(url)) {
    while (url_.ends_with('/')) url_.pop_back();
}

std::vector<std::string> ConnectRest::connectors() {
    const std::string url = url_ + "/connectors";
    std::vector<std::string> out;
    for (const Json& name : json_of(ask_http({"GET", url, "", 30}), url).items) out.push_back(name.text);
    return out;
}

RestAnswer ConnectRest::put_config(const std::string& name, const Config& config) {
    const std::vector<std::string> there = connectors();
    const std::string text = print_config(config);
    if (std::find(there.begin(), there.end(), name) != there.end()) {
        return answer_of(ask_http({"PUT", url_ + "/connectors/" + escape_path(name) + "/config", text}));
    }
    return answer_of(ask_http({"POST", url_ + "/connectors", fmt::format(R"({{"name":{},"config":{}}})", diff::quote_json(name), text)}));
}

RestAnswer ConnectRest::verb(const std::string& name, const std::string& verb) {
    const auto* found = std::find_if(std::begin(kVerbs), std::end(kVerbs), [&](const Verb& v) { return v.name == verb; });
    return answer_of(ask_http({std::string(found->method), fmt::format("{}/connectors/{}{}", url_, escape_path(name), found->tail), ""}));
}

ConnectorStatus ConnectRest::status(const std::string& name) {
    const std::string url = url_ + "/connectors/" + escape_path(name) + "/status";
    const HttpAnswer answer = ask_http({"GET", url, "", 30});
    if (answer.status == 404) return {};
    const Json json = json_of(answer, url);
    const Json* connector = json.find("connector");
    const Json* tasks = json.find("tasks");
    std::vector<const Json*> parts{connector};
    for (std::size_t i = 0; tasks && i < tasks->items.size(); ++i) parts.push_back(&tasks->items[i]);
    for (const Json* part : parts) {
        if (text_of(part, "state") == "FAILED") return {"FAILED", text_of(part, "trace")};
    }
    std::string state = text_of(connector, "state");
    if (state == "RUNNING" && (parts.size() < 2 || text_of(parts[1], "state") != "RUNNING")) state = "STARTING";
    return {state, ""};
}

std::string ConnectRest::version() {
    const Json json = json_of(ask_http({"GET", url_ + "/", "", 30}), url_);
    return text_of(&json, "version");
}

std::string ConnectRest::plugin_version(const std::string& connector_class) {
    const std::string url = url_ + "/connector-plugins";
    for (const Json& plugin : json_of(ask_http({"GET", url, "", 30}), url).items) {
        if (text_of(&plugin, "class") == connector_class) return text_of(&plugin, "version");
    }
    throw Unavailable("Kafka Connect at " + url_ + " has no " + connector_class);
}

}  // namespace cdcsim::live
