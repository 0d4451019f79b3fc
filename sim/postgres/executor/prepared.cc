// PREPARE, EXECUTE, DEALLOCATE. Mirrors prepare.c.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/executor/utility.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {

/// One PREPAREd statement: the text is kept, since a tree lives as long as its message only.
struct PreparedStatement {
    std::string text;                    ///< of the whole PREPARE
    std::vector<Oid> types;              ///< declared or deduced
    RowType result;                      ///< must stay so
};

namespace {

void set_type(Expr& expr, Oid type) {
    expr.type = type;
    if (TypePtr info = builtin_type_info(type)) expr.collation = info->collation;
}

/// $n while a statement is PREPAREd: what has no declared type takes that of the first place that wants one. Mirrors
/// parse_param.c's variable parameters.
class DeducingHook : public NameHook {
  public:
    explicit DeducingHook(std::vector<Oid>& types) : types_(types) {}

    ExprPtr resolve(const std::vector<std::string>&, int, bool) override { return nullptr; }
    ExprPtr resolve_param(int number, int location) override {
        if (number < 1) return nullptr;
        auto index = static_cast<std::size_t>(number - 1);
        if (index >= types_.size()) types_.resize(index + 1);
        auto param = std::make_shared<ParamExpr>();
        param->number = number;
        set_type(*param, types_[index] == kInvalidOid ? oid::kUnknown : types_[index]);
        param->location = location;
        return param;
    }
    ExprPtr coerce_param(const ParamExpr& param, Oid type, Environment& env) override {
        Oid& deduced = types_[static_cast<std::size_t>(param.number - 1)];
        if (deduced != kInvalidOid && deduced != type) {
            throw SqlError("42P08", fmt::format("inconsistent types deduced for parameter ${}", param.number))
                .detail(fmt::format("{} versus {}", format_type(env, deduced), format_type(env, type))).at(param.location);
        }
        deduced = type;
        auto typed = std::make_shared<ParamExpr>(param);
        set_type(*typed, type);
        return typed;
    }

  private:
    std::vector<Oid>& types_;
};

/// $n as a constant, while a prepared statement is run.
class ValueHook : public NameHook {
  public:
    ValueHook(const std::vector<Oid>& types, const std::vector<Datum>& values) : types_(types), values_(values) {}

    ExprPtr resolve(const std::vector<std::string>&, int, bool) override { return nullptr; }
    ExprPtr resolve_param(int number, int location) override {
        auto index = static_cast<std::size_t>(number - 1);
        if (number < 1 || index >= values_.size()) return nullptr;
        auto constant = std::make_shared<ConstExpr>();
        set_type(*constant, types_[index]);
        constant->value = values_[index];
        constant->location = location;
        return constant;
    }

  private:
    const std::vector<Oid>& types_;
    const std::vector<Datum>& values_;
};

RowType result_columns(const Query& query) {
    RowType columns;
    for (const TargetEntry& target : query.command == CommandKind::kSelect ? query.targets : query.returning) {
        if (!target.junk) columns.push_back({target.name, target.expr->type, target.expr->typmod, false});
    }
    return columns;
}

bool same_columns(const RowType& a, const RowType& b) {
    return std::ranges::equal(a, b, [](const Attribute& x, const Attribute& y) { return x.name == y.name && x.type == y.type && x.typmod == y.typmod; });
}

/// EXECUTE's arguments, each of its parameter's type.
std::vector<Datum> argument_values(Backend& backend, const Node& node, const PreparedStatement& prepared) {
    std::vector<Datum> values;
    Snapshot snapshot = backend.take_snapshot();
    for (const Node& arg : node.items("params")) {
        std::size_t i = values.size();
        const Oid type = prepared.types.at(i);
        ExprScope scope;
        scope.place = "EXECUTE parameters";
        ExprPtr expr = bind_expression(arg, backend.bind_options(), scope);
        ExprPtr coerced = coerce_for_assignment(expr, type, -1, backend.bind_options());
        if (!coerced) {
            throw SqlError("42804", fmt::format("parameter ${} of type {} cannot be coerced to the expected type {}", i + 1, format_type(backend, expr->type), format_type(backend, type)))
                .hint("You will need to rewrite or cast the expression.").at(arg.location());
        }
        EvalContext context{.host = backend, .snapshot = snapshot};
        values.push_back(evaluate(*coerced, context));
    }
    return values;
}

}  // namespace

ExecResult prepare_statement(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    std::string name(node.text("name"));
    if (!command.top_level) throw NotSimulated("PREPARE in a function");
    if (!is_plannable(node["query"])) throw NotSimulated("PREPARE of a utility statement");
    auto prepared = std::make_shared<PreparedStatement>();
    prepared->text = command.text;
    for (const Node& type : node.items("argtypes")) prepared->types.push_back(bind_type_name(type, backend.bind_options()).type);
    DeducingHook hook(prepared->types);
    prepared->result = result_columns(*bind_query(node["query"], backend.bind_options(&hook)));
    auto unknown = std::ranges::find_if(prepared->types, [](Oid type) { return type == kInvalidOid || type == oid::kUnknown; });
    if (unknown != prepared->types.end()) {
        throw SqlError("42P18", fmt::format("could not determine data type of parameter ${}", unknown - prepared->types.begin() + 1));
    }
    if (!backend.prepared.emplace(name, std::move(prepared)).second) {
        throw SqlError("42P05", fmt::format("prepared statement \"{}\" already exists", name));
    }
    return tag_only("PREPARE");
}

ExecResult execute_prepared(Backend& backend, const Command& command, const RowSink& sink) {
    const Node& node = command.node;
    std::string name(node.text("name"));
    auto it = backend.prepared.find(name);
    if (it == backend.prepared.end()) throw SqlError("26000", fmt::format("prepared statement \"{}\" does not exist", name));
    std::shared_ptr<PreparedStatement> prepared = it->second;
    std::size_t given = node.items("params").size();
    if (given != prepared->types.size()) {
        throw SqlError("42601", fmt::format("wrong number of parameters for prepared statement \"{}\"", name))
            .detail(fmt::format("Expected {} parameters but got {}.", prepared->types.size(), given));
    }
    const std::vector<Datum> values = argument_values(backend, node, *prepared);
    ValueHook hook(prepared->types, values);
    ParseTree tree = parse_sql(prepared->text);
    std::shared_ptr<const Query> query;
    try {
        query = bind_query(tree.statements()[0].node["query"], backend.bind_options(&hook));
    } catch (SqlError& error) {
        error.replace_position(-1);
        throw;
    }
    if (!same_columns(result_columns(*query), prepared->result)) throw SqlError("0A000", "cached plan must not change result type");
    return backend.run_query(query, {}, nullptr, sink);
}

ExecResult deallocate(Backend& backend, const Command& command, const RowSink&) {
    std::string name(command.node.text("name"));
    if (name.empty()) {
        backend.prepared.clear();
        return tag_only("DEALLOCATE ALL");
    }
    if (backend.prepared.erase(name) == 0) throw SqlError("26000", fmt::format("prepared statement \"{}\" does not exist", name));
    return tag_only("DEALLOCATE");
}

}  // namespace cdcsim::pg
