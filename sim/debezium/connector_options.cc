#include "sim/debezium/connector_options.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "core/base/error.h"
#include "core/connect/java_hash_map.h"
#include "sim/debezium/java_regex.h"
#include "sim/debezium/topic_creation.h"
#include "sim/debezium/worker_config.h"

namespace cdcsim::debezium {

std::string trimmed(std::string_view text) {
    auto first = text.find_first_not_of(" \t\r\n");
    if (first == text.npos) return "";
    return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

std::vector<std::string> split_trimmed(std::string_view text, char separator) {
    std::vector<std::string> parts;
    for (std::size_t start = 0; start <= text.size();) {
        const std::size_t end = std::min(text.find(separator, start), text.size());
        parts.push_back(trimmed(text.substr(start, end - start)));
        start = end + 1;
    }
    return parts;
}

std::string lowered(std::string_view text) {
    std::string lower(text);
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return lower;
}

namespace {

using Type = Option::Type;
using Use = Option::Use;
using Check = Option::Check;

// clang-format off
constexpr Option kConnectorOptions[] = {
    {"topic.prefix", Type::kString, {}, Use::kObeyed, {Check::kRequired, Check::kTopicName}, ""},
    {"database.hostname", Type::kString, {}, Use::kObeyed, {Check::kRequired, Check::kHostname},
     ""},
    {"database.port", Type::kInt, "5432", Use::kObeyed, {Check::kInteger, Check::kInteger}, ""},
    {"database.user", Type::kString, {}, Use::kObeyed, {Check::kRequired}, ""},
    {"database.password", Type::kPassword, {}, Use::kObeyed, {}, ""},
    {"database.dbname", Type::kString, {}, Use::kObeyed, {Check::kRequired}, ""},
    {"database.query.timeout.ms", Type::kInt, "600000", Use::kNoEffect, {Check::kInteger}, ""},
    {"plugin.name", Type::kString, "decoderbufs", Use::kObeyed, {Check::kAllowed},
     "decoderbufs, pgoutput"},
    {"slot.name", Type::kString, "debezium", Use::kObeyed, {Check::kSlotName}, ""},
    {"publication.name", Type::kString, "dbz_publication", Use::kObeyed, {}, ""},
    {"publication.autocreate.mode", Type::kString, "all_tables", Use::kObeyed, {Check::kAllowed},
     "no_tables, filtered, disabled, all_tables"},
    {"replica.identity.autoset.values", Type::kString,
     {}, Use::kObeyed, {Check::kReplicaIdentity},
     ""},
    {"slot.drop.on.stop", Type::kBoolean, "false", Use::kObeyed, {Check::kBoolean}, ""},
    {"slot.failover", Type::kBoolean, "false", Use::kNoEffect, {Check::kBoolean}, ""},
    {"slot.stream.params", Type::kString, {}, Use::kDefaultOnly, {}, ""},
    {"database.initial.statements", Type::kString, {}, Use::kDefaultOnly, {}, ""},
    {"database.sslmode", Type::kString, "prefer", Use::kNoEffect, {Check::kAllowed},
     "allow, prefer, disable, verify-ca, require, verify-full"},
    {"database.sslcert", Type::kString, {}, Use::kNoEffect, {}, ""},
    {"database.sslpassword", Type::kPassword, {}, Use::kNoEffect, {}, ""},
    {"database.sslrootcert", Type::kString, {}, Use::kNoEffect, {}, ""},
    {"database.sslkey", Type::kString, {}, Use::kNoEffect, {}, ""},
    {"slot.max.retries", Type::kInt, "6", Use::kNoEffect, {Check::kInteger, Check::kInteger}, ""},
    {"slot.retry.delay.ms", Type::kLong, "10000", Use::kNoEffect, {Check::kLong, Check::kInteger},
     ""},
    {"database.sslfactory", Type::kString, {}, Use::kNoEffect, {}, ""},
    {"status.update.interval.ms", Type::kInt,
     "10000", Use::kNoEffect, {Check::kInteger, Check::kPositiveInteger},
     ""},
    {"lsn.flush.timeout.ms", Type::kLong,
     "30000", Use::kNoEffect, {Check::kLong, Check::kPositiveInteger},
     ""},
    {"lsn.flush.timeout.action", Type::kString, "fail", Use::kNoEffect, {Check::kAllowed},
     "fail, warn, ignore"},
    {"database.tcpKeepAlive", Type::kBoolean,
     "true", Use::kNoEffect, {Check::kBoolean, Check::kBoolean},
     ""},
    {"xmin.fetch.interval.ms", Type::kLong,
     "0", Use::kDefaultOnly, {Check::kLong, Check::kNonNegativeLong},
     ""},
    {"skipped.operations", Type::kList, "t", Use::kObeyed, {Check::kOperations}, ""},
    {"lsn.flush.mode", Type::kString, {}, Use::kDefaultOnly, {Check::kAllowed},
     "connector_and_driver, connector, manual"},
    {"flush.lsn.source", Type::kBoolean, "true", Use::kObeyed, {Check::kBoolean, Check::kBoolean},
     ""},
    {"event.processing.failure.handling.mode", Type::kString,
     "fail", Use::kDefaultOnly, {Check::kAllowed},
     "warn, fail, ignore, skip"},
    {"max.batch.size", Type::kInt,
     "2048", Use::kNoEffect, {Check::kInteger, Check::kPositiveInteger},
     ""},
    {"max.queue.size", Type::kInt, "8192", Use::kNoEffect, {Check::kInteger, Check::kQueueSize},
     ""},
    {"poll.interval.ms", Type::kLong,
     "500", Use::kNoEffect, {Check::kLong, Check::kPositiveInteger},
     ""},
    {"max.queue.size.in.bytes", Type::kLong,
     "0", Use::kNoEffect, {Check::kLong, Check::kNonNegativeLong},
     ""},
    {"provide.transaction.metadata", Type::kBoolean, "false", Use::kObeyed, {Check::kBoolean}, ""},
    {"snapshot.delay.ms", Type::kLong, "0", Use::kNoEffect, {Check::kLong, Check::kNonNegativeLong},
     ""},
    {"streaming.delay.ms", Type::kLong,
     "0", Use::kNoEffect, {Check::kLong, Check::kNonNegativeLong},
     ""},
    {"snapshot.include.collection.list", Type::kList, {}, Use::kObeyed, {Check::kRegexList}, ""},
    {"snapshot.fetch.size", Type::kInt,
     {}, Use::kNoEffect, {Check::kInteger, Check::kNonNegativeInteger},
     ""},
    {"snapshot.max.threads", Type::kInt,
     "1", Use::kDefaultOnly, {Check::kInteger, Check::kPositiveInteger},
     ""},
    {"snapshot.max.threads.multiplier", Type::kInt,
     "1", Use::kDefaultOnly, {Check::kInteger, Check::kPositiveInteger},
     ""},
    {"legacy.snapshot.max.threads", Type::kBoolean, "false", Use::kNoEffect, {Check::kBoolean}, ""},
    {"snapshot.mode.custom.name", Type::kString, {}, Use::kNoEffect, {}, ""},
    {"snapshot.mode.configuration.based.snapshot.data", Type::kBoolean,
     "false", Use::kNoEffect, {Check::kBoolean},
     ""},
    {"snapshot.mode.configuration.based.snapshot.schema", Type::kBoolean,
     "false", Use::kNoEffect, {Check::kBoolean},
     ""},
    {"snapshot.mode.configuration.based.start.stream", Type::kBoolean,
     "false", Use::kNoEffect, {Check::kBoolean},
     ""},
    {"snapshot.mode.configuration.based.snapshot.on.schema.error", Type::kBoolean,
     "false", Use::kNoEffect, {Check::kBoolean},
     ""},
    {"snapshot.mode.configuration.based.snapshot.on.data.error", Type::kBoolean,
     "false", Use::kNoEffect, {Check::kBoolean},
     ""},
    {"retriable.restart.connector.wait.ms", Type::kLong,
     "10000", Use::kNoEffect, {Check::kLong, Check::kPositiveLong},
     ""},
    {"query.fetch.size", Type::kInt,
     "0", Use::kNoEffect, {Check::kInteger, Check::kNonNegativeInteger},
     ""},
    {"errors.max.retries", Type::kInt, "-1", Use::kNoEffect, {Check::kInteger, Check::kInteger},
     ""},
    {"incremental.snapshot.watermarking.strategy", Type::kString,
     "INSERT_INSERT", Use::kNoEffect, {Check::kAllowed},
     "insert_delete, insert_insert"},
    {"internal.log.position.check.enable", Type::kBoolean,
     "true", Use::kNoEffect, {Check::kBoolean},
     ""},
    {"internal.advanced.metrics.enable", Type::kBoolean, "false", Use::kNoEffect, {Check::kBoolean},
     ""},
    {"connection.validation.timeout.ms", Type::kLong,
     "60000", Use::kNoEffect, {Check::kLong, Check::kPositiveLong},
     ""},
    {"executor.shutdown.timeout.ms", Type::kLong,
     "4000", Use::kNoEffect, {Check::kLong, Check::kPositiveLong},
     ""},
    {"openlineage.integration.enabled", Type::kBoolean,
     "false", Use::kDefaultOnly, {Check::kBoolean},
     ""},
    {"openlineage.integration.config.file.path", Type::kString,
     "./openlineage.yml", Use::kNoEffect, {},
     ""},
    {"openlineage.integration.job.namespace", Type::kString, {}, Use::kNoEffect, {}, ""},
    {"openlineage.integration.job.description", Type::kString,
     "Debezium change data capture job", Use::kNoEffect, {},
     ""},
    {"openlineage.integration.job.tags", Type::kList, {}, Use::kNoEffect, {Check::kKeyValuePairs},
     ""},
    {"openlineage.integration.job.owners", Type::kList, {}, Use::kNoEffect, {Check::kKeyValuePairs},
     ""},
    {"openlineage.integration.dataset.kafka.bootstrap.servers", Type::kString,
     {}, Use::kNoEffect, {},
     ""},
    {"extended.headers.enabled", Type::kBoolean,
     "true", Use::kObeyed, {Check::kBoolean, Check::kBoolean},
     ""},
    {"guardrail.collections.max", Type::kInt,
     "0", Use::kDefaultOnly, {Check::kInteger, Check::kNonNegativeInteger},
     ""},
    {"guardrail.collections.limit.action", Type::kString, "warn", Use::kNoEffect, {Check::kAllowed},
     "warn, fail"},
    {"custom.sanitize.pattern", Type::kString,
     ".*secret$|.*password$|.*sasl\\.jaas\\.config$|.*basic\\.auth\\.user\\.info|.*registry\\.auth\\.client-secret|.*credentials\\.json$|.*connectionstring$|.*connection\\.string$", Use::kNoEffect, {},
     ""},
    {"statistics.metrics.enabled", Type::kBoolean, "true", Use::kNoEffect, {Check::kBoolean}, ""},
    {"decimal.handling.mode", Type::kString, "precise", Use::kObeyed, {Check::kAllowed},
     "string, double, precise"},
    {"time.precision.mode", Type::kString, "adaptive", Use::kObeyed, {Check::kAllowed},
     "adaptive, adaptive_time_microseconds, isostring, microseconds, nanoseconds, connect"},
    {"snapshot.lock.timeout.ms", Type::kLong, "10000", Use::kNoEffect, {Check::kLong}, ""},
    {"memory.management.schemas.class", Type::kClass,
     "io.debezium.relational.ConcurrentMapTableMappingStorage", Use::kNoEffect, {Check::kClassName},
     ""},
    {"memory.management.tables.class", Type::kClass,
     "io.debezium.relational.ConcurrentMapTableMappingStorage", Use::kNoEffect, {Check::kClassName},
     ""},
    {"snapshot.mode", Type::kString, "initial", Use::kObeyed, {Check::kAllowed},
     "always, initial_only, configuration_based, when_needed, initial, custom, no_data"},
    {"snapshot.isolation.mode", Type::kString, "serializable", Use::kNoEffect, {Check::kAllowed},
     "read_uncommitted, repeatable_read, read_committed, serializable"},
    {"snapshot.query.mode", Type::kString, "select_all", Use::kDefaultOnly, {Check::kAllowed},
     "custom, select_all"},
    {"snapshot.query.mode.custom.name", Type::kString, {}, Use::kNoEffect, {}, ""},
    {"snapshot.locking.mode.custom.name", Type::kString, {}, Use::kNoEffect, {}, ""},
    {"snapshot.locking.mode", Type::kString, "none", Use::kDefaultOnly, {Check::kAllowed},
     "shared, custom, none"},
    {"hstore.handling.mode", Type::kString, "json", Use::kObeyed, {Check::kAllowed}, "json, map"},
    {"binary.handling.mode", Type::kString, "bytes", Use::kObeyed, {Check::kAllowed},
     "bytes, base64, hex, base64-url-safe"},
    {"schema.name.adjustment.mode", Type::kString, "none", Use::kObeyed, {Check::kAllowed},
     "none, avro_unicode, avro"},
    {"interval.handling.mode", Type::kString, "numeric", Use::kObeyed, {Check::kAllowed},
     "string, numeric"},
    {"schema.refresh.mode", Type::kString, "columns_diff", Use::kNoEffect, {Check::kAllowed},
     "columns_diff, columns_diff_exclude_unchanged_toast"},
    {"incremental.snapshot.chunk.size", Type::kInt,
     "1024", Use::kNoEffect, {Check::kInteger, Check::kNonNegativeInteger},
     ""},
    {"unavailable.value.placeholder", Type::kString,
     "__debezium_unavailable_value", Use::kObeyed, {},
     ""},
    {"message.prefix.include.list", Type::kList, {}, Use::kObeyed, {Check::kRegexList}, ""},
    {"message.prefix.exclude.list", Type::kList, {}, Use::kObeyed, {Check::kRegexList}, ""},
    {"publish.via.partition.root", Type::kBoolean,
     "false", Use::kObeyed, {Check::kBoolean, Check::kBoolean},
     ""},
    {"converters", Type::kString, {}, Use::kDefaultOnly, {}, ""},
    {"post.processors", Type::kString, {}, Use::kDefaultOnly, {}, ""},
    {"tombstones.on.delete", Type::kBoolean,
     "true", Use::kObeyed, {Check::kBoolean, Check::kBoolean},
     ""},
    {"heartbeat.interval.ms", Type::kInt,
     "0", Use::kObeyed, {Check::kInteger, Check::kNonNegativeInteger},
     ""},
    {"heartbeat.topics.prefix", Type::kString, "__debezium-heartbeat", Use::kNoEffect, {}, ""},
    {"signal.data.collection", Type::kList, {}, Use::kDefaultOnly, {}, ""},
    {"signal.poll.interval.ms", Type::kLong,
     "5000", Use::kNoEffect, {Check::kLong, Check::kPositiveInteger},
     ""},
    {"signal.enabled.channels", Type::kList, "source", Use::kDefaultOnly, {}, ""},
    {"topic.naming.strategy", Type::kClass,
     "io.debezium.schema.SchemaTopicNamingStrategy", Use::kDefaultOnly, {Check::kClassName},
     ""},
    {"notification.enabled.channels", Type::kList, {}, Use::kDefaultOnly, {}, ""},
    {"notification.sink.topic.name", Type::kString, {}, Use::kNoEffect, {}, ""},
    {"transaction.metadata.factory", Type::kClass,
     "io.debezium.pipeline.txmetadata.DefaultTransactionMetadataFactory", Use::kDefaultOnly, {Check::kClassName},
     ""},
    {"custom.metric.tags", Type::kList, {}, Use::kNoEffect, {Check::kKeyValuePairs}, ""},
    {"column.include.list", Type::kList, {}, Use::kObeyed, {Check::kRegexList}, ""},
    {"column.exclude.list", Type::kList, {}, Use::kObeyed, {Check::kRegexList}, ""},
    {"table.include.list", Type::kList, {}, Use::kObeyed, {Check::kRegexList}, ""},
    {"table.exclude.list", Type::kList, {}, Use::kObeyed, {Check::kRegexList}, ""},
    {"table.ignore.builtin", Type::kBoolean,
     "true", Use::kDefaultOnly, {Check::kBoolean, Check::kBoolean},
     ""},
    {"schema.include.list", Type::kList, {}, Use::kObeyed, {Check::kRegexList}, ""},
    {"schema.exclude.list", Type::kList, {}, Use::kObeyed, {Check::kRegexList}, ""},
    {"message.key.columns", Type::kString, {}, Use::kObeyed, {Check::kKeyColumns}, ""},
    {"snapshot.select.statement.overrides", Type::kString, {}, Use::kObeyed, {}, ""},
    {"include.schema.comments", Type::kBoolean,
     "false", Use::kNoEffect, {Check::kBoolean, Check::kBoolean},
     ""},
    {"column.propagate.source.type", Type::kList, {}, Use::kObeyed, {Check::kRegexList}, ""},
    {"datatype.propagate.source.type", Type::kList, {}, Use::kObeyed, {Check::kRegexList}, ""},
    {"internal.snapshot.scan.all.columns.force", Type::kBoolean,
     "false", Use::kNoEffect, {Check::kBoolean},
     ""},
    {"snapshot.tables.order.by.row.count", Type::kString,
     "disabled", Use::kNoEffect, {Check::kAllowed},
     "disabled, ascending, descending"},
    {"heartbeat.action.query", Type::kString, {}, Use::kDefaultOnly, {}, ""},
    {"include.unknown.datatypes", Type::kBoolean, "false", Use::kObeyed, {Check::kBoolean}, ""},
    {"sourceinfo.struct.maker", Type::kClass,
     "io.debezium.connector.postgresql.PostgresSourceInfoStructMaker", Use::kDefaultOnly, {Check::kClassName},
     ""},
};

constexpr Option kUnlistedOptions[] = {
    {"topic.delimiter", Type::kString, ".", Use::kObeyed, {}, ""},
    {"topic.transaction", Type::kString, "transaction", Use::kObeyed, {}, ""},
    {"topic.heartbeat.prefix", Type::kString, "__debezium-heartbeat", Use::kObeyed, {}, ""},
    {"topic.heartbeat.name", Type::kString, {}, Use::kObeyed, {}, ""},
    {"topic.cache.size", Type::kInt, "10000", Use::kNoEffect, {}, ""},
    {"field.name.adjustment.mode", Type::kString, "none", Use::kObeyed, {}, ""},
    {"skip.messages.without.change", Type::kBoolean, "false", Use::kObeyed, {}, ""},
    {"money.fraction.digits", Type::kInt, "2", Use::kObeyed, {}, ""},
    {"event.converting.failure.handling.mode", Type::kString, "warn", Use::kDefaultOnly, {}, ""},
    {"offset.mismatch.strategy", Type::kString, "no_validation", Use::kDefaultOnly, {}, ""},
    {"internal.slot.seek.to.known.offset.on.start", Type::kBoolean, "false", Use::kDefaultOnly, {}, ""},
    {"internal.create.slot.command.timeout", Type::kLong, "90", Use::kNoEffect, {}, ""},
    {"internal.custom.retriable.exception", Type::kString, {}, Use::kNoEffect, {}, ""},
    {"incremental.snapshot.allow.schema.changes", Type::kBoolean, "false", Use::kNoEffect, {}, ""},
    {"read.only", Type::kBoolean, "false", Use::kDefaultOnly, {}, ""},
    {"include.schema.changes", Type::kBoolean, "true", Use::kNoEffect, {}, ""},
};

constexpr Option kWorkerOptions[] = {
    {"name", Type::kString, {}, Use::kObeyed, {}, ""},
    {"connector.class", Type::kString, {}, Use::kObeyed, {}, ""},
    {"tasks.max", Type::kInt, "1", Use::kNoEffect, {}, ""},
    {"tasks.max.enforce", Type::kBoolean, "true", Use::kNoEffect, {}, ""},
    {"key.converter", Type::kClass, {}, Use::kObeyed, {}, ""},
    {"value.converter", Type::kClass, {}, Use::kObeyed, {}, ""},
    {"header.converter", Type::kClass, {}, Use::kObeyed, {}, ""},
    {"transforms", Type::kList, "", Use::kObeyed, {}, ""},
    {"predicates", Type::kList, "", Use::kObeyed, {}, ""},
    {"config.action.reload", Type::kString, "restart", Use::kNoEffect, {}, "none, restart"},
    {"errors.retry.timeout", Type::kLong, "0", Use::kNoEffect, {}, ""},
    {"errors.retry.delay.max.ms", Type::kLong, "60000", Use::kNoEffect, {}, ""},
    {"errors.tolerance", Type::kString, "none", Use::kDefaultOnly, {}, "none, all"},
    {"errors.log.enable", Type::kBoolean, "false", Use::kNoEffect, {}, ""},
    {"errors.log.include.messages", Type::kBoolean, "false", Use::kNoEffect, {}, ""},
    {"topic.creation.groups", Type::kList, "", Use::kObeyed, {}, ""},
    {"topic.creation.default.partitions", Type::kInt, "1", Use::kObeyed, {}, ""},
    {"topic.creation.default.replication.factor", Type::kInt, "1", Use::kObeyed, {}, ""},
    {"exactly.once.support", Type::kString, "requested", Use::kDefaultOnly, {}, "requested, required"},
    {"offsets.storage.topic", Type::kString, {}, Use::kNoEffect, {}, ""},
};
// clang-format on

constexpr std::string_view kConnectorClass = "io.debezium.connector.postgresql.PostgresConnector";
constexpr std::string_view kKeyColumnsPattern = R"(^\s*([^:]+):([^:,]+(,[^:,]+)*)\s*$)";

constexpr std::string_view kReplicaIdentityPattern =
    R"((?i)^\s*(?<tablepredicate>[^\s:]+):(?<replicaidentity>DEFAULT|(INDEX) (?<indexname>.\w*)|FULL|NOTHING)\s*$)";

std::vector<std::string> split(std::string_view text, std::string_view separator) {
    std::vector<std::string> parts;
    for (std::size_t start = 0;;) {
        auto end = text.find(separator, start);
        parts.emplace_back(text.substr(start, end == text.npos ? end : end - start));
        if (end == text.npos) return parts;
        start = end + separator.size();
    }
}

template <class Int>
bool parses_as(std::string_view text, Int& value) {
    if (!text.empty() && text[0] == '+') text.remove_prefix(1);
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

/// The value of a number that parses, else none below or above every bound.
long long number_or(std::string_view text, long long otherwise) {
    long long value = 0;
    return parses_as(text, value) ? value : otherwise;
}

bool only_chars(std::string_view text, std::string_view extra) {
    return std::ranges::all_of(text, [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               extra.find(c) != extra.npos;
    });
}

bool is_slot_name(std::string_view text) {
    return !text.empty() && text.size() <= 63 && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '_';
    });
}

/// `table:column[,column]...`, without colons elsewhere.
bool is_key_columns(std::string_view text) {
    auto parts = split(text, ":");
    if (parts.size() != 2 || parts[0].empty()) return false;
    for (const auto& column : split(parts[1], ","))
        if (column.empty()) return false;
    return true;
}

/// `table:identity`, the words in any case.
bool is_replica_identity(std::string_view text) {
    const std::string part = trimmed(text);
    const auto colon = part.find(':');
    if (colon == part.npos || colon == 0 || part.find_first_of(" \t\r\n") < colon) return false;
    const std::string word = lowered(part.substr(colon + 1));
    if (word == "default" || word == "full" || word == "nothing") return true;
    // The index's name: any character, then letters, digits and underscores.
    return word.starts_with("index ") && word.size() > 6 && only_chars(std::string_view(word).substr(7), "_");
}

/// String.split: empty parts at the end do not count.
std::vector<std::string> java_split(std::string_view text, std::string_view separator) {
    auto parts = split(text, separator);
    while (parts.size() > 1 && parts.back().empty()) parts.pop_back();
    return parts;
}

/// Collects the messages of one configuration.
class Validator {
  public:
    explicit Validator(const ConfigMap& config) : config_(config) {}

    std::vector<std::string> run() {
        check_worker_options(config_, errors_);
        for (const auto& option : kConnectorOptions) {
            for (Check check : option.checks) apply(option, check);
            exclusive_lists(option);
        }
        check_converters(config_, errors_);
        return std::move(errors_);
    }

  private:
    const std::string* find(std::string_view name) const {
        auto it = config_.find(std::string(name));
        return it == config_.end() ? nullptr : &it->second;
    }
    bool present(std::string_view name) const {
        const auto* value = find(name);
        return value && !trimmed(*value).empty();
    }
    void add(std::string_view option, const std::string& problem) {
        errors_.push_back("The '" + std::string(option) + "' value is invalid: " + problem);
    }
    void apply(const Option& option, Check check);
    void check_value(const Option& option, Check check, const std::string& value);
    void check_list(const Option& option, Check check, const std::string& value);
    void exclusive_lists(const Option& option);

    const ConfigMap& config_;
    std::vector<std::string> errors_;
};

void Validator::apply(const Option& option, Check check) {
    if (check == Check::kNone) return;
    const auto* value = find(option.name);
    if (check == Check::kRequired) {
        if (!value || trimmed(*value).empty()) add(option.name, "A value is required");
    } else if (value) {
        check_value(option, check, *value);
    }
}

void Validator::check_value(const Option& option, Check check, const std::string& value) {
    auto name = option.name;
    auto number = [&](bool long_values, long long least, const char* problem) {
        bool parses = long_values ? number_or(value, -1) >= least : is_java_int(value);
        if (!parses || number_or(value, least - 1) < least) add(name, problem);
    };
    switch (check) {
        case Check::kTopicName:
        case Check::kHostname:
            if (!only_chars(value, check == Check::kTopicName ? "._-" : "._-:") ||
                (value.empty() && check == Check::kTopicName))
                add(name, value +
                              " has invalid format (only the underscore, hyphen, dot and "
                              "alphanumeric characters are allowed)");
            return;
        case Check::kInteger:
            if (!is_java_int(value)) add(name, "An integer is expected");
            return;
        case Check::kLong:
            if (long long n = 0; !parses_as(value, n)) add(name, "A long value is expected");
            return;
        case Check::kBoolean:
            if (auto word = lowered(trimmed(value)); word != "true" && word != "false")
                add(name, "Either 'true' or 'false' is expected");
            return;
        case Check::kPositiveInteger:
            return number(false, 1, "A positive, non-zero integer value is expected");
        case Check::kNonNegativeInteger:
            return number(false, 0, "An non-negative integer is expected");
        case Check::kPositiveLong:
            return number(true, 1, "A positive, non-zero long value is expected");
        case Check::kNonNegativeLong:
            return number(true, 0, "A non-negative long value is expected");
        case Check::kSlotName:
            if (!is_slot_name(value))
                add(name,
                    "Valid replication slot name must contain only digits, lowercase "
                    "characters and underscores with length <= 63");
            return;
        case Check::kQueueSize: {
            if (!is_java_int(value)) return;
            if (number_or(value, 0) <= 0) add(name, "A positive queue size is required");
            break;
        }
        default:
            return check_list(option, check, value);
    }
}

void Validator::check_list(const Option& option, Check check, const std::string& value) {
    auto name = option.name;
    if (check == Check::kAllowed) {
        auto allowed = split(option.allowed, ", ");
        if (std::ranges::find(allowed, lowered(trimmed(value))) == allowed.end())
            add(name, "Value must be one of " + std::string(option.allowed));
    } else if (check == Check::kRegexList) {
        try {
            RegexList{value};
        } catch (const RegexSyntaxError& error) {
            add(name, "A comma-separated list of valid regular expressions is expected, but " +
                          error.message);
        }
    } else if (check == Check::kOperations) {
        for (const auto& operation : split(value, ",")) {
            auto code = trimmed(operation);
            if (code != "none" && (code.size() != 1 || std::string_view("curdt").find(lowered(
                                                           code)) == std::string_view::npos))
                return add(name, "Invalid operation");
        }
    } else if (check == Check::kReplicaIdentity) {
        if (value.empty()) add(name, "Must not be empty");
        for (const auto& part : java_split(value, ","))
            if (!is_replica_identity(part))
                add(name, part + " has an invalid format (expecting '" +
                              std::string(kReplicaIdentityPattern) + "')");
    } else if (check == Check::kKeyValuePairs) {
        if (trimmed(value).empty()) return;
        for (const auto& pair : java_split(value, ","))
            if (java_split(trimmed(pair), "=").size() != 2)
                return add(name,
                           "A equivalent-separated map of valid key/value pairs is expected, for "
                           "example: k1=v1,k2=v2");
    } else if (check == Check::kKeyColumns) {
        if (value.empty()) add(name, "Must not be empty");
        for (const auto& part : split(value, ";"))
            if (!is_key_columns(part))
                add(name, part + " has an invalid format (expecting '" +
                              std::string(kKeyColumnsPattern) + "')");
    }
}

/// An exclude list beside its include list; the queue must be larger than a batch.
void Validator::exclusive_lists(const Option& option) {
    auto both = [&](std::string_view include, std::string_view exclude, std::string_view shown) {
        if (option.name == exclude && present(include) && present(exclude))
            add(exclude, "\"" + std::string(shown) + "\" is already specified");
    };
    both("table.include.list", "table.exclude.list", "table.include.list");
    both("schema.include.list", "schema.exclude.list", "schema.include.list");
    both("column.include.list", "column.exclude.list", "column.include.list");
    both("message.prefix.include.list", "message.prefix.exclude.list",
         "logical_decoding_message.prefix.include.list");
    if (option.name == "max.queue.size") {
        auto queue = number_or(option_value(config_, "max.queue.size"), 1'000'000'000);
        auto batch = number_or(option_value(config_, "max.batch.size"), 0);
        if (queue <= batch) add("max.queue.size", "Must be larger than the maximum batch size");
    }
}

const Option* find_in(std::span<const Option> options, std::string_view name) {
    auto it = std::ranges::find(options, name, &Option::name);
    return it == options.end() ? nullptr : &*it;
}

const Option* find_option(std::string_view name) {
    for (auto options : {connector_options(), unlisted_options(), worker_options()})
        if (const auto* option = find_in(options, name)) return option;
    return nullptr;
}

bool is_default(const Option& option, const std::string& value) {
    if (option.default_value.data() == nullptr) return trimmed(value).empty();
    if (option.type == Type::kString || option.type == Type::kBoolean)
        return lowered(trimmed(value)) == lowered(std::string(option.default_value));
    return trimmed(value) == option.default_value;
}

/// snapshot.locking.mode=shared takes locks that nobody here can see.
bool is_harmless(std::string_view name, const std::string& value) {
    return (name == "snapshot.locking.mode" && lowered(trimmed(value)) == "shared") ||
           (name == "lsn.flush.mode" && lowered(trimmed(value)) != "manual");
}

/// An option that changes something just by being there: an empty list of converters fails the task.
bool refused_at_any_value(std::string_view name) { return name == "converters"; }

void require_obeyed(const ConfigMap& config) {
    for (const auto& [name, value] : config) {
        if (refused_at_any_value(name)) throw NotSimulated("connector option " + name);
        const auto* option = find_option(name);
        if (option && option->use == Use::kDefaultOnly && !is_default(*option, value) &&
            !is_harmless(name, value))
            throw NotSimulated("connector option " + name);
    }
}

}  // namespace

std::span<const Option> connector_options() {
    return kConnectorOptions;
}
std::span<const Option> unlisted_options() {
    return kUnlistedOptions;
}
std::span<const Option> worker_options() {
    return kWorkerOptions;
}

bool is_java_int(std::string_view text) {
    int value = 0;
    return parses_as(text, value);
}

std::string option_value(const ConfigMap& config, std::string_view name) {
    auto it = config.find(std::string(name));
    if (it != config.end()) return it->second;
    const auto* option = find_option(name);
    CDCSIM_CHECK(option != nullptr);
    return std::string(option->default_value);
}

namespace {

/// `{a=1, b=2}`, as java.util.HashMap prints itself.
std::string java_map_text(const ConfigMap& config) {
    connect::JavaHashMap<std::string> map;
    for (const auto& [name, value] : config) map[name] = value;
    std::string text;
    for (const auto* entry : map.in_java_order())
        text += (text.empty() ? "" : ", ") + entry->first + "=" + entry->second;
    return "{" + text + "}";
}

void check_connector_class(const ConfigMap& config) {
    auto type = config.find("connector.class");
    if (type == config.end())
        throw ConnectError(
            400, "Connector config " + java_map_text(config) + " contains no connector type");
    // Connect finds a class by its short names too.
    if (type->second == kConnectorClass || type->second == "PostgresConnector" ||
        type->second == "Postgres")
        return;
    throw ConnectError(400,
                       "Failed to find any class that implements Connector and which name "
                       "matches " +
                           type->second +
                           ", available connectors are: PluginDesc{klass=class "
                           "io.debezium.connector.postgresql.PostgresConnector, "
                           "name='io.debezium.connector.postgresql.PostgresConnector', "
                           "version='3.6.3.Final', encodedVersion=3.6.3.Final, type=source, "
                           "typeName='source', location='classpath'}");
}

}  // namespace

void validate_config(const ConfigMap& config) {
    check_connector_class(config);
    auto errors = Validator(config).run();
    if (!errors.empty()) {
        std::string message = "Connector configuration is invalid and contains the following " +
                              std::to_string(errors.size()) + " error(s):";
        for (const auto& error : errors) message += "\n" + error;
        message +=
            "\nYou can also find the above list of errors at the endpoint "
            "`/connector-plugins/{connectorType}/config/validate`";
        throw ConnectError(400, message);
    }
    require_obeyed(config);
    check_topic_creation(config);
}

}  // namespace cdcsim::debezium
