// JSON to rows: json_populate_record, json_to_record, their set-returning and jsonb forms. Mirrors
// populate_record and its kin in jsonfuncs.c.
//
// Functions of a named row type return it; those that return RECORD need the caller's column
// definition list (CallContext::row_type) or a record argument. The sets emit whole rows for the
// populate functions and the columns of the list for json(b)_to_recordset.
#include <map>
#include <utility>

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/array.h"
#include "sim/postgres/type/canonical.h"
#include "sim/postgres/type/jsonb.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;

/// A part of the input: of json the text as written, of jsonb the stored form.
struct JsonValue {
    bool is_json = false;
    JsonToken token = JsonToken::kNull;  ///< its first token
    std::string text;                    ///< a string of json: decoded

    bool is_null() const { return token == JsonToken::kNull; }
};

JsonValue stored_value(std::string_view stored) {
    JsonValue value{false, JsonToken::kNumber, std::string(stored)};
    switch (jsonb_kind(stored)) {
        case JsonbKind::kNull: value.token = JsonToken::kNull; break;
        case JsonbKind::kString: value.token = JsonToken::kString; break;
        case JsonbKind::kBool: value.token = JsonToken::kTrue; break;
        case JsonbKind::kArray: value.token = JsonToken::kArrayStart; break;
        case JsonbKind::kObject: value.token = JsonToken::kObjectStart; break;
        case JsonbKind::kNumeric: break;
    }
    return value;
}

/// Cuts json text into the members of its top level.
class Splitter final : public JsonEvents {
  public:
    using Sink = std::function<void(std::string_view name, JsonValue value)>;
    Splitter(std::string_view json, Sink sink)
        : lexer_(json, JsonLexer::Escapes::kDecode), sink_(std::move(sink)) {}
    void run() { parse_json(lexer_, *this); }

    void field_start(std::string_view, bool) override { start(); }
    void field_end(std::string_view name, bool) override { end(name); }
    void element_start(bool) override { start(); }
    void element_end(bool) override { end({}); }
    void scalar(JsonToken token, std::string_view text) override {
        if (lexer_.level == 1 && token == JsonToken::kString) string_ = text;
    }

  private:
    void start() {
        if (lexer_.level != 1) return;
        token_ = lexer_.token();
        start_ = lexer_.token_start();
    }
    void end(std::string_view name) {
        if (lexer_.level != 1) return;
        std::string_view raw = lexer_.text().substr(start_, lexer_.previous_end() - start_);
        sink_(name, {true, token_, token_ == JsonToken::kString ? string_ : std::string(raw)});
    }

    JsonLexer lexer_;
    Sink sink_;
    JsonToken token_ = JsonToken::kNull;
    std::size_t start_ = 0;
    std::string string_;
};

std::vector<JsonValue> elements_of(const JsonValue& array) {
    std::vector<JsonValue> elements;
    if (array.is_json) {
        Splitter(array.text, [&](std::string_view, JsonValue value) {
            elements.push_back(std::move(value));
        }).run();
        return elements;
    }
    JsonbReader reader(array.text);
    std::string_view element;
    while (reader.next_element(element)) elements.push_back(stored_value(element));
    return elements;
}

using Object = std::map<std::string, JsonValue, std::less<>>;

Object fields_of(const JsonValue& object) {
    Object fields;
    if (object.is_json) {
        Splitter(object.text, [&](std::string_view name, JsonValue value) {
            fields.insert_or_assign(std::string(name), std::move(value));
        }).run();
        return fields;
    }
    JsonbReader reader(object.text);
    std::string_view key, value;
    while (reader.next_pair(key, value)) fields.emplace(jsonb_unescape(key), stored_value(value));
    return fields;
}

[[noreturn]] void cannot_call(const std::string& function, const char* what) {
    throw SqlError("22023", "cannot call " + function + " on " + what);
}

/// Converts JSON values to values of SQL types.
class Populator {
  public:
    explicit Populator(Environment& env) : env_(env) {}

