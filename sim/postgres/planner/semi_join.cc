#include "sim/postgres/planner/semi_join.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "sim/postgres/planner/conditions.h"
#include "sim/postgres/planner/cost.h"
#include "sim/postgres/planner/sort_planner.h"

namespace cdcsim::pg {
namespace {

constexpr double kNever = 1e300;

struct Input {
    double rows = 1, startup = 0, total = 0;
};

/// How many rows of the outer side find a match, and how many each.
struct Matches {
    double share = 1, count = 1;
    double any = 1;  ///< selectivity of the join
    double scanned() const { return 2 / (count + 1); }
};

int attno_of(const ExprPtr& expr) {
    ExprPtr bare = without_relabel(expr);
    return bare->kind == ExprKind::kVar && as<VarExpr>(*bare).levels_up == 0 ? as<VarExpr>(*bare).attno : 0;
}

struct Distinct {
    double values = kDefaultDistinct;
    bool is_default = true;
};

Distinct distinct_of(std::span<const Leaf> leaves, const ExprPtr& expr) {
    Distinct result;
    const int attno = attno_of(expr);
    const auto read = relations_of(expr);
    if (read.size() != 1) return result;
    for (const Leaf& leaf : leaves) {
        if (leaf.rt_index != *read.begin()) continue;
        result.values = attno != 0 ? leaf.distinct_values(attno, result.is_default) : leaf.distinct_results(expr->type, result.is_default);
    }
    return result;
}

class SemiJoin {
  public:
    /// `tables`: what the rows that look for a match are joined of.
    SemiJoin(Host& host, std::span<const Leaf> tables, std::span<const ExprPtr> keys, const Query& values)
        : host_(host), tables_(tables), keys_(keys), values_(values) {}

    /// Of one table.
    bool reads_values_first() {
        const std::vector<ScanPath> paths = table().paths();
        const ScanPath& path = *std::ranges::min_element(paths, {}, &ScanPath::total);
        const std::optional<double> by_row = cost_by_row({table().rows(), path.startup, path.total});
        if (!by_row) return false;
        value_matches_ = {.share = matches_.share, .count = std::max(1.0, matches_.any * outer_.rows / matches_.share), .any = matches_.any};
        return std::min(values_probed(), values_hashed()) < *by_row;
    }

    std::optional<double> cost_by_row(const Input& outer) {
        std::optional<RelationSize> size = size_of_from(host_, values_, leaves_);
        if (!size) return {};
        all_ = {size->rows, size->startup, size->total};
        for (const TargetEntry& target : values_.targets) exprs_.push_back(target.expr);
        count_ = static_cast<double>(exprs_.size());
        unique_ = unique_values(*size);
        outer_ = outer;
        matches_ = matches_of(tables_, keys_, leaves_, exprs_, all_.rows);
        return std::min({hashed(outer_, all_, matches_, bucket_of_values()), hashed(outer_, unique_, matches_, 0), scanned(), probed()});
    }

  private:
    const Leaf& table() const { return tables_[0]; }

    /// create_unique_path.
    Input unique_values(const RelationSize& size) {
        Input unique;
        unique.rows = group_count(host_, exprs_, size, leaves_);
        const double compare = kCpuOperator * count_ * size.rows;
        unique.startup = size.total + compare;
        unique.total = unique.startup + kCpuTuple * unique.rows;
        PathCost sorted = sort_cost(size.total, size.rows, 0);
        if (sorted.total + compare <= unique.total) unique = {unique.rows, sorted.startup, sorted.total + compare};
        return unique;
    }

    /// compute_semi_anti_join_factors, with eqjoinsel_inner and eqjoinsel_semi.
    static Matches matches_of(std::span<const Leaf> lefts, std::span<const ExprPtr> left_keys, std::span<const Leaf> rights,
                              std::span<const ExprPtr> right_keys, double right_rows) {
        Matches matches;
        double any = 1;
        for (std::size_t i = 0; i < left_keys.size(); ++i) {
            Distinct left = distinct_of(lefts, left_keys[i]), right = distinct_of(rights, right_keys[i]);
            any /= std::max(left.values, right.values);
            if (right.values >= right_rows) right = {right_rows, false};
            if (left.is_default || right.is_default) {
                matches.share *= 0.5;
            } else if (left.values > right.values) {
                matches.share *= right.values / left.values;
            }
        }
        matches.any = any;
        matches.share = std::min(matches.share, any * right_rows);
        matches.count = std::max(1.0, any * right_rows / matches.share);
        return matches;
    }

    double bucket_of_values() const {
        double bucket = 1;
        for (const ExprPtr& expr : exprs_) bucket = std::min(bucket, bucket_size(distinct_of(leaves_, expr)));
        return bucket;
    }

    double bucket_of_table() const {
        double bucket = 1;
        for (const ExprPtr& key : keys_) bucket = std::min(bucket, bucket_size(distinct_of(tables_, key)));
        return bucket;
    }

