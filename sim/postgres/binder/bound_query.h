// The bound tree, statements: Query mirrors parsenodes.h's Query after parse analysis (and after
// view expansion: views are bound as subqueries).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/postgres/binder/bound_expr.h"

namespace cdcsim::pg {

struct Relation;  // catalog/objects.h

/// A node of a tree that copies of its owner copy too.
template <typename Node>
class OwnedNode : public std::unique_ptr<Node> {
  public:
    OwnedNode() = default;
    OwnedNode(std::unique_ptr<Node> node) : std::unique_ptr<Node>(std::move(node)) {}
    OwnedNode(const OwnedNode& other) : std::unique_ptr<Node>(other ? std::make_unique<Node>(*other) : nullptr) {}
    OwnedNode(OwnedNode&&) noexcept = default;
    OwnedNode& operator=(const OwnedNode& other) { return *this = OwnedNode(other); }
    OwnedNode& operator=(OwnedNode&&) noexcept = default;
    ~OwnedNode() = default;
};

enum class CommandKind : std::uint8_t { kSelect, kInsert, kUpdate, kDelete, kMerge };

struct TargetEntry {
    ExprPtr expr;
    int resno = 0;             ///< from 1; for INSERT/UPDATE the attribute number it goes to
    std::string name;
    int sort_group_ref = 0;    ///< 0: not referred to by ORDER BY, GROUP BY, DISTINCT
    bool junk = false;         ///< not part of the output (ORDER BY of an expression)
};

struct CommonTableExpr;

enum class RteKind : std::uint8_t { kRelation, kSubquery, kFunction, kValues, kCte, kTransition, kJoin };

/// A range table entry. Its columns are `columns` (attno from 1; a relation's dropped ones included).
/// kJoin entries hold only an alias: no Var refers to them.
struct RangeTableEntry {
    RteKind kind = RteKind::kRelation;
    std::string alias;
    RowType columns;