    /// A row's fields from an object. `defaults` is nullptr or the row whose fields stay where the
    /// object has no such key.
    std::vector<Datum> row(const RowType& row_type, const std::vector<Datum>* defaults,
                           const JsonValue& value) {
        if (value.token != JsonToken::kObjectStart)
            cannot_call("populate_composite",
                        value.token == JsonToken::kArrayStart ? "an array" : "a scalar");
        Object fields = fields_of(value);
        std::vector<Datum> result(row_type.size());
        if (defaults != nullptr) result = *defaults;
        if (defaults != nullptr && fields.empty()) return result;
        for (std::size_t i = 0; i < row_type.size(); ++i) {
            const Attribute& column = row_type[i];
            if (column.dropped) continue;
            auto found = fields.find(column.name);
            if (defaults != nullptr && found == fields.end()) continue;
            static const JsonValue missing;
            result[i] = field(column.type, column.typmod, &column.name, result[i],
                              found == fields.end() ? missing : found->second);
        }
        return result;
    }

  private:
    Datum field(Oid type, std::int32_t typmod, const std::string* name, const Datum& current,
                const JsonValue& value) {
        const TypeInfo& declared = env_.type(type);
        if (declared.typtype == 'd') {
            const TypeInfo& base = env_.type(declared.base);
            Datum result = field(base.oid, declared.base_typmod, name, current, value);
            return env_.check_domain(type, std::move(result));
        }
        if (value.is_null()) return Datum();
        bool text = value.token == JsonToken::kString;
        if (!text && array_element_type(env_, type) != kInvalidOid)
            return ArrayBuilder(*this, type, typmod, name).run(value);
        if (!text && (declared.typtype == 'c' || type == oid::kRecord))
            return composite(declared, current, value);
        return scalar(type, typmod, value);
    }

    Datum composite(const TypeInfo& type, const Datum& current, const JsonValue& value) {
        if (type.oid == oid::kRecord && current.is_null())
            throw SqlError("0A000", "record type has not been registered");
        RowType row_type = type.attributes;
        std::vector<Datum> fields;
        if (!current.is_null()) {
            std::string_view literal;
            row_type = row_type_of(env_, type.oid, current, literal);
            fields = parse_row(env_, row_type, literal);
        }
        fields = row(row_type, current.is_null() ? nullptr : &fields, value);
        return make_row(env_, type.oid, row_type, fields);
    }

    Datum scalar(Oid type, std::int32_t typmod, const JsonValue& value) {
        bool text = value.token == JsonToken::kString;
        bool to_json = type == oid::kJson || type == oid::kJsonb;
        if (!value.is_json && to_json) return Datum::of_text(value.text);
        std::string input = value.text;
        if (value.is_json && to_json && text) {
            input.clear();
            append_json_string(value.text, input);
        } else if (!value.is_json && text) {
            input = jsonb_unescape(value.text);
        }
        return input_text(env_, type, input, typmod);
    }

    /// A JSON array of any depth as an SQL array.
    class ArrayBuilder {
      public:
        ArrayBuilder(Populator& populator, Oid type, std::int32_t typmod, const std::string* name)
            : populator_(populator), type_(type), typmod_(typmod), name_(name) {
            element_ = array_element_type(populator.env_, type);
            array_.dims.fill(-1);
        }

        Datum run(const JsonValue& value) {
            dimension(value, 1);
            array_.dims[0] = sizes_[0];
            array_.lower.fill(1);
            if (array_.elements.empty()) array_ = ArrayValue{};
            return array_datum(populator_.env_, type_, array_);
        }

      private:
        /// `depth` from 1. The number of dimensions is that of the first innermost array.
        void dimension(const JsonValue& value, int depth) {
            if (value.token != JsonToken::kArrayStart) expected_array(depth - 1);
            std::vector<JsonValue> elements = elements_of(value);
            bool innermost =
                elements.empty() || elements.front().token != JsonToken::kArrayStart;
            if (array_.ndim == 0 && innermost) set_dimensions(depth);
            for (const JsonValue& element : elements) {
                if (array_.ndim > 0 && depth >= array_.ndim) {
                    array_.elements.push_back(
                        populator_.field(element_, typmod_, nullptr, Datum(), element));
                    ++sizes_[depth - 1];
                } else {
                    if (depth >= kMaxDimensions) too_deep(depth + 1);
                    dimension(element, depth + 1);
                    close_dimension(depth);
                }
            }
        }

