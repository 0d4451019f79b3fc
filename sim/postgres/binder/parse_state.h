// The state of one query level during parse analysis, and the functions that bind its parts. Inner
// header of binder/. Mirrors parse_node.h and the parse_*.h family.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/binder/catalog_context.h"
#include "sim/postgres/binder/map_references.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {

/// Where in a query an expression stands: decides what it may contain and what messages call it.
enum class Place : std::uint8_t {
    kNone, kSelectTarget, kFromFunction, kFromSubselect, kJoinOn, kWhere, kMergeWhen, kHaving, kFilter, kGroupBy,
    kOrderBy, kDistinctOn, kLimit, kOffset, kInsertTarget, kValues, kUpdateSource, kReturning,
    kWindowPartition, kWindowOrder, kWindowRange, kWindowRows, kWindowGroups, kOther,
};
std::string_view place_name(Place place);

/// A column that a name may mean.
struct NameColumn {
    std::string name;
    ExprPtr expr;      ///< level 0
};

/// A FROM item's alias and columns. Mirrors ParseNamespaceItem.
struct NameItem {
    int rt_index = 0;
    std::string alias;
    std::string schema;          ///< of an unaliased table: schema.table.column works
    bool table_visible = true;
    bool columns_visible = true;
    bool lateral_only = false;   ///< visible to LATERAL items only
    bool lateral_ok = true;
    bool is_join = false;
    std::vector<NameColumn> columns;
};

struct ParseState {
    ParseState(const BindOptions& bind_options, ParseState* parent_state)
        : options(bind_options), parent(parent_state), query(std::make_shared<Query>()),
          nesting(parent_state != nullptr ? parent_state->nesting : 0) {}

    const BindOptions& options;
    ParseState* parent;
    std::shared_ptr<Query> query;
    std::vector<NameItem> names;
    /// WITH names visible at this level: the index into query->ctes.
    std::vector<std::pair<std::string, int>> ctes;
    /// The recursive CTE being bound at this level, with the columns of its non-recursive term.
    std::map<int, RowType> recursive_columns;
    std::map<int, std::shared_ptr<const Query>> first_terms;  ///< of the same CTEs, as RangeTableEntry::first_term
    std::vector<std::string> future_ctes;        ///< WITH names that what is bound now comes too early for
    std::vector<std::string> recursive_aliases;  ///< of the CTE being bound: WITH RECURSIVE r(n)
    Place place = Place::kNone;
    std::string_view other_place;       ///< for Place::kOther
    bool refuses_columns = false;       ///< a column's DEFAULT
    bool lateral_active = false;
    bool allow_subqueries = true;
    bool resolve_unknowns = true;       ///< false: INSERT ... SELECT, leaves of set operations
    CommonTableExpr* parent_cte = nullptr;  ///< the recursive CTE whose query this is
    int parent_cte_index = -1;
    Oid domain_value_type = kInvalidOid;
    std::int32_t domain_value_typmod = -1;
    std::vector<std::pair<std::string, Node>> window_names;
    std::vector<Node> window_definitions;   ///< one for each of query->windows
    int nesting;                            ///< of the expressions being bound, in parts of kStackUnits

    CatalogContext& context() const { return options.context; }
    Host& host() const { return options.context.host(); }
    const TypeInfo& type(Oid oid) const { return host().type(oid); }
    RangeTableEntry& rte(int index) const {
        return query->range_table[static_cast<std::size_t>(index - 1)];
    }
};

/// Sets ParseState::place for a scope.
class PlaceScope {
  public:
    PlaceScope(ParseState& state, Place place) : state_(state), before_(state.place) {
        state.place = place;
    }
    ~PlaceScope() { state_.place = before_; }
    PlaceScope(const PlaceScope&) = delete;
    PlaceScope& operator=(const PlaceScope&) = delete;

  private:
    ParseState& state_;
    Place before_;
};

/// PostgreSQL's MaxTupleAttributeNumber.
inline constexpr std::size_t kMaxTargets = 1664;

/// Counts a level of nesting while it lives. Throws 54001 where PostgreSQL's stack ends.
class NestingScope {
  public:
    NestingScope(ParseState& state, int weight);
    ~NestingScope() { state_.nesting -= weight_; }
    NestingScope(const NestingScope&) = delete;
    NestingScope& operator=(const NestingScope&) = delete;

  private:
    ParseState& state_;
    int weight_;
};