    std::shared_ptr<const Relation> relation;   ///< kRelation: a table, sequence or virtual catalog
    std::string through_view;                   ///< kRelation: the view by which it is written
    bool inherit = true;                        ///< without ONLY: children and partitions too
    std::shared_ptr<const Query> subquery;      ///< kSubquery
    bool lateral = false;                       ///< refers to earlier entries (levels_up 1)
    struct FunctionItem {
        ExprPtr call;                           ///< FuncExpr; or any expression: one row of it
        int column_count = 1;
    };
    std::vector<FunctionItem> functions;        ///< kFunction: ROWS FROM has several
    bool with_ordinality = false;               ///< one more bigint column at the end
    std::vector<std::vector<ExprPtr>> values;   ///< kValues
    int cte = -1;                               ///< kCte: index into ctes of the query `cte_levels_up` out
    int cte_levels_up = 0;
    std::shared_ptr<const Query> cte_query;     ///< kCte: what it reads; null: self_reference
    bool cte_is_recursive = false;
    bool self_reference = false;                ///< kCte inside its own recursive term
    std::shared_ptr<const Query> first_term;    ///< self_reference: the non-recursive term; null: a set operation
    std::string transition_table;               ///< kTransition: REFERENCING name
    double transition_rows = 0;                 ///< kTransition: how many it had when this was bound
};

enum class JoinType : std::uint8_t { kInner, kLeft, kRight, kFull };

/// FROM as a tree: a leaf is a range table entry, a node a join.
struct FromNode {
    int rt_index = 0;                    ///< leaf
    JoinType join = JoinType::kInner;    ///< node
    OwnedNode<FromNode> left, right;
    ExprPtr condition;                   ///< null: cross join
    bool is_leaf() const { return left == nullptr; }
};

enum class SetOp : std::uint8_t { kNone, kUnion, kIntersect, kExcept };

/// UNION/INTERSECT/EXCEPT: leaves are range table entries of kind kSubquery, whose output columns
/// already have the types of the node above. The query's targets are Vars of the leftmost leaf and
/// stand for the result's columns; ORDER BY and LIMIT apply to the result.
struct SetOpNode {
    SetOp op = SetOp::kNone;             ///< kNone: leaf
    bool all = false;
    int rt_index = 0;
    OwnedNode<SetOpNode> left, right;
    RowType columns;                     ///< the result's column types
};

enum class FrameMode : std::uint8_t { kRange, kRows, kGroups };
enum class FrameBound : std::uint8_t {
    kUnboundedPreceding, kPreceding, kCurrentRow, kFollowing, kUnboundedFollowing };
enum class FrameExclusion : std::uint8_t { kNone, kCurrentRow, kGroup, kTies };

struct WindowClause {
    std::string name;
    std::vector<int> partition_by;       ///< sort_group_refs
    std::vector<SortKey> order_by;
    FrameMode mode = FrameMode::kRange;
    FrameBound start = FrameBound::kUnboundedPreceding, end = FrameBound::kCurrentRow;
    ExprPtr start_offset, end_offset;
    Oid start_in_range = kInvalidOid, end_in_range = kInvalidOid;  ///< RANGE: what compares with the offset
    FrameExclusion exclusion = FrameExclusion::kNone;
};

struct CommonTableExpr {
    std::string name;
    std::shared_ptr<const Query> query;  ///< SELECT, or INSERT/UPDATE/DELETE with RETURNING
    bool recursive = false;
    bool materialized = false;           ///< MATERIALIZED written, or data-modifying
    bool not_materialized = false;
    int reference_count = 0;
};

enum class GroupingSetKind : std::uint8_t { kSimple, kRollup, kCube, kSets, kEmpty };

struct OnConflict {
    bool do_update = false;
    /// Arbiter indexes (oids); empty with DO NOTHING and no target: all unique indexes.
    std::vector<Oid> arbiters;
    int excluded_rt_index = 0;           ///< the EXCLUDED pseudo relation
    std::vector<TargetEntry> set;        ///< resno is the attribute number
    ExprPtr where;
};

enum class Override : std::uint8_t { kNone, kUser, kSystem };

/// WHEN [NOT] MATCHED of a MERGE; DO NOTHING is kSelect.
struct MergeAction {
    bool matched = false;
    CommandKind command = CommandKind::kSelect;
    ExprPtr condition;
    std::vector<TargetEntry> set;               ///< UPDATE: resno is the attribute number
    std::vector<int> insert_columns;            ///< INSERT: as in Query
    std::vector<ExprPtr> values;
    Override override_kind = Override::kNone;
};

/// How strongly a row is locked (LockTupleMode), and what to do if it is not free.
enum class RowLockMode : std::uint8_t { kKeyShare, kShare, kNoKeyUpdate, kUpdate };
enum class RowWait : std::uint8_t { kBlock, kSkip, kError };
struct RowMark {
    int rt_index = 0;
    RowLockMode mode = RowLockMode::kUpdate;
    RowWait wait = RowWait::kBlock;
};

/// WITH CHECK OPTION of a view that is written: what the new row must satisfy.
struct ViewCheck {
    std::string view;
    ExprPtr condition;                          ///< over the result relation
};

/// WHERE CURRENT OF.
struct CursorReference {
    std::string name;
    ExprPtr param;                              ///< a variable that has the name; nullptr: `name`
};

struct Query {
    CommandKind command = CommandKind::kSelect;
    std::vector<RangeTableEntry> range_table;   ///< Var.rt_index - 1
    std::vector<CommonTableExpr> ctes;
    bool recursive = false;
    /// Comma-separated FROM items; all are inner joined. Empty: no FROM clause.
    std::vector<FromNode> from;
    ExprPtr where;
    std::vector<TargetEntry> targets;
    std::vector<int> group_by;                  ///< sort_group_refs
    /// Expanded GROUPING SETS: each a list of sort_group_refs; empty: plain GROUP BY.
    std::vector<std::vector<int>> grouping_sets;
    ExprPtr having;
    std::vector<WindowClause> windows;
    bool distinct = false;
    std::vector<int> distinct_on;               ///< sort_group_refs; empty: plain DISTINCT
    std::vector<SortKey> order_by;
    ExprPtr limit, offset;
    bool with_ties = false;
    OwnedNode<SetOpNode> set_operations;
    bool has_aggregates = false, has_windows = false, has_target_srfs = false;
    std::vector<RowMark> row_marks;             ///< FOR UPDATE/SHARE: tables whose rows are locked

    /// DML: the target table's range table entry.
    int result_relation = 0;
    std::vector<int> insert_columns;            ///< attribute numbers in the order given
    /// INSERT: the rows come from `insert_select` or from `values` (each expression already coerced
    /// to its column's type; DefaultExpr where DEFAULT was written), in insert_columns' order.
    std::shared_ptr<const Query> insert_select;
    std::vector<ExprPtr> insert_select_coercions;  ///< over Vars (1, n) of insert_select's output
    std::vector<std::vector<ExprPtr>> values;
    Override override_kind = Override::kNone;
    std::vector<ViewCheck> view_checks;         ///< those of underlying views first
    std::optional<OnConflict> on_conflict;
    std::vector<MergeAction> merge_actions;
    std::optional<CursorReference> current_of;
    std::vector<TargetEntry> returning;         ///< empty: none
    bool has_returning = false;

    /// DISTINCT that a join with IN's subquery asks for (create_unique_path).
    bool unique_values = false;
    /// DECLARE CURSOR: planned for its first rows (cursor_tuple_fraction).
    bool for_cursor = false;
    /// Conditions `column = value` that the planner has moved into a subquery in FROM.
    std::vector<ExprPtr> known_below;

    /// A SELECT that PostgreSQL's planner may answer in another order: joins, grouping, set
    /// operations, ties. The rows are then compared as a multiset.
    bool order_unspecified = false;
};

}  // namespace cdcsim::pg
