// What Kafka checks of options by itself: those of Connect's worker, of transforms, predicates and converters.
// Mirrors org.apache.kafka.common.config.ConfigDef, its validators and their messages.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/debezium/connector_options.h"

namespace cdcsim::debezium {

struct ConfigKey {
    enum class Type { kString, kInt, kLong, kBoolean, kList };
    enum class Check {
        kNone,
        kOneOf,            ///< ValidString.in
        kOneOfAnyCase,     ///< CaseInsensitiveValidString.in
        kEnum,             ///< Debezium's, in any case
        kClass,            ///< a class of `allowed`; a name without dots is an alias
        kNonEmpty,         ///< NonEmptyString
        kNonNull,          ///< NonNullValidator
        kAtLeastOne,       ///< Range.atLeast(1)
        kRegex,            ///< RegexValidator
        kUniqueList,       ///< ValidList.anyNonDuplicateValues, not empty
        kNonEmptyList,     ///< NonEmptyListValidator
        kAliases,          ///< ConnectorConfig's: no duplicates
        kRenames,          ///< ReplaceField's
        kCastSpec,         ///< Cast's
    };
    std::string_view name;
    Type type = Type::kString;
    bool required = false;
    Check checks[2] = {};
    std::string_view allowed = {};  ///< "a, b" for the checks that name values
};

/// The parts of a list as ConfigDef.parseType splits it: none of a blank text.
std::vector<std::string> config_list(std::string_view text);
bool is_config_flag(std::string_view text);

/// ConfigDef.validate of the options that begin with `prefix`: appends a message for each fault.
void check_keys(std::span<const ConfigKey> keys, const ConfigMap& config, std::string_view prefix, std::vector<std::string>& errors);

/// What is wrong with a spec of Cast (`field:type` or one `type`); empty: nothing.
std::string cast_spec_fault(const std::vector<std::string>& mappings);

}  // namespace cdcsim::debezium