// bind_expr*.cc
ExprPtr bind_expr(ParseState& state, const Node& node);
ExprPtr bind_expr(ParseState& state, const Node& node, Place place);
/// Unknown literals become text.
ExprPtr resolve_unknown(ParseState& state, const ExprPtr& expr);
ExprPtr bind_column_ref(ParseState& state, const Node& node);
ExprPtr bind_func_call(ParseState& state, const Node& node);
ExprPtr bind_procedure_call(ParseState& state, const Node& node);
ExprPtr bind_sub_link(ParseState& state, const Node& node);
ExprPtr bind_case(ParseState& state, const Node& node);
ExprPtr bind_array(ParseState& state, const Node& node, Oid element_type, std::int32_t typmod);
ExprPtr bind_indirection(ParseState& state, const Node& node);
ExprPtr make_const(Oid type, Datum value, int location = -1);
ExprPtr make_null(Oid type, int location = -1);
std::shared_ptr<VarExpr> make_var(int rt_index, int attno, const Attribute& column, int location = -1);
ExprPtr make_bool(BoolOp op, std::vector<ExprPtr> args, int location = -1);
/// The reference to column `attno` (index from 0) of a composite value.
/// The field of that name, nullptr if `row`, the columns of `arg`, has none.
ExprPtr select_field(Environment& env, const ExprPtr& arg, const RowType& row, const std::string& field, int location);
/// The same; a missing field is an error.
ExprPtr make_field_select(ParseState& state, const ExprPtr& arg, const std::string& field, int location);
/// One function of a column definition list or with OUT arguments: its columns.
RowType function_columns(ParseState& state, const Expr& call, const std::string& alias);
RowType row_type_of_expr(ParseState& state, const Expr& expr);
/// 42703 with the hint of errorMissingColumn.
[[noreturn]] void throw_missing_column(ParseState& state, const std::string& table, const std::string& column, int location);
ExprPtr subscript(ParseState& state, const ExprPtr& container, const std::vector<Node>& indexes,
                  const ExprPtr& assign, int location);
/// A reference in a composite's field: SET col.field = ... is not simulated.

// functions.cc
/// Calls `names` with bound arguments: overload resolution, coercion, defaults. `node` may carry
/// aggregate decoration (DISTINCT, ORDER BY, FILTER, OVER).
struct CallSyntax {
    std::vector<std::string> arg_names;  ///< parallel to args; "" positional
    bool variadic = false;
    bool star = false;
    bool distinct = false;
    bool within_group = false;
    std::vector<Node> order_by;
    ExprPtr filter;  ///< bound before the function is looked up
    Node over;
    bool is_procedure = false;
    int location = -1;
};
ExprPtr make_call(ParseState& state, const std::vector<std::string>& names, std::vector<ExprPtr> args,
                  const CallSyntax& syntax);
/// A call of one known built-in, arguments already of its types.
std::shared_ptr<FuncExpr> make_builtin_call(Oid function, std::vector<ExprPtr> args, Oid result, int location);
/// "f(integer, text)" as messages print it.
std::string signature(ParseState& state, const std::string& name, const std::vector<ExprPtr>& args,
                      const std::vector<std::string>& arg_names = {});
ExprPtr bind_aggregate(ParseState& state, const std::shared_ptr<FuncExpr>& call, const CallSyntax& syntax);
ExprPtr bind_window_call(ParseState& state, const std::shared_ptr<FuncExpr>& call, char kind, const CallSyntax& syntax);
// bind_ordered_set.cc
/// What WITHIN GROUP asks of the chosen aggregate; a hypothetical row's values get their columns' types.
void bind_within_group(ParseState& state, Oid function, const std::string& name, std::vector<ExprPtr>& args, const CallSyntax& syntax);
/// The arguments before WITHIN GROUP become the direct ones.
void split_ordered_set(AggregateExpr& aggregate, const CallSyntax& syntax);

/// The candidates of one name, as FuncnameGetCandidates gives them.
struct Candidate {
    Oid oid = kInvalidOid;
    std::vector<Oid> args;           ///< one for each argument of the call, VARIADIC expanded
    std::vector<int> positions;      ///< named notation: argument i of the call is parameter positions[i]
    bool variadic_expanded = false;
    int defaults = 0;
    const ProcRow* builtin = nullptr;
    FunctionPtr user;
};
/// PostgreSQL's func_match_argtypes and func_select_candidate. Returns the matching ones left.
std::vector<Candidate> select_candidate(ParseState& state, const std::vector<Oid>& types,
                                        std::vector<Candidate> candidates);
