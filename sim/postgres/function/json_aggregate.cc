// json_agg, json_object_agg and their jsonb forms.
#include <utility>

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/function/json_value.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;

// Aggregates keep the text of what they have seen, so a result may be asked for at any time.

class JsonAgg final : public AggregateState {
  public:
    void step(CallContext& call, Args args) override {
        bool first = out_.empty();
        out_ += first ? "[" : ", ";
        JsonCategory category = json_category(call.env, call.arg_types[0]);
        bool structured =
            category == JsonCategory::kArray || category == JsonCategory::kComposite;
        if (!first && structured && !args[0].is_null()) out_ += "\n ";
        append_json(call.env, call.arg_types[0], args[0], out_);
    }
    Datum result(CallContext&) override {
        return out_.empty() ? Datum() : Datum::of_text(out_ + "]");
    }

  private:
    std::string out_;
};

class JsonbAgg final : public AggregateState {
  public:
    void step(CallContext& call, Args args) override {
        JsonbBuilder element;
        build_jsonb(call.env, call.arg_types[0], args[0], element);
        out_ += out_.empty() ? "[" : ", ";
        out_ += element.text();
    }
    Datum result(CallContext&) override {
        return out_.empty() ? Datum() : Datum::of_text(out_ + "]");
    }

  private:
    std::string out_;
};

void check_field_name(const Datum& name) {
    if (name.is_null()) throw SqlError("22023", "field name must not be null");
}

class JsonObjectAgg final : public AggregateState {
  public:
    void step(CallContext& call, Args args) override {
        check_field_name(args[0]);
        out_ += out_.empty() ? "{ " : ", ";
        append_json_key(call.env, call.arg_types[0], args[0], out_);
        out_ += " : ";
        append_json(call.env, call.arg_types[1], args[1], out_);
    }
    Datum result(CallContext&) override {
        return out_.empty() ? Datum() : Datum::of_text(out_ + " }");
    }

  private:
    std::string out_;
};

class JsonbObjectAgg final : public AggregateState {
  public:
    void step(CallContext& call, Args args) override {
        check_field_name(args[0]);
        std::string key = jsonb_key_text(call.env, call.arg_types[0], args[0]);
        JsonbBuilder value;
        build_jsonb(call.env, call.arg_types[1], args[1], value);
        pairs_.emplace_back(std::move(key), value.take());
    }
    Datum result(CallContext&) override {
        if (pairs_.empty()) return Datum();
        JsonbBuilder out;
        out.begin_object();
        for (const auto& [key, value] : pairs_) {
            out.key(key);
            out.value(value);
        }
        out.end_object();
        return Datum::of_text(out.take());
    }

  private:
    std::vector<std::pair<std::string, std::string>> pairs_;
};

constexpr AggregateRow kAggregates[] = {
    {3175, false, make_state<JsonAgg>},
    {3197, false, make_state<JsonObjectAgg>},
    {3267, false, make_state<JsonbAgg>},
    {3270, false, make_state<JsonbObjectAgg>},
};

}  // namespace

FunctionTables json_aggregate_tables() { return {.aggregates = kAggregates}; }

}  // namespace cdcsim::pg
