// What parse analysis asks of the session: the catalog version in force, the search_path, and who
// else knows names (PL/pgSQL variables, function arguments, transition tables).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/postgres/binder/bound_query.h"
#include "sim/postgres/catalog/catalog.h"
#include "sim/postgres/executor/host.h"
#include "sim/postgres/parser/node.h"

namespace cdcsim::pg {

class CatalogContext {
  public:
    virtual ~CatalogContext() = default;
    virtual const Catalog& catalog() = 0;
    /// The schemas that unqualified names are looked up in, pg_catalog included at its place; the
    /// first creatable one is `creation_schema`.
    virtual const std::vector<Oid>& search_path() = 0;
    virtual Host& host() = 0;
    /// Columns of a transition table that the running trigger sees, or nullopt.
    virtual std::optional<RowType> transition_table(const std::string& name) = 0;
    /// Whether the current role may look into the schema (USAGE).
    virtual bool may_use_schema(Oid schema) = 0;
    /// Locks a table that a statement names (in PostgreSQL's mode name) and returns it again, as it
    /// is once the lock is held. nullptr after a wait: it may be gone or another one.
    virtual RelationPtr lock_relation(const RelationPtr& relation, std::string_view mode, int location) = 0;
};

/// Names that are not columns: PL/pgSQL's variables, the arguments of a SQL function, $n.
class NameHook {
  public:
    virtual ~NameHook() = default;
    enum class Conflict { kError, kUseVariable, kUseColumn };
    /// What a name means if it is both a variable and a column (plpgsql.variable_conflict).
    virtual Conflict conflict() const { return Conflict::kError; }
    /// An expression for a (possibly qualified) name, or nullptr. A field that a record variable does
    /// not have is an error only if `required` (no column has that name).
    virtual ExprPtr resolve(const std::vector<std::string>& names, int location, bool required) = 0;
    /// $number, or nullptr.
    virtual ExprPtr resolve_param(int number, int location) = 0;
    /// $number without a type of its own, in a place that wants `type`; nullptr: the hook has no such parameters.
    virtual ExprPtr coerce_param(const ParamExpr& param, Oid type, Environment& env);
};

struct BindOptions {
    CatalogContext& context;
    NameHook* hook = nullptr;
    bool allow_into = false;      ///< SELECT INTO: its caller makes the table
};

/// Parse analysis of a SELECT, INSERT, UPDATE, DELETE (or VALUES) statement.
std::shared_ptr<const Query> bind_query(const Node& statement, const BindOptions& options);

/// What the names in a stand-alone expression may mean: the columns of one or two relations
/// (CHECK, DEFAULT: none; trigger WHEN: old and new).
struct ExprScope {
    struct Item {
        std::string alias;
        RelationPtr relation;
        int rt_index = 1;
    };
    std::vector<Item> items;
    /// What error messages call the place: "check constraints", "DEFAULT expressions".
    std::string_view place = "DEFAULT expressions";
    bool allow_subqueries = false;
    bool of_parameter = false;           ///< DEFAULT of a function's parameter: a column's name is not refused as such
    /// In a domain's CHECK: the type of VALUE.
    Oid domain_value_type = kInvalidOid;
    std::int32_t domain_value_typmod = -1;
};

/// Binds a stand-alone expression. With a `target` type it is coerced by assignment, and the error
/// names `column` ("column \"x\" is of type integer but default expression is of type text").
ExprPtr bind_expression(const Node& expr, const BindOptions& options, const ExprScope& scope);
/// What the column of an index over the expression is called (FigureIndexColname): lower, or expr.
std::string index_expression_name(const Node& expr);
ExprPtr coerce_default(const ExprPtr& expr, const Column& column, const BindOptions& options);
/// Why INSERT, UPDATE and DELETE cannot work on the view's table in its place; empty: they can.
std::string why_not_updatable(const Query& query);
ExprPtr coerce_to_boolean(const ExprPtr& expr, const BindOptions& options, std::string_view what);
/// The procedure call of a CALL statement (its funccall): a FuncExpr.
ExprPtr bind_call(const Node& func_call, const BindOptions& options);
/// Assignment coercion of a value to a type, or nullptr where there is none.
ExprPtr coerce_for_assignment(const ExprPtr& expr, Oid type, std::int32_t typmod,
                              const BindOptions& options);

/// A TypeName: its type and typmod. Throws SqlError 42704 `type "x" does not exist`.
struct TypeRef {
    Oid type = kInvalidOid;
    std::int32_t typmod = -1;
};
/// SELECT of one expression whose value PL/pgSQL assigns: coerced at once where there is a cast, else
/// through the text form.
std::shared_ptr<const Query> bind_assignment(const Node& statement, const BindOptions& options, const TypeRef& target);
/// The cast that PL/pgSQL applies to a value at run time; `from` stands for it as a CaseTestExpr.
ExprPtr make_value_cast(Oid from, std::int32_t from_typmod, const TypeRef& target, const BindOptions& options);
TypeRef bind_type_name(const Node& type_name, const BindOptions& options);
/// The same without a position: most DDL looks types up with no ParseState at hand.
TypeRef bind_ddl_type(const Node& type_name, const BindOptions& options);
/// A type written as text ('numeric(10,2)'), as regtype's input reads it.
TypeRef parse_type_text(std::string_view text, const BindOptions& options);

/// Looks a table, view or sequence up by RangeVar; nullptr if missing. Throws for another database.
RelationPtr find_relation(const Node& range_var, CatalogContext& context);
/// The same, or SqlError 42P01 `relation "x" does not exist`.
RelationPtr require_relation(const Node& range_var, CatalogContext& context);
RelationPtr find_relation_by_name(const std::vector<std::string>& names, CatalogContext& context);
/// A schema by name, pg_temp included; nullptr if missing.
const Schema* find_named_schema(const std::string& name, CatalogContext& context);
/// The search path for functions: a session's own schema for temporary objects is left out, so that nobody slips in one.
std::vector<Oid> function_search_path(CatalogContext& context);
/// Schema of a qualified name. Throws 3F000.
const Schema& require_schema(const std::string& name, CatalogContext& context, int location = -1);
/// For a qualified name: throws 3F000 if its schema is missing. Utility statements and functions that need a relation say
/// this; queries, and what goes on without the relation, say that the relation is missing.
void require_schema_of(const std::vector<std::string>& names, CatalogContext& context);

/// kNeeded: pretty printing.
enum class Parentheses : std::uint8_t { kAll, kNeeded };
/// pg_get_expr, and pg_get_constraintdef's CHECK: the text of a bound expression. `relation` names
/// its Vars (rt_index 1).
std::string deparse_expression(const Expr& expr, CatalogContext& context, const Relation* relation, Parentheses parentheses = Parentheses::kAll);

/// Which function a call `name(types)` means, for EXECUTE FUNCTION, regprocedure and COMMENT.
FunctionPtr find_user_function(const std::vector<std::string>& names, const std::vector<Oid>& args,
                               CatalogContext& context);

}  // namespace cdcsim::pg