std::vector<Candidate> match_arguments(ParseState& state, const std::vector<Oid>& types,
                                       const std::vector<Candidate>& candidates);
/// Resolves polymorphic parameters: replaces `declared` by actual types, returns the result type.
Oid resolve_polymorphic(ParseState& state, const std::vector<Oid>& actual, std::vector<Oid>& declared, Oid result,
                        bool allow_poly = false);
bool is_polymorphic(Oid type);

// operators.cc
ExprPtr make_operator(ParseState& state, const std::string& name, const ExprPtr& left,
                      const ExprPtr& right, int location);
/// `left op ANY/ALL (right)`.
ExprPtr make_scalar_array_op(ParseState& state, const std::string& name, bool use_or, const ExprPtr& left,
                             const ExprPtr& right, int location);
/// The btree operator of a strategy for a type (after binary coercion): pg_operator row, or nullptr.
const OperatorRow* btree_operator(ParseState& state, Oid type, int strategy);
/// Throws 42883 `could not identify an ordering operator for type json` if the type has no order.
void require_ordering(ParseState& state, Oid type, int location, bool equality_only = false);
ExprPtr make_distinct(ParseState& state, const ExprPtr& left, const ExprPtr& right, bool negate, int location);
/// row = row, row < row.
ExprPtr make_row_comparison(ParseState& state, const std::string& op, const std::vector<ExprPtr>& left,
                            const std::vector<ExprPtr>& right, int location);

// coerce.cc
enum class Coercion : char { kImplicit = 'i', kAssignment = 'a', kExplicit = 'e' };
bool can_coerce(ParseState& state, Oid from, Oid to, Coercion context);
bool can_coerce(ParseState& state, const std::vector<Oid>& from, const std::vector<Oid>& to,
                Coercion context);
bool is_binary_coercible(ParseState& state, Oid from, Oid to);
/// REQUIRES: can_coerce. The typmod is not yet applied.
ExprPtr coerce(ParseState& state, const ExprPtr& expr, Oid target, std::int32_t typmod, Coercion context,
               bool is_explicit_syntax, int location);
/// With the typmod applied; nullptr if there is no cast.
ExprPtr coerce_to_target(ParseState& state, const ExprPtr& expr, Oid target, std::int32_t typmod,
                         Coercion context, bool is_explicit_syntax, int location);
ExprPtr coerce_boolean(ParseState& state, const ExprPtr& expr, std::string_view construct);
ExprPtr coerce_integer(ParseState& state, const ExprPtr& expr, std::string_view construct);
/// select_common_type: throws 42804 "CASE types integer and text cannot be matched".
Oid common_type(ParseState& state, const std::vector<ExprPtr>& exprs, std::string_view context);
std::int32_t common_typmod(const std::vector<ExprPtr>& exprs, Oid type);
ExprPtr coerce_to_common(ParseState& state, const ExprPtr& expr, Oid type, std::string_view context);
Oid base_type(ParseState& state, Oid type, std::int32_t* typmod = nullptr);
std::string type_name(ParseState& state, Oid type);
/// "42846: cannot cast type x to y".
/// exprLocation: where an expression begins, an operator at its left side.
int expr_location(const Expr& expr);
/// exprLocation of what was parsed: where its leftmost part stands.
int written_location(const Node& node);
[[noreturn]] void throw_cannot_cast(ParseState& state, Oid from, Oid to, int location);

// bind_select.cc and its neighbours
struct SubQueryOptions {
    bool resolve_unknowns = true;
    CommonTableExpr* cte = nullptr;
    int cte_index = -1;
};
std::shared_ptr<Query> bind_sub_query(ParseState* parent, const Node& node, const BindOptions& options,
                                      const SubQueryOptions& how = {});
std::shared_ptr<Query> bind_select_statement(ParseState& state, const Node& node);
void bind_with(ParseState& state, const Node& with);
void bind_from(ParseState& state, const std::vector<Node>& items);
std::vector<TargetEntry> bind_targets(ParseState& state, const std::vector<Node>& items, Place place);
int find_or_add_sort_target(ParseState& state, const Node& node, std::vector<TargetEntry>& targets, Place place,
                            bool sql99);
int sort_group_ref(std::vector<TargetEntry>& targets, std::size_t index);
std::vector<SortKey> bind_sort(ParseState& state, const std::vector<Node>& items, std::vector<TargetEntry>& targets,
                               Place place, bool sql99 = false);
