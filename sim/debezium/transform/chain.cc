#include <algorithm>

#include "core/base/error.h"
#include "sim/debezium/java_regex.h"
#include "sim/debezium/transform/transform.h"
#include "sim/debezium/type_registry.h"
#include "sim/debezium/unwrap.h"

namespace cdcsim::debezium {

namespace {

using Check = ConfigKey::Check;
using Type = ConfigKey::Type;

const std::vector<ConfigKey> kNullKeys = {{"replace.null.with.default", Type::kBoolean}};
const std::vector<ConfigKey> kFieldKeys = {
    {"field", Type::kString, true}, {"replace.null.with.default", Type::kBoolean}, {"field.syntax.version", Type::kString, false, {Check::kOneOfAnyCase}, "V1, V2"}};
const std::vector<ConfigKey> kHoistKeys = {{"field", Type::kString, true}};
const std::vector<ConfigKey> kReplaceKeys = {{"renames", Type::kList, false, {Check::kRenames}}, {"replace.null.with.default", Type::kBoolean}};
const std::vector<ConfigKey> kCastKeys = {{"spec", Type::kList, true, {Check::kCastSpec}}, {"replace.null.with.default", Type::kBoolean}};
const std::vector<ConfigKey> kMaskKeys = {
    {"fields", Type::kList, true, {Check::kUniqueList}}, {"replacement", Type::kString, false, {Check::kNonEmpty}}, {"replace.null.with.default", Type::kBoolean}};
const std::vector<ConfigKey> kHeaderFromKeys = {
    {"fields", Type::kList, true, {Check::kNonEmptyList}}, {"headers", Type::kList, true, {Check::kNonEmptyList}},
    {"operation", Type::kString, true, {Check::kOneOf}, "move, copy"}, {"replace.null.with.default", Type::kBoolean}};
const std::vector<ConfigKey> kMetadataKeys = {{"schema.version", Type::kInt}, {"replace.null.with.default", Type::kBoolean}};
const std::vector<ConfigKey> kTimestampKeys = {
    {"target.type", Type::kString, true, {Check::kOneOf}, "string, unix, Date, Time, Timestamp"},
    {"unix.precision", Type::kString, false, {Check::kOneOf}, "nanoseconds, microseconds, milliseconds, seconds"},
    {"replace.null.with.default", Type::kBoolean}};
const std::vector<ConfigKey> kUnwrapKeys = {
    {"delete.tombstone.handling.mode", Type::kString, false, {Check::kEnum}, "drop, tombstone, rewrite-with-tombstone, rewrite, delete-to-tombstone"},
    {"drop.fields.from.key", Type::kBoolean}, {"drop.fields.keep.schema.compatible", Type::kBoolean}};
const std::vector<ConfigKey> kOutboxKeys = {
    {"table.expand.json.payload", Type::kBoolean}, {"route.tombstone.on.empty.payload", Type::kBoolean}, {"tracing.with.context.field.only", Type::kBoolean}};
const std::vector<ConfigKey> kLogicalTableKeys = {{"key.enforce.uniqueness", Type::kBoolean}, {"logical.table.cache.size", Type::kInt}};

/// Every transform that comes with Kafka Connect and the connector.
const std::vector<TransformClass>& transform_classes() {
    static const std::vector<std::string_view> kPathOptions = {"field.syntax.version", "replace.null.with.default"};
    static const std::vector<TransformClass> classes = {
        {"org.apache.kafka.connect.transforms.RegexRouter", make_regex_router,
         {{"regex", Type::kString, true, {Check::kRegex}}, {"replacement", Type::kString, true}}},
        {"org.apache.kafka.connect.transforms.Filter", make_filter},
        {"org.apache.kafka.connect.transforms.ExtractField$Key", make_extract_key_field, kFieldKeys, kPathOptions},
        {"org.apache.kafka.connect.transforms.ExtractField$Value", make_extract_value_field, kFieldKeys, kPathOptions},
        {"org.apache.kafka.connect.transforms.HoistField$Key", make_hoist_key_field, kHoistKeys},
        {"org.apache.kafka.connect.transforms.HoistField$Value", make_hoist_value_field, kHoistKeys},
        {"org.apache.kafka.connect.transforms.ReplaceField$Key", make_replace_key_field, kReplaceKeys, kPathOptions},
        {"org.apache.kafka.connect.transforms.ReplaceField$Value", make_replace_value_field, kReplaceKeys, kPathOptions},
        {"org.apache.kafka.connect.transforms.InsertField$Key", make_insert_key_field, kNullKeys, kPathOptions},
        {"org.apache.kafka.connect.transforms.InsertField$Value", make_insert_value_field, kNullKeys, kPathOptions},
        {"org.apache.kafka.connect.transforms.ValueToKey", make_value_to_key,
         {{"fields", Type::kList, true, {Check::kUniqueList}}, {"replace.null.with.default", Type::kBoolean}}, kPathOptions},
        {"org.apache.kafka.connect.transforms.InsertHeader", make_insert_header,
         {{"header", Type::kString, true, {Check::kNonNull}}, {"value.literal", Type::kString, true, {Check::kNonNull}}}},
        {"org.apache.kafka.connect.transforms.DropHeaders", make_drop_headers, {{"headers", Type::kList, true, {Check::kUniqueList}}}},
        {"org.apache.kafka.connect.transforms.Cast$Key", make_cast_key, kCastKeys, kPathOptions},
        {"org.apache.kafka.connect.transforms.Cast$Value", make_cast_value, kCastKeys, kPathOptions},
        {"org.apache.kafka.connect.transforms.Flatten$Key"},
        {"org.apache.kafka.connect.transforms.Flatten$Value"},
        {"org.apache.kafka.connect.transforms.HeaderFrom$Key", nullptr, kHeaderFromKeys},
        {"org.apache.kafka.connect.transforms.HeaderFrom$Value", nullptr, kHeaderFromKeys},
        {"org.apache.kafka.connect.transforms.MaskField$Key", make_mask_key_field, kMaskKeys, kPathOptions},
        {"org.apache.kafka.connect.transforms.MaskField$Value", make_mask_value_field, kMaskKeys, kPathOptions},
        {"org.apache.kafka.connect.transforms.SetSchemaMetadata$Key", nullptr, kMetadataKeys},
        {"org.apache.kafka.connect.transforms.SetSchemaMetadata$Value", nullptr, kMetadataKeys},
        {"org.apache.kafka.connect.transforms.TimestampConverter$Key", make_timestamp_converter_key, kTimestampKeys, kPathOptions},
        {"org.apache.kafka.connect.transforms.TimestampConverter$Value", make_timestamp_converter_value, kTimestampKeys, kPathOptions},
        {"org.apache.kafka.connect.transforms.TimestampRouter"},
        {kUnwrapClass, nullptr, kUnwrapKeys},
        {"io.debezium.transforms.outbox.EventRouter", make_event_router, kOutboxKeys,
         {"tracing.span.context.field", "tracing.operation.name"}},
        {"io.debezium.transforms.ByLogicalTableRouter", nullptr, kLogicalTableKeys},
        {"io.debezium.connector.postgresql.transforms.DecodeLogicalDecodingMessageContent"},
        {"io.debezium.connector.postgresql.transforms.timescaledb.TimescaleDb"},
        {"io.debezium.transforms.EnforceRecordSize"},
        {"io.debezium.transforms.ExtractChangedRecordState"},
        {"io.debezium.transforms.ExtractSchemaToNewRecord"},
        {"io.debezium.transforms.GeometryFormatTransformer"},
        {"io.debezium.transforms.HeaderToValue"},
        {"io.debezium.transforms.SchemaChangeEventFilter"},
        {"io.debezium.transforms.SwapGeometryCoordinates"},
        {"io.debezium.transforms.TimezoneConverter"},
        {"io.debezium.transforms.VectorToJsonConverter"},
        {"io.debezium.transforms.openlineage.OpenLineage"},
        {"io.debezium.transforms.partitions.PartitionRouting"},
        {"io.debezium.transforms.tracing.ActivateTracingSpan"},
    };
    return classes;
}

class Predicate {
  public:
    virtual ~Predicate() = default;
    virtual bool holds(const SourceRecord& record) const = 0;
};

class TopicNameMatches : public Predicate {
  public:
    explicit TopicNameMatches(const TransformOptions& options) : pattern_(options.get("pattern"), false) {}
    bool holds(const SourceRecord& record) const override { return pattern_.matches(record.topic); }

