#include "core/diff/decoded.h"

#include <utility>

namespace cdcsim::diff {

namespace {

Json text_value(std::string text) {
    Json out;
    out.kind = Json::Kind::kString;
    out.text = std::move(text);
    return out;
}

bool is_wrapped(const Json& value) {
    return value.is_object() && value.members.size() == 2 && value.members[0].first == "schema" &&
           value.members[1].first == "payload";
}

std::shared_ptr<const Json> share(Json value) {
    return value.is_null() ? nullptr : std::make_shared<const Json>(std::move(value));
}

}  // namespace

DecodedRecord Decoder::decode(const kafka::Record& record) {
    return {decode(record.key), decode(record.value)};
}

DecodedContent Decoder::decode(const kafka::Content& content) {
    DecodedContent out;
    if (content.is_null) return out;
    out.is_null = false;
    if (content.prefix && content.closed_by_brace) {
        auto payload = parse_json(content.payload);
        auto [schema, is_new] = schemas_.try_emplace(*content.prefix);
        if (is_new) {
            auto whole = parse_json(*content.prefix + "null}");
            if (whole && is_wrapped(*whole)) schema->second = share(std::move(whole->members[0].second));
        }
        if (payload && schema->second) {
            out.payload = std::move(*payload);
            out.schema = schema->second;
            return out;
        }
    }
    std::string text = *content.text();
    auto whole = parse_json(text);
    if (whole && is_wrapped(*whole)) {
        out.schema = share(std::move(whole->members[0].second));
        out.payload = std::move(whole->members[1].second);
    } else {
        out.payload = whole ? std::move(*whole) : text_value(std::move(text));
    }
    return out;
}

std::string summary(const DecodedRecord& record) {
    if (record.is_tombstone()) return "null (a tombstone of the key " + print_json(record.key.payload) + ")";
    const Json& payload = record.value.payload;
    if (!payload.find("op") || !payload.find("source")) return print_json(payload);
    Json shown = payload;
    std::erase_if(shown.members, [](const auto& member) {
        return member.first == "source" || member.first == "transaction" || member.first.starts_with("ts_");
    });
    return print_json(shown);
}

}  // namespace cdcsim::diff
