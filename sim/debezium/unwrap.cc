#include "sim/debezium/unwrap.h"

#include <algorithm>

#include "core/base/error.h"
#include "sim/debezium/table_plan.h"
#include "sim/debezium/transform/transform.h"

namespace cdcsim::debezium {

namespace {

/// Where a field without a parent is looked for.
std::string parent_of(const std::string& field) {
    for (const char* name : {"id", "data_collection_order", "total_order"})
        if (field == name) return "transaction";
    for (const char* name : {"op", "ts_ms", "ts_us", "ts_ns"})
        if (field == name) return "";
    return "source";
}

/// The schema of the field in the envelope; null if there is none.
const connect::Schema* schema_of_reference(const Unwrap::FieldReference& reference) {
    static const connect::SchemaPtr text =
        connect::share(connect::schema_of(connect::SchemaType::kString));
    static const connect::SchemaPtr number =
        connect::share(connect::schema_of(connect::SchemaType::kInt64));
    if (reference.parent.empty()) return reference.field == "op" ? text.get() : number.get();
    const auto& parent =
        reference.parent == "source" ? *source_schema() : *transaction_block_schema();
    const auto* field = parent.field(reference.field);
    return field ? field->schema.get() : nullptr;
}

std::vector<Unwrap::FieldReference> references(const std::string& prefix, const std::string& list) {
    std::vector<Unwrap::FieldReference> out;
    if (list.empty()) return out;
    for (const auto& part : split_trimmed(list, ',')) {
        auto names = split_trimmed(part, ':');
        auto path = split_trimmed(names[0], '.');
        Unwrap::FieldReference reference;
        reference.field = path.size() == 1 ? path[0] : path[1];
        reference.parent = path.size() == 1 ? parent_of(path[0]) : path[0];
        reference.new_name = prefix + (names.size() == 2  ? names[1]
                                       : path.size() == 1 ? path[0]
                                                          : path[0] + "_" + path[1]);
        if (path.size() == 1 && (path[0] == "source" || path[0] == "transaction"))
            throw NotSimulated("add.fields or add.headers with the whole of \"" + path[0] + "\"");
        bool known_parent = reference.parent.empty() || reference.parent == "source" ||
                            reference.parent == "transaction";
        if (!known_parent || names.size() > 2 || reference.field == "before" ||
            reference.field == "after")
            throw NotSimulated("add.fields or add.headers with \"" + part + "\"");
        if (schema_of_reference(reference)) out.push_back(std::move(reference));
    }
    return out;
}

Unwrap::DeleteMode delete_mode(const std::string& word) {
    using Mode = Unwrap::DeleteMode;
    static constexpr std::pair<std::string_view, Mode> kModes[] = {
        {"", Mode::kTombstone},
        {"drop", Mode::kDrop},
        {"tombstone", Mode::kTombstone},
        {"rewrite", Mode::kRewrite},
        {"rewrite-with-tombstone", Mode::kRewriteWithTombstone},
        {"delete-to-tombstone", Mode::kDeleteToTombstone}};
    for (const auto& [name, mode] : kModes)
        if (name == word) return mode;
    CDCSIM_CHECK(false);  // it was validated
}

}  // namespace

connect::Schema Unwrap::value_schema(const connect::Schema& row) const {
    connect::Schema schema = row;
    schema.optional = false;
    if (rewrites()) {
        auto deleted = connect::schema_of(connect::SchemaType::kString);
        schema.fields.push_back({"__deleted", connect::share_optional(deleted)});
    }
    for (const auto& reference : fields) {
        connect::Schema field = *schema_of_reference(reference);
        field.default_json.reset();
        schema.fields.push_back({reference.new_name, connect::share_optional(std::move(field))});
    }
    return schema;
}

std::optional<Unwrap> read_unwrap(const ConfigMap& config) {
    const auto names = TransformOptions(config, "").list("transforms");
    auto is_unwrap = [&](const std::string& name) {
        return TransformOptions(config, "transforms." + name + ".").get("type") == kUnwrapClass;
    };
    const auto name = std::ranges::find_if(names, is_unwrap);
    if (name == names.end()) return std::nullopt;
    if (std::ranges::count_if(names, is_unwrap) > 1)
        throw NotSimulated("connector option transforms with two of " + std::string(kUnwrapClass));
    const TransformOptions options(config, "transforms." + *name + ".");
    auto get = [&](const char* option, const char* otherwise = "") { return options.get(option, otherwise); };
    const std::string& prefix = options.prefix();
    for (const char* option : {"drop.fields.header.name", "predicate", "negate"})
        if (!get(option).empty()) throw NotSimulated("connector option " + prefix + option);
    Unwrap unwrap;
    unwrap.delete_mode = delete_mode(lowered(get("delete.tombstone.handling.mode")));
    unwrap.fields = references(get("add.fields.prefix", "__"), get("add.fields"));
    unwrap.headers = references(get("add.headers.prefix", "__"), get("add.headers"));
    unwrap.route_by_field = get("route.by.field");
    if (!unwrap.route_by_field.empty() && name != names.begin())
        throw NotSimulated("connector option " + prefix + "route.by.field after another transform");
    return unwrap;
}

}  // namespace cdcsim::debezium
