// The SQL functions and operators of jsonpath.
#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/function/jsonpath_exec.h"
#include "sim/postgres/type/jsonb.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;

/// jsonb, path [, vars, silent]; the operators have two arguments and are silent.
PathInput input_of(Args args) {
    PathInput input{args[0].as_text(), std::nullopt, true};
    if (args.size() < 4) return input;
    input.vars = args[2].as_text();
    input.silent = args[3].as_bool();
    return input;
}

PathResult run(CallContext& call, Args args, std::vector<std::string>* found) {
    JsonPath path = parse_jsonpath(args[1].as_text());
    return run_jsonpath(call.env, path, input_of(args), found);
}

Datum jsonb_path_exists(CallContext& call, Args args) {
    PathResult result = run(call, args, nullptr);
    return result == PathResult::kError ? Datum() : Datum::of_bool(result == PathResult::kOk);
}

Datum jsonb_path_match(CallContext& call, Args args) {
    std::vector<std::string> found;
    run(call, args, &found);
    if (found.size() == 1) {
        if (jsonb_kind(found[0]) == JsonbKind::kBool) return Datum::of_bool(found[0] == "true");
        if (jsonb_kind(found[0]) == JsonbKind::kNull) return Datum();
    }
    if (!input_of(args).silent) throw SqlError("22038", "single boolean result is expected");
    return Datum();
}

void jsonb_path_query(CallContext& call, Args args, const RowSink& emit) {
    std::vector<std::string> found;
    run(call, args, &found);
    for (const std::string& item : found) {
        Datum value = Datum::of_text(item);
        if (!emit({&value, 1})) return;
    }
}

Datum jsonb_path_query_array(CallContext& call, Args args) {
    std::vector<std::string> found;
    run(call, args, &found);
    JsonbBuilder out;
    out.begin_array();
    for (const std::string& item : found) out.value(item);
    out.end_array();
    return Datum::of_text(out.take());
}

Datum jsonb_path_query_first(CallContext& call, Args args) {
    std::vector<std::string> found;
    run(call, args, &found);
    return found.empty() ? Datum() : Datum::of_text(found[0]);
}

// The _tz forms differ in datetime() only, which is refused.
constexpr ScalarRow kScalars[] = {
    {"jsonb_path_exists", jsonb_path_exists},
    {"jsonb_path_exists_opr", jsonb_path_exists},
    {"jsonb_path_exists_tz", jsonb_path_exists},
    {"jsonb_path_match", jsonb_path_match},
    {"jsonb_path_match_opr", jsonb_path_match},
    {"jsonb_path_match_tz", jsonb_path_match},
    {"jsonb_path_query_array", jsonb_path_query_array},
    {"jsonb_path_query_array_tz", jsonb_path_query_array},
    {"jsonb_path_query_first", jsonb_path_query_first},
    {"jsonb_path_query_first_tz", jsonb_path_query_first},
};
constexpr SetRow kSets[] = {
    {"jsonb_path_query", jsonb_path_query},
    {"jsonb_path_query_tz", jsonb_path_query},
};

}  // namespace

FunctionTables jsonpath_tables() { return {.scalars = kScalars, .sets = kSets}; }

}  // namespace cdcsim::pg
