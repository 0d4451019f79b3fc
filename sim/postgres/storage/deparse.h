// From the bound tree to a Program: the text of SQLite SQL for a query level, stage by stage (FROM
// and WHERE; GROUP BY; windows; targets; DISTINCT, ORDER BY, LIMIT). Mirrors postgres_fdw's deparse.c
// in what it does and grouping_planner in the order of the stages. Not for other folders.
//
// Range table entry n is r<n>, its columns c<attno>. A query level in FROM gives its non-junk
// targets as c1, c2, ... and p, which is never NULL. Scalar expressions stay ours (x(...)), except
// columns, constants and comparisons that an index can serve.
#pragma once

#include <functional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/storage/database.h"
#include "sim/postgres/storage/program.h"
#include "sim/postgres/planner/append_planner.h"
#include "sim/postgres/planner/group_planner.h"
#include "sim/postgres/planner/grouping_sets.h"
#include "sim/postgres/planner/sort_planner.h"

namespace cdcsim::pg {

class Block;

/// The state of one compilation.
struct Deparser {
    SqliteDatabase& database;
    Host& host;
    Program& program;
    /// Subqueries in FROM and branches of set operations become plans of their own: SQLite's parser
    /// takes few levels.
    bool splits_levels = false;

    /// The text of `query` as a query level below `parent` (a block number, -1: outside).
    std::string query(const Query& query, int parent);
    std::string parameter(Parameter parameter);
    std::string value(Datum value, ColumnCodec codec) {
        Parameter result;
        result.value = std::move(value);
        result.codec = codec;
        return parameter(std::move(result));
    }
    ColumnCodec codec(Oid type) { return codec_of(host, type); }
    std::string collation(Oid type) { return database.collation_of(host, type); }
};

/// A stage of a query level: what its rows come from, and how they are referred to.
struct Stage {
    std::string from, where;
    /// Vars are columns of range table entries; else only what is in `known` can be referred to.
    bool is_base = true;
    struct Known {
        ExprPtr expr;        ///< a Var, an aggregate, a window function, a GROUP BY expression
        std::string sql;
    };
    std::vector<Known> known;
    /// The order in which PostgreSQL's scan gives the rows, where the query has no other: "r1.rid".
    std::vector<std::string> heap_order;
    std::string heap_order_text() const;
    /// By what that order sorts them, as far as PostgreSQL knows.
    std::vector<OrderKey> sorted_by;
};

class Block {
  public:
    Block(Deparser& deparser, const Query& query, int parent);

    /// deparse_select.cc: the whole level. `outputs` replaces the targets (plan_rows).
    std::string select();
    std::string select_rows(const std::vector<ExprPtr>& outputs);

    // deparse_expression.cc
    std::string expression(const ExprPtr& expr, const Stage& stage);
    /// Conjuncts joined by AND, "" for none; `join_condition`: of ON.
    std::string condition(const ExprPtr& expr, const Stage& stage);
    std::string conditions(std::vector<ExprPtr> conjuncts, const Stage& stage);
    /// The arguments text of references in `expr`: for sources.
    ExprPtr collect(const ExprPtr& expr, const Stage& stage, RowInputs& inputs);
    void collect_query(const Query& query, const Stage& stage, RowInputs& inputs);
    std::string column(int rt_index, int attno, const Stage& stage);
    std::string arguments(const RowInputs& inputs);
    std::string source_arguments(const RowInputs& inputs);

    // deparse_from.cc
    Stage from_and_where();

    int number() const { return number_; }

  private:
    const RangeTableEntry& entry(int rt_index) const {
        return query_.range_table[static_cast<std::size_t>(rt_index - 1)];
    }
    ExprPtr target_expr(int sort_group_ref) const;
    ExprPtr fold(const ExprPtr& expr) { return fold_constants(expr, d_.host); }

    // deparse_expression.cc
    std::string call(const ExprPtr& expr, const Stage& stage);
    void add_input(RowInputs& inputs, int rt_index, int attno, const std::string& sql,
                   ColumnCodec codec);
    void add_reference(RowInputs& inputs, const Expr& reference, const Stage& stage);
    bool simple(const ExprPtr& expr, const Stage& stage, std::string& sql);
    bool native_comparison(const Expr& expr, const Stage& stage, std::string& sql);
    bool native_condition(const ExprPtr& expr, const Stage& stage, std::string& sql);
    void note_index_use(const ExprPtr& left, const std::string& right_sql);
    bool is_indexed(const Expr& expr) const;

