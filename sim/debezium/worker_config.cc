#include "sim/debezium/worker_config.h"

#include <algorithm>
#include <set>

#include "sim/debezium/config_def.h"
#include "sim/debezium/transform/transform.h"

namespace cdcsim::debezium {

namespace {

using Check = ConfigKey::Check;
using Type = ConfigKey::Type;

constexpr std::string_view kConverters =
    "org.apache.kafka.connect.json.JsonConverter, org.apache.kafka.connect.storage.StringConverter, "
    "org.apache.kafka.connect.converters.BooleanConverter, org.apache.kafka.connect.converters.ByteArrayConverter, "
    "org.apache.kafka.connect.converters.DoubleConverter, org.apache.kafka.connect.converters.FloatConverter, "
    "org.apache.kafka.connect.converters.IntegerConverter, org.apache.kafka.connect.converters.LongConverter, "
    "org.apache.kafka.connect.converters.ShortConverter, org.apache.kafka.connect.storage.SimpleHeaderConverter, "
    "io.debezium.converters.BinaryDataConverter, io.debezium.converters.ByteArrayConverter, io.debezium.converters.CloudEventsConverter";

/// In the order in which Connect defines them, which is that of its messages.
constexpr ConfigKey kWorkerKeys[] = {
    {"tasks.max", Type::kInt, false, {Check::kAtLeastOne}},
    {"tasks.max.enforce", Type::kBoolean},
    {"key.converter", Type::kString, false, {Check::kClass}, kConverters},
    {"value.converter", Type::kString, false, {Check::kClass}, kConverters},
    {"header.converter", Type::kString, false, {Check::kClass}, kConverters},
    {"transforms", Type::kList, false, {Check::kAliases}},
    {"predicates", Type::kList, false, {Check::kAliases}},
    {"config.action.reload", Type::kString, false, {Check::kOneOf}, "none, restart"},
    {"errors.retry.timeout", Type::kLong},
    {"errors.retry.delay.max.ms", Type::kLong},
    {"errors.tolerance", Type::kString, false, {Check::kOneOf}, "none, all"},
    {"errors.log.enable", Type::kBoolean},
    {"errors.log.include.messages", Type::kBoolean},
    {"topic.creation.groups", Type::kList, false, {Check::kAliases}},
    {"exactly.once.support", Type::kString, false, {Check::kOneOfAnyCase}, "REQUIRED, REQUESTED"},
    {"transaction.boundary", Type::kString, false, {Check::kOneOfAnyCase}, "INTERVAL, POLL, CONNECTOR"},
    {"transaction.boundary.interval.ms", Type::kLong},
    {"offsets.storage.topic", Type::kString, false, {Check::kNonEmpty}},
};

/// JsonConverterConfig's, in the order of its HashMap.
constexpr ConfigKey kJsonConverterKeys[] = {
    {"decimal.format", Type::kString, false, {Check::kOneOfAnyCase}, "NUMERIC, BASE64"},
    {"schemas.cache.size", Type::kInt},
    {"replace.null.with.default", Type::kBoolean},
    {"schemas.enable", Type::kBoolean},
};

constexpr ConfigKey kStageKeys[] = {{"negate", Type::kBoolean}};

/// The message for a class that there is not; empty for a name that may be an alias, or the JDK's.
std::string class_fault(const std::string& option, const std::string& type) {
    if (find_transform_class(type + "$Key")) return "This class is abstract and cannot be created. Did you mean " + type + "$Key, " + type + "$Value?";
    if ((!type.empty() && type.find('.') == type.npos) || type.starts_with("java.")) return "";
    return "Invalid value " + type + " for configuration " + option + ": Class " + type + " could not be found.";
}

/// The names of a list of transforms or predicates, each once, in their order.
std::vector<std::string> names_of(const ConfigMap& config, const std::string& list) {
    std::vector<std::string> names;
    for (auto& name : TransformOptions(config, "").list(list))
        if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
    return names;
}

/// The type of one; null when that is at fault, so that nothing else of it is checked.
const std::vector<ConfigKey>* keys_of(const TransformOptions& options, const std::vector<ConfigKey>* (*find)(std::string_view), std::vector<std::string>& errors) {
    const std::string option = options.prefix() + "type";
    if (!options.has("type")) {
        errors.push_back("Missing required configuration \"" + option + "\" which has no default value.");
        return nullptr;
    }
    const std::string type = options.get("type");
    const auto* keys = find(type);
    if (keys) return keys;
    if (std::string message = class_fault(option, type); !message.empty()) errors.push_back(std::move(message));
    return nullptr;
}

const std::vector<ConfigKey>* transform_keys(std::string_view type) {
    const auto* row = find_transform_class(type);
    return row ? &row->keys : nullptr;
}

void check_transform(const ConfigMap& config, const TransformOptions& options, std::vector<std::string>& errors) {
    const auto* keys = keys_of(options, transform_keys, errors);
    if (!keys) return;
    if (options.has("negate") && !options.has("predicate"))
        errors.push_back("Config '" + options.prefix() + "negate' was provided but there is no config '" + options.prefix() +
                         "predicate' defining a predicate to be negated.");
    check_keys(kStageKeys, config, options.prefix(), errors);
    check_keys(*keys, config, options.prefix(), errors);
}

}  // namespace

void check_worker_options(const ConfigMap& config, std::vector<std::string>& errors) {
    check_keys(kWorkerKeys, config, "", errors);
    for (const auto& name : names_of(config, "transforms")) check_transform(config, TransformOptions(config, "transforms." + name + "."), errors);
    for (const auto& name : names_of(config, "predicates")) {
        const TransformOptions options(config, "predicates." + name + ".");
        if (const auto* keys = keys_of(options, find_predicate_keys, errors)) check_keys(*keys, config, options.prefix(), errors);
    }
}

void check_converters(const ConfigMap& config, std::vector<std::string>& errors) {
    for (const char* converter : {"header.converter", "key.converter", "value.converter"}) {
        const auto type = config.find(converter);
        if (type == config.end() || trimmed(type->second) != "org.apache.kafka.connect.json.JsonConverter") continue;
        const std::string prefix = std::string(converter) + ".";
        ConfigMap own;  // a converter sees its options without their prefix
        for (const auto& [name, value] : config)
            if (name.starts_with(prefix)) own[name.substr(prefix.size())] = value;
        check_keys(kJsonConverterKeys, own, "", errors);
    }
}

}  // namespace cdcsim::debezium
