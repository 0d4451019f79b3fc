// PREPARE, EXECUTE, DEALLOCATE. Mirrors prepare.c. A parameter without a declared type takes the type
// that its place wants: its value is bound there as a literal of unknown type.
#include <fmt/format.h>

#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/executor/utility.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {

/// One PREPAREd statement: the text is kept, since a tree lives as long as its message only.
struct PreparedStatement {
    std::string text;                    ///< of the whole PREPARE
    std::vector<Oid> types;              ///< 0: not declared
};

namespace {

/// $n as a constant of its declared type, or of unknown type.
class ParameterHook : public NameHook {
  public:
    explicit ParameterHook(const std::vector<Oid>& types) : types_(types), values_(types.size()) {}

    ExprPtr resolve(const std::vector<std::string>&, int, bool) override { return nullptr; }
    ExprPtr resolve_param(int number, int location) override {
        if (number < 1) return nullptr;
        auto index = static_cast<std::size_t>(number - 1);
        if (index >= values_.size()) {
            if (bound_) return nullptr;
            values_.resize(index + 1);
        }
        auto constant = std::make_shared<ConstExpr>();
        constant->type = index < types_.size() && types_[index] != kInvalidOid ? types_[index] : oid::kUnknown;
        constant->value = values_[index];
        constant->location = location;
        return constant;
    }
    /// How many there are, as the text and the declaration say together.
    std::size_t count() const { return values_.size(); }
    void bind(std::vector<Datum> values) { values_ = std::move(values), bound_ = true; }

  private:
    const std::vector<Oid>& types_;
    std::vector<Datum> values_;
    bool bound_ = false;
};

/// EXECUTE's arguments, each of its declared type or as text.
std::vector<Datum> argument_values(Backend& backend, const Node& node, const PreparedStatement& prepared) {
    std::vector<Datum> values;
    Snapshot snapshot = backend.take_snapshot();
    for (const Node& arg : node.items("params")) {
        std::size_t i = values.size();
        Oid type = i < prepared.types.size() ? prepared.types[i] : kInvalidOid;
        ExprScope scope;
        scope.place = "EXECUTE parameters";
        ExprPtr expr = bind_expression(arg, backend.bind_options(), scope);
        if (type != kInvalidOid) {
            ExprPtr coerced = coerce_for_assignment(expr, type, -1, backend.bind_options());
            if (!coerced) {
                throw SqlError("42804", fmt::format("parameter ${} of type {} cannot be coerced to the expected type {}", i + 1, format_type(backend, expr->type), format_type(backend, type)))
                    .hint("You will need to rewrite or cast the expression.").at(arg.location());
            }
            expr = coerced;
        }
        EvalContext context{.host = backend, .snapshot = snapshot};
        Datum value = evaluate(*expr, context);
        if (type == kInvalidOid && !value.is_null() && expr->type != oid::kUnknown) value = Datum::of_text(output_text(backend, expr->type, value));
        values.push_back(std::move(value));
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
    ParameterHook hook(prepared->types);
    bind_query(node["query"], backend.bind_options(&hook));
    prepared->types.resize(hook.count());
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
    ParameterHook hook(prepared->types);
    hook.bind(argument_values(backend, node, *prepared));
    ParseTree tree = parse_sql(prepared->text);
    std::shared_ptr<const Query> query;
    try {
        query = bind_query(tree.statements()[0].node["query"], backend.bind_options(&hook));
    } catch (SqlError& error) {
        error.replace_position(-1);
        throw;
    }
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