        void set_dimensions(int depth) { array_.ndim = depth; }

        [[noreturn]] static void too_deep(int depth) {
            throw SqlError("54000", "number of array dimensions (" + std::to_string(depth) +
                                        ") exceeds the maximum allowed (6)");
        }

        void close_dimension(int depth) {
            std::int32_t size = sizes_[depth];
            if (array_.dims[depth] == -1) array_.dims[depth] = size;
            else if (array_.dims[depth] != size)
                throw SqlError("22P02", "malformed JSON array")
                    .detail("Multidimensional arrays must have sub-arrays with matching "
                            "dimensions.");
            sizes_[depth] = 0;
            ++sizes_[depth - 1];
        }

        [[noreturn]] void expected_array(int depth) {
            SqlError error("22P02", "expected JSON array");
            std::string indexes;
            for (int i = 0; i < depth; ++i) indexes += '[' + std::to_string(sizes_[i]) + ']';
            std::string key = name_ == nullptr ? "" : "key \"" + *name_ + "\".";
            if (depth == 0 && name_ != nullptr) error.set_hint("See the value of " + key);
            else if (depth > 0 && name_ != nullptr)
                error.set_hint("See the array element " + indexes + " of " + key);
            else if (depth > 0) error.set_hint("See the array element " + indexes + ".");
            throw error;
        }

        Populator& populator_;
        Oid type_, element_ = kInvalidOid;
        std::int32_t typmod_;
        const std::string* name_;
        ArrayValue array_;
        std::array<std::int32_t, kMaxDimensions + 1> sizes_{};
    };

    Environment& env_;
};

/// The row that a call fills: its type and what it starts with.
struct Target {
    Oid type = oid::kRecord;
    RowType row_type;
    bool has_defaults = false;
    std::vector<Datum> defaults;
    const std::vector<Datum>* start() const { return has_defaults ? &defaults : nullptr; }
};

[[noreturn]] void no_row_type(const std::string& function) {
    throw SqlError("0A000", "could not determine row type for result of " + function)
        .hint("Provide a non-null record argument, or call the function in the FROM clause using "
              "a column definition list.");
}

/// `record` is the row argument, or nullptr for the functions that have none.
Target target_of(CallContext& call, const Datum* record, const std::string& function) {
    Target target;
    if (record != nullptr) {
        const TypeInfo& type = base_type(call.env, call.env.type(call.arg_types[0]));
        if (type.typtype != 'c' && type.oid != oid::kRecord)
            throw SqlError("42804", "first argument of " + function + " must be a row type");
        target.type = type.oid;
        target.row_type = type.attributes;
        if (!record->is_null()) {
            std::string_view literal;
            target.row_type = row_type_of(call.env, type.oid, *record, literal);
            target.defaults = parse_row(call.env, target.row_type, literal);
            target.has_defaults = true;
            return target;
        }
        if (type.oid != oid::kRecord) return target;
    }
    if (call.row_type == nullptr) no_row_type(function);
    target.row_type = *call.row_type;
    return target;
}

void check_definition_list(CallContext& call, const Target& target) {
    if (call.row_type == nullptr || target.type != oid::kRecord || !target.has_defaults) return;
    require_row_type(call.env, target.row_type, *call.row_type);
}

Datum finish(CallContext& call, const Target& target, std::vector<Datum> fields) {
    Datum row = make_row(call.env, target.type, target.row_type, fields);
    bool domain = !call.arg_types.empty() && call.env.type(call.result_type).typtype == 'd';
    return domain ? call.env.check_domain(call.result_type, std::move(row)) : row;
}

JsonValue input_value(bool is_json, const Datum& json) {
    if (!is_json) return stored_value(json.as_text());
    JsonLexer lexer(json.as_text(), JsonLexer::Escapes::kKeep);
    lexer.advance();
    return {true, lexer.token(), json.as_text()};
}