void check_grouping(ParseState& state);
/// Throws 0A000 with `message` if there is a set-returning function in `expr`.
void reject_set_functions(const ExprPtr& expr, std::string_view message);
/// Conditions of HAVING without aggregates are WHERE's, as the planner does it.
void move_having_to_where(Query& query);
/// Without aggregates and keys a row comes out whatever the tables hold: they are not read (create_degenerate_grouping_paths).
void drop_unread_tables(Query& query);
int add_relation(ParseState& state, const RelationPtr& relation, const std::string& alias,
                 const std::vector<std::string>& column_aliases, bool inherit, bool visible);
NameItem name_item(ParseState& state, int rt_index);
std::string figure_column_name(const Node& node);
RowType output_columns(const std::vector<TargetEntry>& targets);
RowType query_columns(const Query& query);
std::vector<TargetEntry> expand_star(ParseState& state, const Node& column_ref);
/// t.* or (expr).*, and the columns that stand for it in a list of expressions (transformExpressionList).
bool is_row_expansion(const Node& node);
std::vector<TargetEntry> expand_row(ParseState& state, const Node& node);

// bind_insert.cc, bind_update.cc, bind_delete.cc
std::shared_ptr<Query> bind_set_operation(ParseState& state, const Node& node);
std::shared_ptr<Query> bind_values(ParseState& state, const Node& node);
void bind_limit(ParseState& state, const Node& node);
/// "FOR UPDATE": a locking clause as messages call it.
std::string_view locking_name(const Node& clause);
void bind_windows(ParseState& state);
std::shared_ptr<Query> bind_insert(ParseState& state, const Node& node);
/// The columns that an INSERT gives values for.
struct TargetColumns {
    std::vector<int> attnos;
    std::vector<int> locations;
    bool is_explicit = false;
};
TargetColumns bind_insert_columns(const std::vector<Node>& names, const Relation& relation);
/// One row of values, coerced to `columns`, of which as many stay.
std::vector<ExprPtr> bind_insert_row(ParseState& state, const std::vector<Node>& items, const Relation& relation, TargetColumns& columns, Override override_kind);
Override override_of(const Node& node);
/// Throws 428C9: values for identity ALWAYS and generated columns are refused unless DEFAULT.
void check_insertable(const Column& column, const Expr& value, Override override_kind);
std::shared_ptr<Query> bind_update(ParseState& state, const Node& node);
std::shared_ptr<Query> bind_merge(ParseState& state, const Node& node);
std::shared_ptr<Query> bind_delete(ParseState& state, const Node& node);
enum class ViewCommand : std::uint8_t { kInsert, kUpdate, kDelete };
/// A view that a statement writes, as names for the columns of the one table behind it.
struct ViewTarget {
    RelationPtr table;
    RelationPtr shadow;                 ///< the view with what the table's columns say of values
    std::vector<int> attnos;            ///< by the view's attno - 1; 0: an expression
    std::vector<NameColumn> columns;    ///< over the result relation
    ExprPtr where;
    std::vector<ViewCheck> checks;      ///< of WITH CHECK OPTION, those of underlying views first
};
/// Whether INSTEAD OF triggers do what the statement says; the view itself is then its target.
/// Throws 42601: two columns of a view may be one of its table.
void require_different_columns(const Relation& relation, std::vector<int> attnos);
/// Throws 42P01: a trigger's transition table hides the table of its name, and a WITH item is no table.
void check_target_name(ParseState& state, const Node& range_var);
/// Throws 42P01 for the name of no table that a WITH list has further on.
void check_future_cte(ParseState& state, const Node& range_var);
bool has_instead_trigger(const Relation& view, ViewCommand command);
/// Adds the table as the result relation. Throws 55000 for a view that cannot be written.
ViewTarget bind_view_target(ParseState& state, const RelationPtr& view, ViewCommand command, bool is_checked = false);
/// What DEFAULT, or nothing at all, stands for in a view's column; nullptr: for the table's own default.
ExprPtr view_column_default(ParseState& state, const Column& column);
/// The table's column behind the view's. Throws 0A000 where there is none.
int table_column(const ViewTarget& target, int attno, ViewCommand command);
NameItem view_names(ParseState& state, const ViewTarget& target, const std::string& alias);
void bind_returning(ParseState& state, const std::vector<Node>& items);
std::vector<TargetEntry> bind_set_list(ParseState& state, const std::vector<Node>& items, const Relation& target, int rt_index);
ExprPtr coerce_to_column(ParseState& state, const ExprPtr& expr, const Column& column, int location);

}  // namespace cdcsim::pg
