#include "sim/debezium/topic_creation.h"

#include <algorithm>

#include "core/base/error.h"
#include "sim/debezium/config_def.h"
#include "sim/debezium/java_regex.h"

namespace cdcsim::debezium {

namespace {

constexpr std::string_view kPrefix = "topic.creation.";

/// A topic's option that changes nothing in its records, and the values that a broker takes: none listed means a number.
struct TopicOption {
    std::string_view name;
    std::string_view allowed = {};
};
constexpr TopicOption kTopicOptions[] = {
    {"cleanup.policy", "delete, compact"},
    {"compression.type", "uncompressed, zstd, lz4, snappy, gzip, producer"},
    {"delete.retention.ms"},
    {"file.delete.delay.ms"},
    {"flush.messages"},
    {"flush.ms"},
    {"index.interval.bytes"},
    {"max.compaction.lag.ms"},
    {"min.compaction.lag.ms"},
    {"min.insync.replicas", "1"},
    {"retention.bytes"},
    {"retention.ms"},
    {"segment.bytes"},
    {"segment.ms"},
};

struct Count {
    std::string_view name, type, rule;
};
/// In the order in which a missing one is told.
constexpr Count kCounts[] = {
    {"replication.factor", "SHORT", "Replication factor must be positive and not larger than the number of brokers in the Kafka cluster, or -1 to use the broker's default"},
    {"partitions", "INT", "Number of partitions must be positive, or -1 to use the broker's default"},
};

[[noreturn]] void invalid(const std::string& option, const std::string& value, const std::string& why) {
    throw ConnectError(500, "Invalid value " + value + " for configuration " + option + ": " + why);
}

/// The options of one group.
void check_counts(const ConfigMap& config, const std::string& prefix, bool required) {
    for (const Count& count : kCounts) {
        const std::string option = prefix + std::string(count.name);
        const auto found = config.find(option);
        if (found == config.end()) {
            if (required) throw ConnectError(500, "Missing required configuration \"" + option + "\" which has no default value.");
            continue;
        }
        const std::string text = trimmed(found->second);
        if (!is_java_int(text)) invalid(option, found->second, "Not a number of type " + std::string(count.type));
        const int value = std::stoi(text);
        if (value < 1 && value != -1) invalid(std::string(count.name), text, std::string(count.rule));
        if (value > 1) throw NotSimulated("connector option " + option + " with more than one");
    }
}

void check_patterns(const ConfigMap& config, const std::string& prefix) {
    for (const char* name : {"include", "exclude"}) {
        const auto found = config.find(prefix + name);
        if (found == config.end()) continue;
        const auto patterns = config_list(found->second);
        for (const std::string& pattern : patterns) {
            try {
                JavaReplacer(pattern, "");
            } catch (const RegexSyntaxError& error) {
                std::string list;
                for (const std::string& each : patterns) list += (list.empty() ? "" : ", ") + each;
                invalid(name, "[" + list + "]", "Syntax error in regular expression: " + error.message);
            }
        }
    }
}

bool is_number(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

void check_topic_options(const ConfigMap& config, const std::string& prefix) {
    for (const auto& [option, value] : config) {
        if (!option.starts_with(prefix)) continue;
        const std::string name = option.substr(prefix.size());
        if (name == "include" || name == "exclude" || std::ranges::count(kCounts, name, &Count::name) != 0) continue;
        const auto* row = std::ranges::find(kTopicOptions, name, &TopicOption::name);
        if (row == std::end(kTopicOptions)) throw NotSimulated("connector option " + option);
        const auto allowed = config_list(row->allowed);
        const auto given = config_list(value);
        auto is_taken = [&](const std::string& text) { return allowed.empty() ? is_number(text) : std::ranges::count(allowed, text) != 0; };
        if (given.empty() || !std::ranges::all_of(given, is_taken)) throw NotSimulated("connector option " + option + "=" + value);
    }
}

std::vector<std::string> groups_of(const ConfigMap& config) {
    std::vector<std::string> groups = {"default"};
    const auto found = config.find("topic.creation.groups");
    if (found == config.end()) return groups;
    for (auto& name : config_list(found->second))
        if (name != "default") groups.push_back(std::move(name));
    return groups;
}

bool is_used(const ConfigMap& config) {
    const auto first = config.lower_bound(std::string(kPrefix));
    return first != config.end() && first->first.starts_with(kPrefix);
}

}  // namespace

void check_topic_creation(const ConfigMap& config) {
    if (!is_used(config)) return;
    for (const std::string& group : groups_of(config)) {
        const std::string prefix = std::string(kPrefix) + group + ".";
        const bool is_default = group == "default";
        check_counts(config, prefix, is_default);
        if (!is_default) check_patterns(config, prefix);
        check_topic_options(config, prefix);
    }
}

bool compacts_topics(const ConfigMap& config) {
    return std::ranges::any_of(groups_of(config), [&](const std::string& group) {
        const auto policy = config.find(std::string(kPrefix) + group + ".cleanup.policy");
        return policy != config.end() && policy->second.find("compact") != std::string::npos;
    });
}

}  // namespace cdcsim::debezium