Datum populate_record(CallContext& call, Args args, bool is_json, const char* function) {
    Target target = target_of(call, &args[0], function);
    if (args[1].is_null()) return args[0];
    JsonValue value = input_value(is_json, args[1]);
    std::vector<Datum> fields = Populator(call.env).row(target.row_type, target.start(), value);
    check_definition_list(call, target);
    return finish(call, target, std::move(fields));
}
Datum json_populate_record(CallContext& call, Args args) {
    return populate_record(call, args, true, "json_populate_record");
}
Datum jsonb_populate_record(CallContext& call, Args args) {
    return populate_record(call, args, false, "jsonb_populate_record");
}

Datum to_record(CallContext& call, Args args, bool is_json, const char* function) {
    Target target = target_of(call, nullptr, function);
    JsonValue value = input_value(is_json, args[0]);
    return make_row(call.env, oid::kRecord, target.row_type,
                    Populator(call.env).row(target.row_type, nullptr, value));
}
Datum json_to_record(CallContext& call, Args args) {
    return to_record(call, args, true, "json_to_record");
}
Datum jsonb_to_record(CallContext& call, Args args) {
    return to_record(call, args, false, "jsonb_to_record");
}

/// Calls `take` with the fields of each element of an array of objects.
template <typename Take>
void for_each_row(CallContext& call, const Target& target, const JsonValue& value,
                  const std::string& function, Take take) {
    if (value.token != JsonToken::kArrayStart) {
        const char* what = value.token == JsonToken::kObjectStart ? "an object" : "a scalar";
        cannot_call(function, value.is_json ? what : "a non-array");
    }
    Populator populator(call.env);
    for (const JsonValue& element : elements_of(value)) {
        if (element.token != JsonToken::kObjectStart)
            throw SqlError("22023",
                           "argument of " + function + " must be an array of objects");
        if (!take(populator.row(target.row_type, target.start(), element))) return;
    }
}

void populate_recordset(CallContext& call, Args args, bool is_json, const char* function,
                        const RowSink& emit) {
    Target target = target_of(call, &args[0], function);
    if (args[1].is_null()) return;
    for_each_row(call, target, input_value(is_json, args[1]), function,
                 [&](std::vector<Datum> fields) {
                     check_definition_list(call, target);
                     Datum row = finish(call, target, std::move(fields));
                     return emit({&row, 1});
                 });
    check_definition_list(call, target);
}
void json_populate_recordset(CallContext& call, Args args, const RowSink& emit) {
    populate_recordset(call, args, true, "json_populate_recordset", emit);
}
void jsonb_populate_recordset(CallContext& call, Args args, const RowSink& emit) {
    populate_recordset(call, args, false, "jsonb_populate_recordset", emit);
}

void to_recordset(CallContext& call, Args args, bool is_json, const char* function,
                  const RowSink& emit) {
    Target target = target_of(call, nullptr, function);
    if (args[0].is_null()) return;
    for_each_row(call, target, input_value(is_json, args[0]), function,
                 [&](const std::vector<Datum>& fields) { return emit(fields); });
}
void json_to_recordset(CallContext& call, Args args, const RowSink& emit) {
    to_recordset(call, args, true, "json_to_recordset", emit);
}
void jsonb_to_recordset(CallContext& call, Args args, const RowSink& emit) {
    to_recordset(call, args, false, "jsonb_to_recordset", emit);
}

constexpr ScalarRow kScalars[] = {
    {"json_populate_record", json_populate_record},
    {"json_to_record", json_to_record},
    {"jsonb_populate_record", jsonb_populate_record},
    {"jsonb_to_record", jsonb_to_record},
};

constexpr SetRow kSets[] = {
    {"json_populate_recordset", json_populate_recordset},
    {"json_to_recordset", json_to_recordset},
    {"jsonb_populate_recordset", jsonb_populate_recordset},
    {"jsonb_to_recordset", jsonb_to_recordset},
};

}  // namespace

FunctionTables json_record_tables() { return {.scalars = kScalars, .sets = kSets}; }

}  // namespace cdcsim::pg
