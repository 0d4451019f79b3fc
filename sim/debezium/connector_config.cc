#include "sim/debezium/connector_config.h"

#include <algorithm>
#include <charconv>

#include "core/base/digest.h"
#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/connect/json_text.h"
#include "sim/debezium/topic_creation.h"
#include "sim/debezium/transform/transform.h"
#include "sim/debezium/type_registry.h"

namespace cdcsim::debezium {

namespace {

std::string word(const ConfigMap& config, std::string_view name) {
    std::string value = trimmed(option_value(config, name));
    for (char& c : value)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return value;
}

bool flag(const ConfigMap& config, std::string_view name) {
    return word(config, name) == "true";
}

int number(std::string_view text) {
    int value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// Configuration.getInteger: the default for what is no number.
int number_or_default(const ConfigMap& config, const char* option) {
    const std::string text = option_value(config, option);
    return number(is_java_int(text) ? text : option_value({}, option));
}

template <class Enum>
struct Word {
    std::string_view word;
    Enum value;
};

template <class Enum, std::size_t N>
Enum choose(const ConfigMap& config, std::string_view name, const Word<Enum> (&words)[N]) {
    std::string chosen = word(config, name);
    for (const auto& row : words)
        if (row.word == chosen) return row.value;
    throw NotSimulated("connector option " + std::string(name) + "=" + chosen);
}

constexpr Word<DecimalMode> kDecimalModes[] = {{"precise", DecimalMode::kPrecise},
                                               {"double", DecimalMode::kDouble},
                                               {"string", DecimalMode::kString}};
constexpr Word<TimeMode> kTimeModes[] = {
    {"adaptive", TimeMode::kAdaptive},
    {"adaptive_time_microseconds", TimeMode::kAdaptiveTimeMicroseconds},
    {"connect", TimeMode::kConnect},
    {"microseconds", TimeMode::kMicroseconds},
    {"nanoseconds", TimeMode::kNanoseconds},
    {"isostring", TimeMode::kIsoString}};
constexpr Word<BinaryMode> kBinaryModes[] = {{"bytes", BinaryMode::kBytes},
                                             {"base64", BinaryMode::kBase64},
                                             {"base64-url-safe", BinaryMode::kBase64UrlSafe},
                                             {"hex", BinaryMode::kHex}};
constexpr Word<NameAdjustment> kAdjustments[] = {{"none", NameAdjustment::kNone},
                                                 {"avro", NameAdjustment::kAvro},
                                                 {"avro_unicode", NameAdjustment::kAvroUnicode}};
constexpr Word<SnapshotMode> kSnapshotModes[] = {
    {"initial", SnapshotMode::kInitial},
    {"initial_only", SnapshotMode::kInitialOnly},
    {"no_data", SnapshotMode::kNoData},
    {"always", SnapshotMode::kAlways},
    {"when_needed", SnapshotMode::kWhenNeeded},
    {"configuration_based", SnapshotMode::kConfigurationBased}};
constexpr Word<PublicationMode> kPublicationModes[] = {{"all_tables", PublicationMode::kAllTables},
                                                       {"filtered", PublicationMode::kFiltered},
                                                       {"disabled", PublicationMode::kDisabled},
                                                       {"no_tables", PublicationMode::kNoTables}};

std::string skipped_letters(const ConfigMap& config) {
    std::string letters;
    std::string list = word(config, "skipped.operations");
    for (std::size_t start = 0; start <= list.size();) {
        auto end = std::min(list.find(',', start), list.size());
        auto part = trimmed(std::string_view(list).substr(start, end - start));
        if (part.size() == 1) letters += part;
        start = end + 1;
    }
    return letters;
}

/// The operations that a new publication publishes; nothing skipped: the default.
std::optional<std::string> publish_option(const ConfigMap& config, const std::string& skipped) {
    if (!config.contains("skipped.operations") || skipped.empty()) return std::nullopt;
    std::string list;
    for (auto [letter, name] :
         {std::pair{'c', "insert"}, {'u', "update"}, {'d', "delete"}, {'t', "truncate"}}) {
        if (skipped.find(letter) != std::string::npos) continue;
        if (!list.empty()) list += ',';
        list += name;
    }
    return list;
}

/// `hex:` introduces bytes.
std::string placeholder_bytes(const std::string& text) {
    return text.starts_with("hex:") ? connect::bytes_of_hex(std::string_view(text).substr(4))
                                    : text;
}

/// new String(bytes, UTF_8): what is not UTF-8 becomes U+FFFD, once for each broken character.
std::string java_text(std::string_view bytes) {
    std::string out;
    for (std::size_t at = 0; at < bytes.size();) {
        const auto lead = static_cast<unsigned char>(bytes[at]);
        const std::size_t size = lead < 0xC2 || lead > 0xF4 ? 1 : utf8::length_of(bytes[at]);
        const std::string_view whole = bytes.substr(at, size);
        if (lead == 0 || (whole.size() == size && utf8::invalid_at(whole) == std::string_view::npos)) {
            out += whole;
            at += size;
            continue;
        }
        out += "\uFFFD";
        const unsigned second = at + 1 < bytes.size() ? static_cast<unsigned char>(bytes[at + 1]) : 0;
        const bool bad_second = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90) ||
                                (lead == 0xF4 && second > 0x8F);
        std::size_t length = 1;
        while (!bad_second && length < size && at + length < bytes.size() &&
               (static_cast<unsigned char>(bytes[at + length]) & 0xC0) == 0x80) {
            ++length;
        }
        at += length;
    }
    return out;
}

connect::JsonConverterConfig converter(const ConfigMap& config, const std::string& prefix) {
    constexpr std::string_view kJson = "org.apache.kafka.connect.json.JsonConverter";
    connect::JsonConverterConfig out;
    auto get = [&](const char* name) {
        auto it = config.find(prefix + name);
        return it == config.end() ? std::string() : trimmed(it->second);
    };
    auto type = get("");
    if (type.empty()) return out;  // the worker's own: options of the connector do not reach it
    if (type == "org.apache.kafka.connect.storage.StringConverter") {
        out.as_java_text = true;
        out.schemas_enable = false;
        return out;
    }
    if (type != kJson && type != "JsonConverter" && type != "Json")
        throw NotSimulated("connector option " + prefix + "=" + type);
    const TransformOptions options(config, prefix + ".");
    if (options.has("schema.content")) throw NotSimulated("connector option " + prefix + ".schema.content");
    out.schemas_enable = options.flag("schemas.enable", true);
    out.replace_null_with_default = options.flag("replace.null.with.default", true);
    out.decimal_numeric = lowered(options.get("decimal.format")) == "numeric";
    return out;
}

void require_simple_headers(const ConfigMap& config) {
    auto it = config.find("header.converter");
    if (it == config.end() || trimmed(it->second).empty() ||
        trimmed(it->second) == "org.apache.kafka.connect.storage.SimpleHeaderConverter")
        return;
    throw NotSimulated("connector option header.converter=" + it->second);
}

bool starts(std::string_view text, std::string_view prefix) {
    return text.substr(0, prefix.size()) == prefix;
}

/// `column.truncate.to.N.chars`: the number, or -1 if the name is another one.
int length_in(std::string_view name, std::string_view before, std::string_view after) {
    if (!starts(name, before) || name.size() <= before.size() + after.size()) return -1;
    if (name.substr(name.size() - after.size()) != after) return -1;
    auto digits = name.substr(before.size(), name.size() - before.size() - after.size());
    if (digits.find_first_not_of("0123456789") != digits.npos) return -1;
    return number(digits);
}

/// The algorithm of MessageDigest.getInstance(name).
std::string (*digest_of(std::string_view name))(std::string_view) {
    std::string upper(name);
    for (char& c : upper)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    if (upper == "MD5") return digest::md5;
    if (upper == "SHA-224") return digest::sha224;
    if (upper == "SHA-256") return digest::sha256;
    if (upper == "SHA-384") return digest::sha384;
    if (upper == "SHA-512") return digest::sha512;
    throw NotSimulated("connector option column.mask.hash with " + std::string(name));
}

/// The rules in ColumnMappers.create's order.
std::vector<ColumnRule> column_rules(const ConfigMap& config) {
    using Kind = ColumnRule::Kind;
    std::vector<ColumnRule> rules;
    for (const auto& [name, value] : config)
        if (int n = length_in(name, "column.truncate.to.", ".chars"); n >= 0)
            rules.push_back({Kind::kTruncate, RegexList(value), false, n, nullptr, ""});
    for (const auto& [name, value] : config)
        if (int n = length_in(name, "column.mask.with.", ".chars"); n >= 0)
            rules.push_back({Kind::kMask, RegexList(value), false, n, nullptr, ""});
    auto propagate = [&](const char* name, bool by_datatype) {
        if (auto it = config.find(name); it != config.end())
            rules.push_back(
                {Kind::kPropagateType, RegexList(it->second), by_datatype, 0, nullptr, ""});
    };
    propagate("column.propagate.source.type", false);
    propagate("datatype.propagate.source.type", true);
    for (auto [prefix, kind] :
         {std::pair{"column.mask.hash.", Kind::kHashV1}, {"column.mask.hash.v2.", Kind::kHashV2}}) {
        for (const auto& [name, value] : config) {
            if (!starts(name, prefix)) continue;
            auto rest = std::string_view(name).substr(std::string_view(prefix).size());
            auto dot = rest.find(".with.salt.");
            // `v2` before an algorithm is not an algorithm.
            if (dot == rest.npos || rest.substr(0, dot).find('.') != rest.npos) continue;
            rules.push_back({kind, RegexList(value), false, 0, digest_of(rest.substr(0, dot)),
                             std::string(rest.substr(dot + 11))});
        }
    }
    return rules;
}

/// The patterns `table-regex.column` of message.key.columns, in the order configured.
std::vector<JavaRegex> key_column_patterns(const std::string& list) {
    std::vector<JavaRegex> patterns;
    for (std::size_t start = 0; start < list.size();) {
        auto end = std::min(list.find(';', start), list.size());
        std::string entry = list.substr(start, end - start);
        auto colon = entry.find(':');
        std::string table = entry.substr(0, colon), columns = entry.substr(colon + 1);
        for (std::size_t at = 0; at <= columns.size();) {
            auto comma = std::min(columns.find(',', at), columns.size());
            for (const auto& part :
                 split_regex_list(table + "." + trimmed(columns.substr(at, comma - at))))
                patterns.emplace_back(part);
            at = comma + 1;
        }
        start = end + 1;
    }
    return patterns;
}

bool is_letter(char16_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char16_t c) {
    return c >= '0' && c <= '9';
}

std::u16string utf16(std::string_view text) {
    std::u16string out;
    for (std::size_t i = 0; i < text.size();) {
        auto lead = static_cast<unsigned char>(text[i++]);
        int more = lead < 0x80 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
        std::uint32_t point = more == 0 ? lead : lead & (0x3FU >> more);
        while (more-- > 0 && i < text.size())
            point = point << 6 | (static_cast<unsigned char>(text[i++]) & 0x3FU);
        if (point >= 0x10000) {
            out += static_cast<char16_t>(0xD800 + ((point - 0x10000) >> 10));
            out += static_cast<char16_t>(0xDC00 + ((point - 0x10000) & 0x3FF));
        } else {
            out += static_cast<char16_t>(point);
        }
    }
    return out;
}

std::string unicode_replacement(char16_t c) {
    constexpr char kHex[] = "0123456789abcdef";
    std::string hex;
    for (unsigned rest = c; rest != 0 || hex.empty(); rest /= 16) hex.insert(0, 1, kHex[rest % 16]);
    if (hex.size() <= 2) hex = "00" + hex;
    return "_u" + hex;
}

/// SchemaNameAdjuster.validFullname. A field's name may not have dots.
std::string adjusted(const std::string& name, NameAdjustment mode, bool allow_dots) {
    if (mode == NameAdjustment::kNone || name.empty()) return name;
    bool unicode = mode == NameAdjustment::kAvroUnicode;
    std::string out;
    bool first = true;
    for (char16_t c : utf16(name)) {
        bool valid = is_letter(c) || (c == '_' && !unicode) ||
                     (!first && (is_digit(c) || (c == '.' && allow_dots)));
        if (valid) {
            out += static_cast<char>(c);
        } else {
            out += unicode ? unicode_replacement(c) : "_";
            if (first && is_digit(c) && !unicode) out += static_cast<char>(c);
        }
        first = false;
    }
    return out;
}

/// AbstractTopicNamingStrategy.sanitizedTopicName: one `_` for each bad UTF-16 unit.
std::string safe_topic(const std::string& name) {
    std::string out;
    for (char16_t c : utf16(name))
        out += is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '-'
                   ? static_cast<char>(c)
                   : '_';
    if (out.size() > 249) out.resize(249);
    if (out == ".") return "_";
    return out == ".." ? "__" : out;
}

bool is_system_table(const TableId& id) {
    auto lower = [](std::string text) {
        std::ranges::transform(text, text.begin(),
                               [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        return text;
    };
    auto schema = lower(id.schema);
    return schema == "pg_catalog" || schema == "information_schema" ||
           lower(id.table) == "spatial_ref_sys" || id.schema.starts_with("pg_temp");
}

/// TableId.parse: the parts of a name without their quotes, joined by dots. `failure`: what it throws.
std::string parsed_table_name(const std::string& text, std::string& failure) {
    std::string name;
    std::size_t at = 0;
    auto skip_spaces = [&] { at = std::min(text.find_first_not_of(" \t\r\n", at), text.size()); };
    for (;;) {
        skip_spaces();
        if (at == text.size()) return failure = "java.lang.IllegalArgumentException: Invalid identifier: " + text;
        if (text[at] == '"' || text[at] == '\'' || text[at] == '`') {
            const char quote = text[at++];
            for (; at < text.size() && (text[at] != quote || text.substr(at + 1, 1) == text.substr(at, 1)); ++at) {
                name += text[at];
                if (text[at] == quote) ++at;
            }
            if (at++ >= text.size()) return failure = "java.lang.IllegalArgumentException: Invalid identifier: " + text;
        } else {
            const std::size_t end = std::min(text.find_first_of(". \t\r\n", at), text.size());
            name += text.substr(at, end - at);
            at = end;
        }
        skip_spaces();
        if (at == text.size()) return name;
        if (text[at] != '.') return failure = std::string("java.lang.IllegalArgumentException: Unexpected input: ") + text[at];
        name += '.';
        ++at;
        skip_spaces();
        if (text.substr(at, 1) == ".") return failure = "java.lang.IllegalArgumentException: Unexpected input: .";
    }
}

/// ReplicaIdentityMapper: one word that is not in capitals voids them all.
std::vector<ReplicaIdentityRule> replica_identity_rules(const ConfigMap& config) {
    std::vector<ReplicaIdentityRule> rules;
    const auto option = config.find("replica.identity.autoset.values");
    if (option == config.end()) return rules;
    for (const auto& part : split_trimmed(option->second, ',')) {
        const auto colon = part.find(':');
        const std::string identity = part.substr(colon + 1);
        const bool by_index = identity.starts_with("INDEX ");
        if (!by_index && identity != "DEFAULT" && identity != "FULL" && identity != "NOTHING") return {};
        rules.push_back({RegexList(part.substr(0, colon)), (by_index ? "USING " : "") + identity});
    }
    return rules;
}

/// What AbstractTopicNamingStrategy.configure throws, as the task's trace; "": nothing.
std::string naming_failure(const ConfigMap& config) {
    auto is_topic_text = [](const std::string& text) { return std::ranges::all_of(text, [](char c) { return is_letter(static_cast<unsigned char>(c)) || is_digit(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-'; }); };
    auto is_bad = [&](const char* option, bool may_be_empty) {
        const auto found = config.find(option);
        return found != config.end() && (!is_topic_text(found->second) || (found->second.empty() && !may_be_empty));
    };
    const std::string size = option_value(config, "topic.cache.size");
    std::string cause;
    if (is_bad("topic.delimiter", false) || is_bad("topic.transaction", false) || is_bad("topic.heartbeat.prefix", false) || is_bad("topic.heartbeat.name", true) || !is_java_int(size))
        cause = "org.apache.kafka.connect.errors.ConnectException: Unable to validate config.";
    else if (number(size) < 0) cause = "java.lang.IllegalArgumentException";
    else if (number(size) == 0) cause = "java.lang.IllegalArgumentException: Maximum capacity has to be at least twice the concurrencyLevel";
    if (cause.empty()) return "";
    return "java.lang.IllegalArgumentException: Call to constructor of class io.debezium.schema.SchemaTopicNamingStrategy failed\n"
           "Caused by: java.lang.reflect.InvocationTargetException\nCaused by: " + cause;
}

}  // namespace

ConnectorConfig::ConnectorConfig(const ConfigMap& config)
    : topic_prefix(option_value(config, "topic.prefix")),
      topic_delimiter(option_value(config, "topic.delimiter")),
      transaction_topic(topic_prefix + topic_delimiter + option_value(config, "topic.transaction")),
      database(option_value(config, "database.dbname")),
      slot_name(option_value(config, "slot.name")),
      publication_name(option_value(config, "publication.name")),
      publication_mode(choose(config, "publication.autocreate.mode", kPublicationModes)),
      publish_via_partition_root(flag(config, "publish.via.partition.root")),
      drop_slot_on_stop(flag(config, "slot.drop.on.stop")),
      flush_lsn(flag(config, "flush.lsn.source")),
      snapshot_mode(choose(config, "snapshot.mode", kSnapshotModes)),
      snapshot_tables(option_value(config, "snapshot.include.collection.list")),
      decimal_mode(choose(config, "decimal.handling.mode", kDecimalModes)),
      time_mode(choose(config, "time.precision.mode", kTimeModes)),
      binary_mode(choose(config, "binary.handling.mode", kBinaryModes)),
      interval_as_string(word(config, "interval.handling.mode") == "string"),
      hstore_as_map(word(config, "hstore.handling.mode") == "map"),
      include_unknown_types(flag(config, "include.unknown.datatypes")),
      money_fraction_digits(number_or_default(config, "money.fraction.digits")),
      unavailable_value(placeholder_bytes(option_value(config, "unavailable.value.placeholder"))),
      unavailable_text(java_text(unavailable_value)),
      schema_name_adjustment(choose(config, "schema.name.adjustment.mode", kAdjustments)),
      field_name_adjustment(choose(config, "field.name.adjustment.mode", kAdjustments)),
      tombstones_on_delete(flag(config, "tombstones.on.delete")),
      transaction_metadata(flag(config, "provide.transaction.metadata")),
      extended_headers(flag(config, "extended.headers.enabled")),
      skip_unchanged(flag(config, "skip.messages.without.change")),
      skipped_operations(skipped_letters(config)),
      column_rules(debezium::column_rules(config)),
      key_converter(converter(config, "key.converter")),
      value_converter(converter(config, "value.converter")),
      unwrap(read_unwrap(config)),
      heartbeat_interval_ms(number(option_value(config, "heartbeat.interval.ms"))),
      heartbeat_topic(option_value(config, "topic.heartbeat.name")),
      needs_keys(compacts_topics(config)),
      schema_include_(option_value(config, "schema.include.list")),
      schema_exclude_(option_value(config, "schema.exclude.list")),
      table_include_(option_value(config, "table.include.list")),
      table_exclude_(option_value(config, "table.exclude.list")),
      column_include_(option_value(config, "column.include.list")),
      column_exclude_(option_value(config, "column.exclude.list")),
      message_include_(option_value(config, "message.prefix.include.list")),
      message_exclude_(option_value(config, "message.prefix.exclude.list")),
      key_columns_(key_column_patterns(option_value(config, "message.key.columns"))) {
    if (heartbeat_topic.empty()) heartbeat_topic = option_value(config, "topic.heartbeat.prefix") + topic_delimiter + topic_prefix;
    publish_operations = publish_option(config, skipped_operations);
    replica_identities = replica_identity_rules(config);
    start_failure = naming_failure(config);
    try {
        transforms = std::make_shared<TransformChain>(config);
    } catch (const TaskFailure& failure) {
        start_failure = failure.what();
        transforms = std::make_shared<TransformChain>(ConfigMap());
    }
    // A struct's text leaves NULL out; a transform that takes it apart sees defaults in their place.
    if (key_converter.as_java_text) key_converter.replace_null_with_default = transforms->reads_keys();
    if (value_converter.as_java_text) value_converter.replace_null_with_default = transforms->reads_values();
    require_simple_headers(config);
    if (word(config, "plugin.name") != "pgoutput")
        throw NotSimulated("connector option plugin.name=" + word(config, "plugin.name"));
    if (snapshot_mode == SnapshotMode::kConfigurationBased) {
        snapshots_data = flag(config, "snapshot.mode.configuration.based.snapshot.data");
        streams = flag(config, "snapshot.mode.configuration.based.start.stream");
    }
    for (const auto& part :
         split_regex_list(option_value(config, "snapshot.select.statement.overrides")))
        if (auto it = config.find("snapshot.select.statement.overrides." + part);
            it != config.end() && snapshot_failure.empty())
            snapshot_selects[parsed_table_name(part, snapshot_failure)] = it->second;
}

bool ConnectorConfig::captures(const TableId& table) const {
    if (is_system_table(table)) return false;
    if (!schema_include_.empty() ? !schema_include_.matches(table.schema)
                                 : schema_exclude_.matches(table.schema))
        return false;
    return !table_include_.empty() ? table_include_.matches(table.text())
                                   : !table_exclude_.matches(table.text());
}

bool ConnectorConfig::includes_column(const TableId& table, const std::string& column) const {
    if (column_include_.empty() && column_exclude_.empty()) return true;
    std::string name = table.text() + "." + column;
    return !column_include_.empty() ? column_include_.matches(name)
                                    : !column_exclude_.matches(name);
}

bool ConnectorConfig::includes_message(const std::string& prefix) const {
    return !message_include_.empty() ? message_include_.matches(prefix)
                                     : !message_exclude_.matches(prefix);
}

std::vector<std::string> ConnectorConfig::custom_key(const Table& table) const {
    std::vector<std::string> columns;
    for (const auto& pattern : key_columns_)
        for (const auto& column : table.columns)
            if (pattern.matches(table.id.text() + "." + column.name))
                columns.push_back(column.name);
    return columns;
}

const ColumnRule* ConnectorConfig::rule_for(const TableId& table, const Column& column) const {
    for (const auto& rule : column_rules)
        if (rule.columns.matches(table.text() + "." +
                                 (rule.by_datatype ? column.type_name : column.name)))
            return &rule;
    return nullptr;
}

std::string ConnectorConfig::topic_of(const TableId& table) const {
    return safe_topic(topic_prefix + topic_delimiter + table.schema + topic_delimiter +
                      table.table);
}

std::string ConnectorConfig::adjusted_schema_name(const std::string& name) const {
    return adjusted(name, schema_name_adjustment, true);
}

std::string ConnectorConfig::adjusted_field_name(const std::string& name) const {
    return adjusted(name, field_name_adjustment, false);
}

}  // namespace cdcsim::debezium
