#include "sim/postgres/executor/procedure_call.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/executor/utility.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {

BoundProcedureCall bind_procedure_call(Backend& backend, const std::string& text, NameHook* hook) {
    ParseTree tree = parse_sql(text);
    return bind_procedure_call(backend, tree.statements().at(0).node, hook);
}

BoundProcedureCall bind_procedure_call(Backend& backend, const Node& call_statement, NameHook* hook) {
    BoundProcedureCall bound;
    BindOptions options = backend.bind_options(hook);
    bound.call = bind_call(call_statement["funccall"], options);
    const auto& call = as<FuncExpr>(*bound.call);
    if (!call.user) throw NotSimulated("CALL of a built-in procedure");
    const Function& function = *call.user;
    for (std::size_t i = 0, next = 0; i < function.arg_modes.size(); ++i) {
        char mode = function.arg_modes[i];
        if (mode == 't') continue;
        bound.modes.push_back(mode);
        if (mode == 'o' || mode == 'b') {
            Oid type = next < call.arg_types.size() ? call.arg_types[next] : function.arg_types[i];
            ExprPtr expr = next < call.args.size() ? call.args[next] : nullptr;
            bound.outs.push_back({function.arg_names[i], static_cast<int>(next) + 1, type, expr});
        }
        ++next;
    }
    return bound;
}

std::vector<Datum> run_procedure_call(Backend& backend, const BoundProcedureCall& bound, ParamSource* params, bool nonatomic) {
    const auto& call = as<FuncExpr>(*bound.call);
    Snapshot snapshot = backend.take_snapshot();
    EvalContext context{.host = backend, .snapshot = snapshot, .params = params};
    std::vector<Datum> args;
    for (std::size_t i = 0; i < call.args.size(); ++i) {
        // What stands for an OUT parameter is not evaluated.
        bool input = i >= bound.modes.size() || bound.modes[i] != 'o';
        args.push_back(input ? evaluate(*call.args[i], context) : Datum());
    }
    CallContext call_context{.env = backend, .result_type = call.type, .arg_types = call.arg_types, .collation = call.input_collation,
                             .variadic = call.variadic, .function = call.function};
    bool before = backend.nonatomic;
    backend.nonatomic = nonatomic && !call.user->security_definer && call.user->settings.empty();
    struct Restore {
        Backend& backend;
        bool before;
        ~Restore() { backend.nonatomic = before; }
    } restore{backend, before};
    return backend.call_procedure(call.user, call_context, args);
}

}  // namespace cdcsim::pg