    // deparse_from.cc
    /// A part of FROM. In parentheses SQLite sees their own tables only, so a join that needs others (LATERAL) is open: a row of joins.
    struct FromPart {
        std::string text;
        std::string on = {};             ///< is_open: the condition that ends it, not in `text` yet
        std::set<int> tables, needs = {};
        bool is_open = false, ends_inner = true;
        std::string whole() const { return text + (on.empty() ? "" : " ON " + on); }
    };
    FromPart from_part(const FromNode& node, Stage& stage, bool nullable);
    std::string leaf(int rt_index, Stage& stage, bool nullable);
    std::string item_text(int rt_index, Stage& stage, bool nullable);
    static std::string alias(int rt_index);
    std::string row_number(int rt_index) const { return alias(rt_index) + "." + number_of_row_[static_cast<std::size_t>(rt_index - 1)]; }
    static std::string visible(const std::string& row);
    std::string relation_leaf(int rt_index, Stage& stage, bool nullable);
    std::string scan_text(const Relation& parent, const RelationPtr& child, std::size_t sequence);
    std::string subquery_leaf(int rt_index, Stage& stage);
    std::string source_leaf(int rt_index, RowSource source, const Stage& stage);
    std::string cte_leaf(int rt_index, const Stage& stage);
    void choose_order(std::span<const ExprPtr> conjuncts, Stage& stage);
    std::string entry_order(int rt_index, const ScanPath& path);
    std::string entries_text(const ScanPath& path, int rt_index, const Stage& stage);
    ScanPath choose_scan(int rt_index, std::span<const ExprPtr> conjuncts, std::span<const OrderKey> wanted, Stage& stage);
    void note_fixed(std::span<const ExprPtr> conjuncts);
    struct GroupColumn {
        std::string name;
        Oid type = kInvalidOid;
        bool descending = false, nulls_first = false;
    };
    /// How groups are entered into a hash table.
    struct GroupsSeen {
        std::string order;       ///< of their first rows
        std::string rows = "1";  ///< of each one
    };
    std::string hashed_text(double expected, const std::vector<GroupColumn>& keys, const GroupsSeen& seen, const std::string& text);
    std::string grouped_text(const GroupPlan& plan, const std::vector<GroupColumn>& keys,
                             const GroupsSeen& seen, const std::string& text, Stage& stage);
    void add_where(Stage& stage, const std::string& condition);
    bool is_result_of_join() const;
    bool is_grouped() const { return !query_.group_by.empty() || !query_.grouping_sets.empty(); }

    // deparse_join.cc
    /// A part of the order in which the rows of a join come.
    struct OrderTerm {
        std::string sql;
        bool descending = false, nulls_first = true;
        std::string text() const;
        void reverse() {
            descending = !descending;
            nulls_first = !nulls_first;
        }
    };
    void order_of_join(std::span<const ExprPtr> conjuncts, Stage& stage);
    /// A side of a join as a FROM of its own.
    struct JoinSide {
        std::string from;
        std::vector<std::string> conditions;
        std::vector<int> tables;
        std::vector<std::vector<int>> missing;  ///< tables that outer joins in it may not find
        std::string row;                        ///< what tells its rows from each other
    };
    bool add_side(const PlanNode& node, const JoinPlan& plan, const Stage& stage, JoinSide& side);
    bool add_conditions(std::span<const ExprPtr> conditions, const Stage& stage, JoinSide& side);
    bool add_order(const PlanNode& node, const JoinPlan& plan, const Stage& stage, std::vector<OrderTerm>& terms);
    /// A side of a merge join as a sort_table; none: not possible.
    struct SortedSide {
        std::string table, row;
    };
    std::optional<SortedSide> sorted_side(const PlanNode& node, std::span<const OrderKey> keys, const JoinPlan& plan, const Stage& stage);
    bool add_merge_order(const PlanNode& node, std::span<const OrderKey> keys, const JoinPlan& plan, const Stage& stage, std::vector<OrderTerm>& terms);
    bool add_full_merge_order(const PlanNode& node, const JoinPlan& plan, const Stage& stage, std::vector<OrderTerm>& terms);
    void add_scan_order(const PlanNode& node, const Stage& stage, std::vector<OrderTerm>& terms);
    std::string missing_text(const PlanNode& node, const Stage& stage);
    std::string bucket_text(const PlanNode& node, const Stage& stage);

