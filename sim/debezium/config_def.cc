#include "sim/debezium/config_def.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "sim/debezium/java_regex.h"

namespace cdcsim::debezium {

namespace {

using Check = ConfigKey::Check;
using Type = ConfigKey::Type;

/// A value that was parsed: its text, and its parts if it is a list.
struct Value {
    std::string text;
    std::vector<std::string> parts;
};

std::string in_upper_case(std::string text) {
    for (char& c : text)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return text;
}

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const auto& part : parts) text += (text.empty() ? "" : ", ") + part;
    return "[" + text + "]";
}

std::string invalid(std::string_view name, std::string_view value, std::string_view why) {
    return "Invalid value " + std::string(value) + " for configuration " + std::string(name) + ": " + std::string(why);
}

bool has_duplicates(const std::vector<std::string>& parts) { return std::set<std::string>(parts.begin(), parts.end()).size() != parts.size(); }

template <class Int>
bool is_number(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    Int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size();
}

/// ConfigDef.parseType's message; empty: it parses.
std::string parse_fault(Type type, std::string_view text) {
    switch (type) {
        case Type::kInt: return is_number<std::int32_t>(text) ? "" : "Not a number of type INT";
        case Type::kLong: return is_number<std::int64_t>(text) ? "" : "Not a number of type LONG";
        case Type::kBoolean: return is_config_flag(text) || lowered(text) == "false" ? "" : "Expected value to be either true or false";
        default: return "";
    }
}

/// The message of a list that must have parts; empty: none.
std::string unique_list_fault(std::string_view name, const Value* value) {
    const std::string start = "Configuration '" + std::string(name) + "' ";
    if (!value) return start + "values must not be null.";
    if (value->parts.empty()) return start + "must not be empty. Valid values include: any non-empty value";
    if (has_duplicates(value->parts)) return start + "values must not be duplicated.";
    return std::ranges::find(value->parts, "") == value->parts.end() ? "" : start + "values must not be empty.";
}

std::string regex_fault(const Value* value) {
    if (!value) return "Invalid regex: Cannot invoke \"String.isEmpty()\" because \"this.pattern\" is null";
    try {
        JavaReplacer(value->text, "");
    } catch (const RegexSyntaxError& error) {
        return "Invalid regex: " + error.message;
    }
    return "";
}

bool is_mapping(const std::string& text) {
    const auto colon = text.find(':');
    return colon != text.npos && colon == text.rfind(':') && colon > 0 && colon + 1 < text.size();
}

/// Why a validator does not take the value (null: none was given, or none that parses); empty: it does.
std::string value_fault(const ConfigKey& key, Check check, const Value* value) {
    auto is_allowed = [&](const std::string& text) { return std::ranges::count(config_list(key.allowed), text) != 0; };
    const std::string allowed(key.allowed);
    switch (check) {
        case Check::kOneOf: return value && is_allowed(value->text) ? "" : "String must be one of: " + allowed;
        case Check::kOneOfAnyCase: return value && is_allowed(in_upper_case(value->text)) ? "" : "String must be one of (case insensitive): " + allowed;
        case Check::kEnum: return !value || is_allowed(lowered(value->text)) ? "" : "Value must be one of " + allowed;
        case Check::kClass:
            if (!value || is_allowed(value->text) || (!value->text.empty() && value->text.find('.') == std::string::npos)) return "";
            return "Class " + value->text + " could not be found.";
        case Check::kNonEmpty: return value && value->text.empty() ? "String must be non-empty" : "";
        case Check::kNonNull: return value ? "" : "entry must be non null";
        case Check::kAtLeastOne:
            if (!value) return "Value must be non-null";
            return value->text.starts_with('-') || value->text.find_first_not_of("+0") == std::string::npos ? "Value must be at least 1" : "";
        case Check::kRegex: return regex_fault(value);
        case Check::kNonEmptyList: return value && !value->parts.empty() ? "" : "Empty list";
        case Check::kAliases: return value && has_duplicates(value->parts) ? "Duplicate alias provided." : "";
        case Check::kRenames: {
            if (!value) return "";
            const auto bad = std::ranges::find_if_not(value->parts, is_mapping);
            return bad == value->parts.end() ? "" : "Invalid rename mapping: " + *bad;
        }
        default: return "";
    }
}

/// The whole message of a fault; empty: none.
std::string fault(const ConfigKey& key, Check check, const Value* value) {
    if (check == Check::kUniqueList) return unique_list_fault(key.name, value);
    if (check == Check::kCastSpec) return cast_spec_fault(value ? value->parts : std::vector<std::string>());
    const std::string why = value_fault(key, check, value);
    if (why.empty()) return "";
    return invalid(key.name, !value ? "null" : key.type == Type::kList ? joined(value->parts) : value->text, why);
}

void check_key(const ConfigKey& key, const ConfigMap& config, std::string_view prefix, std::vector<std::string>& errors) {
    const std::string full = std::string(prefix) + std::string(key.name);
    const auto found = config.find(full);
    std::optional<Value> value;
    if (found != config.end()) {
        value = {trimmed(found->second), {}};
        if (key.type == Type::kList) value->parts = config_list(value->text);
        if (const std::string why = parse_fault(key.type, value->text); !why.empty()) {
            errors.push_back(invalid(full, found->second, why));
            value.reset();
        }
    } else if (key.required) {
        errors.push_back("Missing required configuration \"" + full + "\" which has no default value.");
    } else {
        return;
    }
    for (Check check : key.checks) {
        std::string message = fault(key, check, value ? &*value : nullptr);
        if (message.empty()) continue;
        errors.push_back(std::move(message));
        return;
    }
}

}  // namespace

std::vector<std::string> config_list(std::string_view text) { return trimmed(text).empty() ? std::vector<std::string>() : split_trimmed(text, ','); }

bool is_config_flag(std::string_view text) { return lowered(text) == "true"; }

void check_keys(std::span<const ConfigKey> keys, const ConfigMap& config, std::string_view prefix, std::vector<std::string>& errors) {
    for (const ConfigKey& key : keys) check_key(key, config, prefix, errors);
}

std::string cast_spec_fault(const std::vector<std::string>& mappings) {
    static const std::vector<std::string> kTypes = config_list("INT8, INT16, INT32, INT64, FLOAT32, FLOAT64, BOOLEAN, STRING");
    static const std::vector<std::string> kOthers = config_list("BYTES, ARRAY, MAP, STRUCT");
    if (mappings.empty()) return "Must specify at least one field to cast.";
    bool is_whole = false;
    for (const auto& mapping : mappings) {
        const auto parts = split_trimmed(mapping, ':');
        if (parts.size() > 2) return invalid("renames", joined(mappings), "Invalid rename mapping: " + mapping);
        const std::string type = in_upper_case(parts.back());
        if (std::ranges::count(kOthers, type) != 0) return "Cast transformation does not support casting to " + type + "; supported types are " + joined(kTypes);
        if (std::ranges::count(kTypes, type) == 0)
            return invalid("Invalid type found in casting spec", "java.lang.IllegalArgumentException: No enum constant org.apache.kafka.connect.data.Schema.Type." + type, parts.back());
        is_whole = is_whole || parts.size() == 1;
    }
    if (is_whole && mappings.size() > 1) return "Cast transformations that specify a type to cast the entire value to may only specify a single cast in their spec";
    return "";
}

}  // namespace cdcsim::debezium