    static double bucket_size(const Distinct& distinct) { return distinct.is_default ? 0.1 : std::clamp(1 / distinct.values, 1e-6, 1.0); }

    /// `bucket` 0: no value is in the inner side twice.
    double hashed(const Input& outer, const Input& inner, const Matches& matches, double bucket) const {
        const auto buckets = static_cast<double>(std::bit_ceil(static_cast<std::uint64_t>(std::max(1024.0, std::ceil(inner.rows)))));
        const double compare = kCpuOperator * count_, matched = std::rint(outer.rows * matches.share);
        double cost = outer.total + inner.total + (compare + kCpuTuple) * inner.rows + compare * outer.rows;
        cost += compare * matched * clamp_rows(inner.rows * (bucket > 0 ? bucket : 1 / buckets) * matches.scanned()) * 0.5;
        cost += compare * (outer.rows - matched) * clamp_rows(inner.rows / buckets) * 0.05;
        return cost + kCpuTuple * matched;
    }

    /// A nested loop over the kept values.
    double scanned() const {
        const double matched = std::rint(outer_.rows * matches_.share), unmatched = outer_.rows - matched, again = kCpuOperator * all_.rows;
        double cost = outer_.total + all_.total + 2 * kCpuOperator * all_.rows;
        cost += std::max(0.0, matched * matches_.scanned() + unmatched - 1) * again;
        return cost + (kCpuTuple + kCpuOperator * count_) * (matched * all_.rows * matches_.scanned() + unmatched * all_.rows);
    }

    /// A nested loop that looks each row up in an index of the subquery's table.
    double probed() const {
        if (leaves_.size() != 1) return kNever;
        double rows = 1;
        std::optional<ScanPath> probe = leaves_[0].probe(attnos(exprs_), outer_.rows, rows);
        if (!probe) return kNever;
        return probed(outer_, *probe, rows, matches_);
    }

    static double probed(const Input& outer, const ScanPath& probe, double rows, const Matches& matches) {
        const double matched = std::rint(outer.rows * matches.share), unmatched = outer.rows - matched, run = probe.total - probe.startup;
        double cost = outer.total + outer.rows * probe.startup + run * matches.scanned();
        if (matched > 1) cost += (matched - 1) * run * matches.scanned();
        return cost + unmatched * run / rows + kCpuTuple * matched * rows * matches.scanned();
    }

    bool is_key_unique() const {
        std::vector<int> columns = attnos(keys_);
        columns.insert(columns.end(), table().equalities.begin(), table().equalities.end());
        return table().is_unique(columns);
    }

    double values_hashed() const {
        if (is_key_unique()) return hashed(unique_, outer_, value_matches_, bucket_of_table());
        const double compare = kCpuOperator * count_;
        double cost = unique_.total + outer_.total + (compare + kCpuTuple) * outer_.rows + compare * unique_.rows;
        cost += compare * unique_.rows * clamp_rows(outer_.rows * bucket_of_table()) * 0.5;
        return cost + kCpuTuple * clamp_rows(value_matches_.any * unique_.rows * outer_.rows);
    }

    double values_probed() const {
        double rows = 1;
        std::optional<ScanPath> probe = table().probe(attnos(keys_), value_loops(host_, values_, leaves_), rows);
        if (!probe) return kNever;
        if (!is_key_unique()) return unique_.total + unique_.rows * probe->total + kCpuTuple * unique_.rows * rows;
        return probed(unique_, *probe, rows, value_matches_);
    }

    static std::vector<int> attnos(std::span<const ExprPtr> exprs) {
        std::vector<int> result;
        for (const ExprPtr& expr : exprs) {
            if (attno_of(expr) != 0) result.push_back(attno_of(expr));
        }
        return result;
    }

    Host& host_;
    std::span<const Leaf> tables_;
    std::span<const ExprPtr> keys_;
    const Query& values_;
    std::vector<Leaf> leaves_;
    std::vector<ExprPtr> exprs_;
    double count_ = 1;
    Input all_, unique_, outer_;
    Matches matches_, value_matches_;
};

}  // namespace

bool are_unique(Host& host, const Query& values) {
    std::vector<Leaf> leaves;
    if (!size_of_from(host, values, leaves) || leaves.size() != 1) return false;
    std::vector<int> columns = leaves[0].equalities;
    for (const TargetEntry& target : values.targets) {
        if (attno_of(target.expr) != 0) columns.push_back(attno_of(target.expr));
    }
    return leaves[0].is_unique(columns);
}

bool reads_values_first(Host& host, const Leaf& table, std::span<const ExprPtr> keys, const Query& values) {
    return SemiJoin(host, {&table, 1}, keys, values).reads_values_first();
}

std::optional<double> cost_by_row(Host& host, const RelationSize& rows, std::span<const Leaf> tables, std::span<const ExprPtr> keys, const Query& values) {
    return SemiJoin(host, tables, keys, values).cost_by_row({rows.rows, rows.startup, rows.total});
}

}  // namespace cdcsim::pg