    // deparse_aggregate.cc
    /// What the groups are made by, and what is computed of each.
    struct Grouping {
        std::vector<ExprPtr> keys;   ///< of all sets
        std::vector<int> refs;       ///< of the keys
        std::vector<ExprPtr> aggregates, calls;  ///< calls of GROUPING
    };
    struct GroupedColumns {
        std::vector<std::string> keys;
        std::string others;
    };
    Stage aggregate_stage(Stage base);
    Grouping grouping() const;
    GroupedColumns grouped_columns(const Grouping& grouping, const Stage& base, Stage& next);
    static std::string first_seen_column(const Stage& base);
    std::string set_text(const Grouping& grouping, const GroupedColumns& sql, const std::vector<int>& set, const Stage& base, const std::string& more);
    std::string plain_groups_text(const Grouping& grouping, Stage base, Stage& next);
    std::string aggregate_call(const AggregateExpr& aggregate, const Stage& stage);
    std::string window_aggregate(const WindowExpr& window, const Stage& stage);
    // deparse_grouping_sets.cc
    std::vector<OrderKey> chain_order(const std::vector<int>& refs) const;
    std::vector<OrderKey> first_chain_order() const;
    std::string grouping_sets_text(const Grouping& grouping, Stage base, Stage& next);
    std::string hashed_sets_text(const Grouping& grouping, const std::vector<ChainedSet>& chained, const Stage& base, Stage& next);
    std::string sorted_sets_text(const Grouping& grouping, const std::vector<ChainedSet>& chained, Stage base, Stage& next);
    // deparse_window.cc
    Stage window_stage(Stage base);
    std::string window_call(const WindowExpr& window, const Stage& stage);
    /// The windows that are used, in the order in which PostgreSQL evaluates them.
    std::vector<const WindowClause*> active_windows() const;
    const WindowClause* first_window() const;
    Stage one_window_stage(const Stage& base, const WindowClause& clause, std::span<const ExprPtr> calls);
    std::string window_clause(const WindowClause& window, const Stage& stage);
    std::string partition_and_order(const WindowClause& window, const Stage& stage);
    bool is_native_frame(const WindowClause& window);
    std::string frame_offsets(const WindowClause& window, CompiledFrame& frame);
    std::string framed_call(CompiledFrame compiled, const WindowClause& clause, const std::string& args, const Stage& stage);
    /// Adds what later stages refer to: the columns of `stage` that `exprs` need, as <prefix><n>.
    std::string carry(const Stage& stage, Stage& next, const std::vector<ExprPtr>& exprs,
                      const std::function<bool(const Expr&)>& is_replaced);

    // deparse_set_operation.cc
    Stage set_operation_stage();
    std::string set_node(const SetOpNode& node);
    std::string merged_branches();
    std::string branch_text(int rt_index);
    std::string merged_text(const MergedBranch& branch);
    std::string input_text(const SetOpNode& node);
    void add_union_branches(const SetOpNode& node, bool all, std::string& text);
    std::string planned_difference(const SetOpNode& node, const SetOperationPlan& plan, const std::string& left, const std::string& right);

    // deparse_select.cc
    Stage project_keys(Stage base);
    Stage project_stage(Stage base);
    std::string finish(const Stage& stage);
    std::string first_rows_text(const Stage& stage, const std::vector<std::string>& values);
    std::string distinct_text(const GroupPlan& plan, const std::string& text, const std::string& names,
                              Stage& order);
    // deparse_sort.cc
    void add_order_key(std::vector<OrderKey>& keys, OrderKey key) const;
    std::vector<OrderKey> final_order() const;
    std::vector<SortKey> group_keys() const;
    std::vector<OrderKey> group_order() const;
    std::vector<OrderKey> window_order(const WindowClause& window) const;
    std::vector<OrderKey> wanted_order();
    double limit_rows();
    JoinWish join_wish(std::span<const OrderKey> wanted);
    GroupWish wish(std::vector<OrderKey> keys);
    std::vector<OrderKey> distinct_order() const;
    std::size_t presorted_keys(const Stage& stage, std::span<const OrderKey> keys);
    bool prefers_incremental(std::size_t presorted, std::span<const OrderKey> keys);
    Stage in_order(Stage base, std::span<const OrderKey> keys);
    Stage sorted_stage(const Stage& base, std::span<const OrderKey> keys, std::size_t presorted, bool bounded);
    bool is_sorted_first() const;
    void add_limit(CompiledSort& sort);
    std::string finish_sorted(const Stage& stage, const std::string& text, std::span<const OrderKey> keys);
    std::string limit_text();
    std::vector<ExprPtr> later_expressions() const;

    Deparser& d_;
    const Query& query_;
    int number_;
    std::vector<std::string> number_of_row_;  ///< by rt_index - 1: a column that says in which order the item gives its rows
    std::vector<TargetEntry> targets_;   ///< folded
    ExprPtr having_;
    std::vector<std::string> presence_;  ///< by rt_index - 1: a column that is NULL only without a row
    std::vector<bool> direct_;           ///< by rt_index - 1: the stored table itself
    std::vector<std::string> leaf_texts_;  ///< by rt_index - 1: in FROM
    std::vector<std::set<int>> laterals_;  ///< by rt_index - 1: the items that it looks at
    std::vector<int> scans_;             ///< by rt_index - 1: index into program.scans + 1
    int join_leaves_ = 0;
    std::vector<ExprPtr> fixed_;         ///< what WHERE says the one value of
    bool is_sorted_ = false;             ///< ORDER BY is done: its targets are computed after it
    double input_limit_ = 0;             ///< rows that groups read of their sorted input; 0: all
    bool is_unique_ = false;             ///< DISTINCT by sorting
    int sorted_stages_ = 0;
    std::vector<OrderKey> index_order_;       ///< of a merged branch: an index gives it
    std::optional<MergeAppendPlan> merge_;    ///< UNION ALL: the branches are merged, not sorted
    std::vector<std::string> nested_inputs_;  ///< set operations inside of others: names and texts for WITH
};

/// Whether the expression is the same for all rows.
bool is_fixed_value(const ExprPtr& expr);
/// Whether the level ends with a sort.
bool is_sorted_query(const Query& query);

/// " ASC NULLS LAST" and its kin.
std::string direction(bool descending, bool nulls_first);

}  // namespace cdcsim::pg
