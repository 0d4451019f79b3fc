// Which way PostgreSQL's planner reads one table: in sequence, by an index, or by a bitmap of an
// index's row pointers. The three give the rows in different orders once rows were updated: the
// heap's, the index's, and that of the line pointers where the HOT chains begin; and what an UPDATE
// or DELETE finds first, it logs first. Mirrors costsize.c, selfuncs.c (a table without statistics),
// indxpath.c and pathnode.c's add_path. Not simulated: partial indexes whose predicate follows from
// WHERE by comparing constants, BitmapAnd (its order is that of any bitmap), histograms of ANALYZE.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sim/postgres/executor/host.h"

namespace cdcsim::pg {

/// What ANALYZE has found out about a column (pg_statistic).
struct ColumnStatistics {
    double distinct = 0;            ///< stadistinct: values, or (negative) their share of the rows; 0: not known
    double null_share = 0;
};

/// What the planner knows of a table's size.
struct TableSize {
    std::uint32_t pages = 0;        ///< now
    std::uint32_t known_pages = 0;  ///< pg_class.relpages
    double known_tuples = -1;       ///< pg_class.reltuples; -1: never counted
    bool has_children = false;
    std::vector<ColumnStatistics> columns = {};  ///< by attno - 1; empty: never analysed
};

inline constexpr int kCtidAttno = -1;

enum class ScanKind : std::uint8_t { kSequential, kIndex, kBitmap };

struct ScanPath {
    ScanKind kind = ScanKind::kSequential;
    const Index* index = nullptr;   ///< kIndex: whose order the rows have
    /// The conditions that choose the index entries which are read; empty: an OR.
    std::vector<ExprPtr> boundaries;
    double startup = 0, total = 0;
    bool backward = false;          ///< kIndex: from its end
};

struct PathCost {
    double startup = 0, total = 0;
};

/// A key of a wanted order.
struct OrderKey {
    ExprPtr expr;
    bool descending = false, nulls_first = false;
};

struct OrderedScan {
    ScanPath path;
    std::size_t presorted = 0;  ///< leading keys of a wanted order that the rows have
    PathCost cost;              ///< with the sort that is left
};

/// A condition, as far as an index could serve it.
struct Clause {
    ExprPtr expr;
    int attno = 0;              ///< 0: no index can; kCtidAttno: it says where the row is
    int strategy = 0;           ///< btree's; 0: IS NULL and IS NOT NULL
    bool is_equality = false;   ///< of one value or of one of an array
    double scans = 1;           ///< array elements that are looked up one by one
    bool is_array = false, is_null_test = false;
    double selectivity = 1;
    double cost = 0;            ///< operator calls for a row
    std::vector<std::vector<Clause>> arms;  ///< of an OR
};

class TablePlanner {
  public:
    /// `rt_index`: the relation's in the conditions.
    TablePlanner(Host& host, const Relation& relation, const TableSize& size, int rt_index);

    /// An equality that is said twice counts once. REQUIRES: folded.
    void add_condition(const ExprPtr& expr);
    /// `column = value`.
    void add_equality(int attno) { clauses_.push_back(equality(attno)); }

    double tuples() const { return tuples_; }
    double rows() const { return clamp_rows_of(clauses_); }
    double selectivity(const ExprPtr& condition) const { return clause_of(condition).selectivity; }
    double width(int attno) const;
    /// How many values the column has; `is_default`: a guess.
    double distinct_values(int attno, bool& is_default) const;
    /// Whether rows that agree in these columns are one row.
    bool is_unique(std::span<const int> attnos) const;

    const std::vector<Index>& indexes() const { return relation_.indexes; }
    ScanPath sequential() const;
    /// nullopt: it serves nothing. `whole`: even if no condition chooses entries.
    std::optional<ScanPath> index_scan(const Index& index, bool whole, bool backward) const;
    std::optional<ScanPath> bitmap() const;
    /// By the places that a condition says, in their order.
    std::optional<ScanPath> tid_scan() const { return tid_path(clauses_); }
    /// The paths that survive each other; `limit`: rows that are wanted, 0: all.
    std::vector<ScanPath> paths(double limit = 0) const;
    ScanPath best(double limit = 0) const;
    /// All paths, and how far each has the wanted order.
    std::vector<OrderedScan> ordered_paths(std::span<const OrderKey> keys) const;
    /// Whether a condition says which value the column has.
    bool is_constant(const ExprPtr& expr) const;
    /// A scan by an index for each of `loops` rows whose values the columns `attnos` must equal; nullopt:
    /// no index serves any of them. `rows`: found each time.
    std::optional<ScanPath> probe(std::span<const int> attnos, double loops, double& rows) const;

  private:
    /// What an index scan costs without the heap (btcostestimate).
    struct IndexCost {
        double startup = 0, total = 0, selectivity = 1;
        double matched_cost = 0;    ///< operator calls that the index saves the heap's rows
        std::vector<ExprPtr> boundaries;
    };
    using Clauses = std::vector<Clause>;

    const ColumnStatistics* statistics_of(int attno) const;
    Clause clause_of(const ExprPtr& expr) const;
    Clause equality(int attno) const;
    double equal_selectivity(int attno) const;
    double clamp_rows_of(const Clauses& clauses) const;
    double list_selectivity(std::span<const Clause> clauses) const;
    double selectivity_of(const ExprPtr& expr) const;
    int column_of(const ExprPtr& expr) const;
    bool is_pseudo_constant(const ExprPtr& expr) const;
    void match_comparison(const FuncExpr& func, Clause& clause) const;
    /// `whole`: even if no condition chooses entries.
    std::optional<IndexCost> index_cost(const Index& index, const Clauses& clauses, double loops, bool whole = false) const;
    std::size_t presorted_keys(const Index& index, std::span<const OrderKey> keys, bool backward) const;
    ScanPath index_path(const IndexCost& cost, const Index& index, const Clauses& clauses, double loops) const;
    ScanPath bitmap_path(const IndexCost& cost, const Clauses& clauses, double loops = 1) const;
    std::optional<ScanPath> tid_path(const Clauses& clauses) const;
    std::optional<IndexCost> best_bitmap(const Clauses& clauses, double rows) const;
    std::optional<IndexCost> or_bitmap(const Clause& clause, double rows) const;
    double index_pages(const Index& index) const;
    double index_width(const Index& index) const;
    bool find_predicate(const Index& index, const Clauses& clauses, Clauses& predicate) const;
    ExprPtr of_this_relation(const ExprPtr& expr) const;

    Host& host_;
    const Relation& relation_;
    int rt_index_;
    double pages_ = 0, tuples_ = 0;
    bool is_empty_ = false;
    std::vector<ColumnStatistics> statistics_;
    Clauses clauses_;
};

/// pathnode.c's add_path: keeps the cheaper one in total, unless they are within a hundredth; then
/// the one that starts earlier. A path has `startup` and `total`.
template <typename Path>
void add_path(std::vector<Path>& paths, Path path) {
    constexpr double kFuzz = 1.01;
    for (auto old = paths.begin(); old != paths.end();) {
        bool worse = path.total > old->total * kFuzz;
        bool better = old->total > path.total * kFuzz;
        if (!worse && !better) {
            worse = path.startup > old->startup * kFuzz;
            better = old->startup > path.startup * kFuzz;
            if (!worse && !better) (path.total < old->total * (1 - 1e-10) ? better : worse) = true;
        }
        if (worse) return;
        old = paths.erase(old);
    }
    paths.push_back(std::move(path));
}

}  // namespace cdcsim::pg