  private:
    JavaRegex pattern_;
};

class RecordIsTombstone : public Predicate {
  public:
    explicit RecordIsTombstone(const TransformOptions&) {}
    bool holds(const SourceRecord& record) const override { return !record.value.json; }
};

class HasHeaderKey : public Predicate {
  public:
    explicit HasHeaderKey(const TransformOptions& options) : name_(options.get("name")) {}
    bool holds(const SourceRecord& record) const override {
        return std::ranges::any_of(record.headers, [&](const kafka::Header& header) { return header.key == name_; });
    }

  private:
    std::string name_;
};

template <class T>
std::unique_ptr<Predicate> make(const TransformOptions& options) {
    return std::make_unique<T>(options);
}

struct PredicateClass {
    std::string_view name;
    std::unique_ptr<Predicate> (*make)(const TransformOptions&);
    std::vector<ConfigKey> keys;
};
const PredicateClass kPredicates[] = {
    {"org.apache.kafka.connect.transforms.predicates.TopicNameMatches", make<TopicNameMatches>,
     {{"pattern", Type::kString, true, {Check::kNonEmpty, Check::kRegex}}}},
    {"org.apache.kafka.connect.transforms.predicates.RecordIsTombstone", make<RecordIsTombstone>, {}},
    {"org.apache.kafka.connect.transforms.predicates.HasHeaderKey", make<HasHeaderKey>, {{"name", Type::kString, true, {Check::kNonEmpty}}}},
};

std::unique_ptr<Predicate> make_predicate(const ConfigMap& config, const std::string& name) {
    const auto names = TransformOptions(config, "").list("predicates");
    if (std::ranges::find(names, name) == names.end()) throw NotSimulated("the predicate \"" + name + "\", which predicates does not list");
    const TransformOptions options(config, "predicates." + name + ".");
    const std::string type = options.get("type");
    for (const PredicateClass& row : kPredicates)
        if (row.name == type) return row.make(options);
    throw NotSimulated("connector option predicates with " + type);
}

/// What a Kafka topic can be called; the producer fails for others.
bool is_topic_name(std::string_view name) {
    constexpr std::size_t kMaxLength = 249;
    auto is_legal = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'; };
    return !name.empty() && name.size() <= kMaxLength && name != "." && name != ".." && std::ranges::all_of(name, is_legal);
}

}  // namespace

bool TransformOptions::has(std::string_view option) const { return config_.contains(prefix_ + std::string(option)); }

std::string TransformOptions::get(std::string_view option, std::string_view otherwise) const {
    auto found = config_.find(prefix_ + std::string(option));
    return found == config_.end() ? std::string(otherwise) : trimmed(found->second);
}

bool TransformOptions::flag(std::string_view option, bool otherwise) const { return is_config_flag(get(option, otherwise ? "true" : "false")); }

std::vector<std::string> TransformOptions::list(std::string_view option) const {
    return config_list(get(option));
}

const TransformClass* find_transform_class(std::string_view name) {
    const auto& classes = transform_classes();
    const auto found = std::ranges::find(classes, name, &TransformClass::name);
    return found == classes.end() ? nullptr : &*found;
}

const std::vector<ConfigKey>* find_predicate_keys(std::string_view name) {
    const auto* found = std::ranges::find(kPredicates, name, &PredicateClass::name);
    return found == std::end(kPredicates) ? nullptr : &found->keys;
}

struct TransformChain::Stage {
    std::unique_ptr<Transform> transform;
    std::unique_ptr<Predicate> predicate;  ///< may be null
    bool negate = false;
};

TransformChain::~TransformChain() = default;

TransformChain::TransformChain(const ConfigMap& config) {
    bool only_topics = true;  // so far
    for (const std::string& name : TransformOptions(config, "").list("transforms")) {
        const TransformOptions options(config, "transforms." + name + ".");
        const std::string type = options.get("type");
        if (type == kUnwrapClass) {
            if (!only_topics) throw NotSimulated("connector option transforms with ExtractNewRecordState after what changes more than topics");
            continue;
        }
        const TransformClass* row = find_transform_class(type);
        if (row == nullptr || row->make == nullptr) throw NotSimulated("connector option transforms with " + type);
        for (std::string_view option : row->refused)
            if (options.has(option)) throw NotSimulated("connector option " + options.prefix() + std::string(option));
        auto stage = std::make_unique<Stage>();
        stage->transform = row->make(options);
        if (options.has("predicate")) stage->predicate = make_predicate(config, options.get("predicate"));
        stage->negate = options.flag("negate", false);
        only_topics = only_topics && row->make == make_regex_router && !stage->predicate;
        stages_.push_back(std::move(stage));
        note_reads(type);
    }
    // Values are texts here, in which a converter has put the default already.
    for (const auto& [is_read, option] : {std::pair{reads_keys_, "key.converter.replace.null.with.default"}, {reads_values_, "value.converter.replace.null.with.default"}})
        if (is_read && !TransformOptions(config, "").flag(option, true)) throw NotSimulated("connector option transforms with " + std::string(option));
}

void TransformChain::note_reads(std::string_view type) {
    for (std::string_view harmless : {"RegexRouter", "Filter", "InsertHeader", "DropHeaders"})
        if (type.ends_with("." + std::string(harmless))) return;
    reads_keys_ = reads_keys_ || !type.ends_with("$Value");
    reads_values_ = reads_values_ || !type.ends_with("$Key");
}

bool TransformChain::apply(SourceRecord& record) {
    for (const auto& stage : stages_) {
        if (stage->predicate && stage->predicate->holds(record) == stage->negate) continue;
        if (!stage->transform->apply(record)) return false;
    }
    require_topic_name(record.topic);
    return true;
}

void require_topic_name(const std::string& topic) {
    if (!is_topic_name(topic)) throw NotSimulated("a topic with the name \"" + topic + "\"");
}

void fail_transform(const std::string& cause) {
    std::string trace = "org.apache.kafka.connect.errors.ConnectException: Tolerance exceeded in error handler";
    if (!cause.empty()) trace += "\nCaused by: " + cause;
    throw TaskFailure(std::move(trace), TaskFailure::Place::kPipeline);
}

void fail_configuration(std::string_view option, const std::string& value, const std::string& problem) {
    const std::string name(option);
    fail_start("org.apache.kafka.common.config.ConfigException: Invalid value " + value + " for configuration " + name + ": The '" + name + "' value is invalid: " + problem);
}

void fail_start(const std::string& cause) {
    throw TaskFailure("org.apache.kafka.connect.errors.ConnectException: " + cause + "\nCaused by: " + cause, TaskFailure::Place::kPipeline);
}

std::string replaced_topic(const JavaReplacer& replacer, const std::string& topic) {
    try {
        return replacer.replaced(topic);
    } catch (const ReplacementError& error) {
        fail_transform(error.cause);
    }
}

}  // namespace cdcsim::debezium
