#include "sim/postgres/planner/join_planner.h"

#include <algorithm>
#include <bit>
#include <map>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/evaluate.h"
#include "sim/postgres/planner/conditions.h"
#include "sim/postgres/planner/cost.h"
#include "sim/postgres/planner/leaf_size.h"
#include "sim/postgres/storage/heap.h"

namespace cdcsim::pg {
namespace {

using Mask = std::uint32_t;
constexpr std::size_t kMaxItems = 8;
constexpr int kEqualStrategy = 3;

struct JoinPath {
    double startup = 0, total = 0;
    PlanPtr node;
    bool is_material = false;  ///< keeps its rows
    double again = 0;          ///< is_material: what giving them again costs
};

/// A side of a condition: a column, or an expression over one item.
struct Side {
    Mask mask = 0;
    int leaf = -1, attno = 0;  ///< attno 0: an expression
    ExprPtr expr;
};

/// Columns that WHERE says to be equal (EquivalenceClass).
struct Class {
    std::vector<Side> members;
    bool has_constant = false;
};

/// A condition over several items that is no class.
struct Filter {
    Mask mask = 0;
    double selectivity = 1, cost = 1;
    std::optional<std::pair<Side, Side>> equality;
};

/// LEFT JOIN: `right` may be missing.
struct OuterJoin {
    Mask left = 0, right = 0, min_left = 0;
    std::vector<Filter> filters;  ///< of ON
};

struct JoinRelation {
    Mask mask = 0;
    double rows = 1;
    std::vector<JoinPath> paths;
    const JoinPath& cheapest() const { return *std::ranges::min_element(paths, {}, &JoinPath::total); }
};

/// The conditions that a join of two sides applies.
struct JoinClauses {
    struct Equality {
        Side outer, inner;
    };
    std::vector<Equality> equalities;
    double equality_cost = 0;  ///< operator calls
    double filter_selectivity = 1, filter_cost = 0;
    bool empty() const { return equalities.empty() && filter_cost == 0; }
};

class JoinPlanner {
  public:
    JoinPlanner(Host& host, const Query& query) : host_(host), query_(query) {}

    PlanPtr plan(std::span<const ExprPtr> conjuncts, RelationSize* size);
    std::vector<Leaf> take_leaves() { return std::move(leaves_); }

  private:
    bool add_items(const FromNode& node, Mask& mask, bool nullable);
    bool add_item(int rt_index);
    void add_conjunct(const ExprPtr& expr);
    Side side_of(const ExprPtr& expr) const;
    Mask mask_of(const ExprPtr& expr) const;
    void add_equality(const Side& a, const Side& b);
    void add_constant(const Side& side);
    std::optional<Filter> filter_of(const ExprPtr& expr) const;
    void propagate_constants();
    void reduce_outer_joins(std::span<const ExprPtr> conjuncts);
    bool is_strict_over(const ExprPtr& expr, Mask mask) const;

    JoinClauses clauses_between(Mask outer, Mask inner, const OuterJoin* outer_join) const;
    bool is_linked(Mask a, Mask b) const;
    const OuterJoin* outer_join_of(Mask a, Mask b, bool& legal, bool& reversed) const;
    double distinct(const Side& side, bool& is_default) const;
    double inner_selectivity(const JoinClauses& clauses) const;
    double in_values(Mask mask) const;
    bool is_unique_for(const JoinRelation& inner, const JoinClauses& clauses) const;

    void make_join(const JoinRelation& a, const JoinRelation& b);
    void add_paths(JoinRelation& joined, const JoinRelation& outer, const JoinRelation& inner,
                   PathJoin join, const OuterJoin* outer_join);
    struct Pair;
    double match_share(const Pair& pair) const;
    void add_nested_loops(JoinRelation& joined, const Pair& pair);
    void nested_loop(JoinRelation& joined, const Pair& pair, const JoinPath& outer,
                     const JoinPath& inner, double inner_rows, bool is_probe, double filter_cost);
    void add_hash_join(JoinRelation& joined, const Pair& pair);
    void add_merge_join(JoinRelation& joined, const Pair& pair);
    double bucket_size(const Side& side, double buckets) const;
    std::map<Mask, JoinRelation> relations_;
    std::vector<std::vector<Mask>> levels_;

    Host& host_;
    const Query& query_;
    std::vector<Leaf> leaves_;
    std::vector<Class> classes_;
    std::vector<Filter> filters_;
    std::vector<OuterJoin> outer_joins_;
};

/// Two sides about to be joined.
struct JoinPlanner::Pair {
    const JoinRelation& outer;
    const JoinRelation& inner;
    PathJoin join;
    JoinClauses clauses;
    bool inner_unique = false;
    double match_share = 1;   ///< of the outer rows that find a match
    double match_count = 1;   ///< matches of those that do
};

bool JoinPlanner::add_item(int rt_index) {
    const RangeTableEntry& rte = query_.range_table[static_cast<std::size_t>(rt_index - 1)];
    std::optional<Leaf> leaf = make_leaf(host_, query_, rte, rt_index);
    if (!leaf) return false;
    leaves_.push_back(std::move(*leaf));
    return leaves_.size() <= kMaxItems;
}

bool JoinPlanner::add_items(const FromNode& node, Mask& mask, bool nullable) {
    if (node.is_leaf()) {
        if (!add_item(node.rt_index)) return false;
        mask |= Mask{1} << (leaves_.size() - 1);
        return true;
    }
    if (node.join == JoinType::kFull) return false;
    Mask left = 0, right = 0;
    if (!add_items(*node.left, left, nullable) || !add_items(*node.right, right, nullable)) return false;
    mask |= left | right;
    std::vector<ExprPtr> conjuncts;
    if (node.condition) flatten_and(fold_constants(node.condition, host_), conjuncts);
    if (node.join == JoinType::kInner) {
        for (const ExprPtr& conjunct : conjuncts) add_conjunct(conjunct);
        return true;
    }
    OuterJoin join;
    join.left = node.join == JoinType::kLeft ? left : right;
    join.right = node.join == JoinType::kLeft ? right : left;
    for (const ExprPtr& conjunct : conjuncts) {
        std::optional<Filter> filter = filter_of(conjunct);
        if (!filter) continue;
        join.min_left |= filter->mask & join.left;
        // What looks at the missing side alone restricts it before the join.
        if ((filter->mask & ~join.right) == 0 && std::has_single_bit(filter->mask)) {
            leaves_[static_cast<std::size_t>(std::countr_zero(filter->mask))].add_condition(conjunct);
        } else {
            join.filters.push_back(std::move(*filter));
        }
    }
    if (join.min_left == 0) join.min_left = join.left;
    outer_joins_.push_back(std::move(join));
    return true;
}

Mask JoinPlanner::mask_of(const ExprPtr& expr) const {
    Mask mask = 0;
    for (int rt_index : relations_of(expr)) {
        for (std::size_t i = 0; i < leaves_.size(); ++i) {
            if (leaves_[i].rt_index == rt_index) mask |= Mask{1} << i;
        }
    }
    return mask;
}

Side JoinPlanner::side_of(const ExprPtr& expr) const {
    Side side{mask_of(expr), -1, 0, expr};
    if (std::has_single_bit(side.mask)) side.leaf = std::countr_zero(side.mask);
    ExprPtr bare = without_relabel(expr);
    if (bare->kind == ExprKind::kVar && side.leaf >= 0) side.attno = as<VarExpr>(*bare).attno;
    return side;
}

bool same_side(const Side& a, const Side& b) {
    if (a.leaf != b.leaf) return false;
    if (a.attno != 0 || b.attno != 0) return a.attno == b.attno;
    return equal_expressions(*a.expr, *b.expr);
}

void JoinPlanner::add_equality(const Side& a, const Side& b) {
    auto find = [&](const Side& side) {
        return std::ranges::find_if(classes_, [&](const Class& known) {
            return std::ranges::any_of(known.members,
                                       [&](const Side& member) { return same_side(member, side); });
        });
    };
    auto first = find(a), second = find(b);
    if (first == classes_.end() && second == classes_.end()) {
        classes_.push_back({.members = {a, b}});
    } else if (first == classes_.end()) {
        second->members.push_back(a);
    } else if (second == classes_.end()) {
        first->members.push_back(b);
    } else if (first != second) {
        first->members.insert(first->members.end(), second->members.begin(), second->members.end());
        first->has_constant = first->has_constant || second->has_constant;
        classes_.erase(second);
    }
}

/// The sides of `a = b`, if the operator is a btree's equality.
std::optional<std::pair<ExprPtr, ExprPtr>> equality_of(const ExprPtr& expr) {
    if (expr->kind != ExprKind::kFunc) return {};
    const auto& func = as<FuncExpr>(*expr);
    if (func.form != FuncForm::kOperator || func.args.size() != 2) return {};
    const BtreeOperatorRow* row = btree_row(func.op);
    if (row == nullptr || row->strategy != kEqualStrategy) return {};
    return std::pair{func.args[0], func.args[1]};
}

void JoinPlanner::add_constant(const Side& side) {
    for (Class& known : classes_) {
        if (std::ranges::any_of(known.members, [&](const Side& member) { return same_side(member, side); })) {
            known.has_constant = true;
            return;
        }
    }
    classes_.push_back({.members = {side}, .has_constant = true});
}

std::optional<Filter> JoinPlanner::filter_of(const ExprPtr& expr) const {
    Filter filter;
    filter.mask = mask_of(expr);
    filter.cost = cost_of(host_, *expr);
    if (filter.mask == 0) return {};
    filter.selectivity = kInequality;
    if (auto sides = equality_of(expr)) {
        Side a = side_of(sides->first), b = side_of(sides->second);
        if (a.mask != 0 && b.mask != 0 && (a.mask & b.mask) == 0) filter.equality.emplace(a, b);
        filter.selectivity = kRange;
    }
    return filter;
}

/// A condition of WHERE or of an inner join's ON.
void JoinPlanner::add_conjunct(const ExprPtr& expr) {
    if (contains_sublink(expr)) return;
    if (auto sides = equality_of(expr); sides && !contains_volatile(expr)) {
        Side a = side_of(sides->first), b = side_of(sides->second);
        if (a.leaf >= 0 && b.leaf >= 0 && a.leaf != b.leaf) return add_equality(a, b);
        if (a.leaf >= 0 && a.attno > 0 && b.mask == 0) add_constant(a);
        if (b.leaf >= 0 && b.attno > 0 && a.mask == 0) add_constant(b);
    }
    std::optional<Filter> filter = filter_of(expr);
    if (!filter) return;
    if (std::has_single_bit(filter->mask)) {
        leaves_[static_cast<std::size_t>(std::countr_zero(filter->mask))].add_condition(expr);
    } else {
        filters_.push_back(std::move(*filter));
    }
}

/// A column that equals one with a given value has that value too.
void JoinPlanner::propagate_constants() {
    for (const Class& known : classes_) {
        if (!known.has_constant) continue;
        for (const Side& member : known.members) {
            if (member.attno <= 0) continue;
            Leaf& leaf = leaves_[static_cast<std::size_t>(member.leaf)];
            if (!leaf.has_equality(member.attno)) leaf.add_equality(member.attno);
        }
    }
}

/// A condition that no row of NULLs passes makes the outer join below an inner one.
bool JoinPlanner::is_strict_over(const ExprPtr& expr, Mask mask) const {
    if ((mask_of(expr) & mask) == 0) return false;
    if (expr->kind == ExprKind::kNullTest) return !as<NullTestExpr>(*expr).is_null;
    if (expr->kind == ExprKind::kScalarArrayOp) return as<ScalarArrayOpExpr>(*expr).use_or;
    if (expr->kind == ExprKind::kVar) return true;
    if (expr->kind != ExprKind::kFunc || !as<FuncExpr>(*expr).strict) return false;
    return std::ranges::any_of(as<FuncExpr>(*expr).args, [&](const ExprPtr& arg) {
        ExprPtr bare = without_relabel(arg);
        return bare->kind == ExprKind::kVar ? (mask_of(bare) & mask) != 0 : is_strict_over(bare, mask);
    });
}

void JoinPlanner::reduce_outer_joins(std::span<const ExprPtr> conjuncts) {
    std::erase_if(outer_joins_, [&](OuterJoin& join) {
        bool reduced = std::ranges::any_of(conjuncts, [&](const ExprPtr& conjunct) {
            return is_strict_over(conjunct, join.right);
        });
        if (!reduced) return false;
        for (Filter& filter : join.filters) {
            if (filter.equality && filter.equality->first.leaf >= 0 && filter.equality->second.leaf >= 0) {
                add_equality(filter.equality->first, filter.equality->second);
            } else {
                filters_.push_back(std::move(filter));
            }
        }
        return true;
    });
}

bool JoinPlanner::is_linked(Mask a, Mask b) const {
    auto links = [&](Mask mask) {
        return (mask & a) != 0 && (mask & b) != 0 && (mask & ~(a | b)) == 0;
    };
    for (const Class& known : classes_) {
        Mask mask = 0;
        if (known.has_constant) continue;
        for (const Side& member : known.members) mask |= member.mask & (a | b);
        if ((mask & a) != 0 && (mask & b) != 0) return true;
    }
    for (const OuterJoin& join : outer_joins_) {
        for (const Filter& filter : join.filters) {
            if (links(filter.mask)) return true;
        }
        if ((join.right & (a | b)) == join.right && (join.min_left & (a | b)) != 0) return true;
    }
    return std::ranges::any_of(filters_, [&](const Filter& filter) { return links(filter.mask); });
}

/// The outer join that joining the two sides is, nullptr: an inner join (join_is_legal).
const OuterJoin* JoinPlanner::outer_join_of(Mask a, Mask b, bool& legal, bool& reversed) const {
    const OuterJoin* found = nullptr;
    legal = true;
    for (const OuterJoin& join : outer_joins_) {
        Mask both = a | b;
        if ((join.right & both) == 0 || (both & ~join.right) == 0) continue;
        auto contains = [](Mask set, Mask part) { return (part & ~set) == 0; };
        if (contains(a, join.min_left | join.right) || contains(b, join.min_left | join.right)) continue;
        bool forward = contains(a, join.min_left) && contains(b, join.right);
        bool backward = contains(b, join.min_left) && contains(a, join.right);
        if ((!forward && !backward) || found != nullptr) {
            legal = false;
            return nullptr;
        }
        if ((forward ? b : a) != join.right) {
            legal = false;
            return nullptr;
        }
        found = &join;
        reversed = backward;
    }
    return found;
}

JoinClauses JoinPlanner::clauses_between(Mask outer, Mask inner, const OuterJoin* outer_join) const {
    JoinClauses clauses;
    for (const Class& known : classes_) {
        if (known.has_constant) continue;
        const Side *left = nullptr, *right = nullptr;
        for (const Side& member : known.members) {
            if (left == nullptr && (member.mask & outer) != 0) left = &member;
            if (right == nullptr && (member.mask & inner) != 0) right = &member;
        }
        if (left != nullptr && right != nullptr) clauses.equalities.push_back({*left, *right});
    }
    auto add = [&](const Filter& filter) {
        if (filter.equality) {
            const auto& [a, b] = *filter.equality;
            bool forward = (a.mask & ~outer) == 0 && (b.mask & ~inner) == 0;
            bool backward = (b.mask & ~outer) == 0 && (a.mask & ~inner) == 0;
            if (forward) return clauses.equalities.push_back({a, b});
            if (backward) return clauses.equalities.push_back({b, a});
        }
        clauses.filter_selectivity *= filter.selectivity;
        clauses.filter_cost += filter.cost;
    };
    if (outer_join != nullptr) {
        for (const Filter& filter : outer_join->filters) add(filter);
    }
    for (const Filter& filter : filters_) {
        bool now = (filter.mask & ~(outer | inner)) == 0 && (filter.mask & ~outer) != 0 &&
                   (filter.mask & ~inner) != 0;
        if (now) add(filter);
    }
    for (const auto& [left, right] : clauses.equalities) {
        clauses.equality_cost += 1 + cost_of(host_, *left.expr) + cost_of(host_, *right.expr);
    }
    return clauses;
}

double JoinPlanner::distinct(const Side& side, bool& is_default) const {
    is_default = true;
    if (side.leaf < 0 || side.attno <= 0) return kDefaultDistinct;
    return leaves_[static_cast<std::size_t>(side.leaf)].distinct_values(side.attno, is_default);
}

double JoinPlanner::inner_selectivity(const JoinClauses& clauses) const {
    double result = clauses.filter_selectivity;
    for (const auto& [outer, inner] : clauses.equalities) {
        bool ignored = false;
        result /= std::max(distinct(outer, ignored), distinct(inner, ignored));
    }
    return result;
}

/// The share of outer rows that have a match. Only with the values of IN's subquery it is eqjoinsel_semi's.
double JoinPlanner::match_share(const Pair& pair) const {
    const double any = inner_selectivity(pair.clauses);
    const bool is_inner = in_values(pair.inner.mask) > 0;
    const double value_rows = in_values(is_inner ? pair.inner.mask : pair.outer.mask);
    if (value_rows == 0) return any;
    double result = pair.clauses.filter_selectivity;
    for (const auto& [outer, inner] : pair.clauses.equalities) {
        bool default_key = false, default_value = false;
        const double keys = distinct(is_inner ? outer : inner, default_key);
        double values = distinct(is_inner ? inner : outer, default_value);
        if (values >= value_rows) {
            values = value_rows;
            default_value = false;
        }
        if (default_key || default_value) {
            result *= 0.5;
        } else if (keys > values) {
            result *= values / keys;
        }
    }
    return std::min(result, value_rows * any);
}

double JoinPlanner::in_values(Mask mask) const {
    return std::has_single_bit(mask) ? leaves_[static_cast<std::size_t>(std::countr_zero(mask))].in_values : 0;
}

bool JoinPlanner::is_unique_for(const JoinRelation& inner, const JoinClauses& clauses) const {
    if (!std::has_single_bit(inner.mask)) return false;
    std::vector<int> attnos;
    for (const auto& equality : clauses.equalities) attnos.push_back(equality.inner.attno);
    const Leaf& leaf = leaves_[static_cast<std::size_t>(std::countr_zero(inner.mask))];
    for (int attno : leaf.equalities) attnos.push_back(attno);
    return leaf.is_unique(attnos);
}

void JoinPlanner::nested_loop(JoinRelation& joined, const Pair& pair, const JoinPath& outer,
                              const JoinPath& inner, double inner_rows, bool is_probe,
                              double filter_cost) {
    double outer_rows = pair.outer.rows;
    double run = inner.total - inner.startup;
    double again = inner.is_material ? inner.again : run;
    double again_start = inner.is_material ? 0 : inner.startup;
    JoinPath path;
    path.startup = outer.startup + inner.startup;
    double cost = outer.total - outer.startup;
    if (outer_rows > 1) cost += (outer_rows - 1) * again_start;
    double tuples = outer_rows * inner_rows;
    if (!pair.inner_unique) {
        cost += run;
        if (outer_rows > 1) cost += (outer_rows - 1) * again;
    } else {
        double matched = std::rint(outer_rows * pair.match_share), unmatched = outer_rows - matched;
        double share = 2 / (pair.match_count + 1);
        tuples = matched * inner_rows * share;
        if (is_probe) {
            cost += run * share;
            if (matched > 1) cost += (matched - 1) * again * share;
            cost += unmatched * again / inner_rows;
        } else {
            tuples += unmatched * inner_rows;
            cost += run;
            (unmatched > 0 ? unmatched : matched) -= 1;
            if (matched > 0) cost += matched * again * share;
            if (unmatched > 0) cost += unmatched * again;
        }
    }
    cost += (kCpuTuple + kCpuOperator * filter_cost) * tuples;
    path.total = path.startup + cost;
    auto node = std::make_shared<PlanNode>();
    node->kind = PlanNode::Kind::kNestedLoop;
    node->join = pair.join;
    node->outer = outer.node;
    node->inner = inner.node;
    path.node = std::move(node);
    add_path(joined.paths, std::move(path));
}

void JoinPlanner::add_nested_loops(JoinRelation& joined, const Pair& pair) {
    double all_cost = pair.clauses.filter_cost + pair.clauses.equality_cost;
    const JoinPath& cheapest = pair.inner.cheapest();
    for (const JoinPath& outer : pair.outer.paths) {
        nested_loop(joined, pair, outer, cheapest, pair.inner.rows, false, all_cost);
        if (std::has_single_bit(pair.inner.mask)) {
            const Leaf& leaf = leaves_[static_cast<std::size_t>(std::countr_zero(pair.inner.mask))];
            std::vector<int> attnos;
            double loops = 1e300;
            for (const auto& equality : pair.clauses.equalities) {
                if (equality.inner.attno <= 0) continue;
                attnos.push_back(equality.inner.attno);
                for (std::size_t i = 0; i < leaves_.size(); ++i) {
                    if ((equality.outer.mask >> i & 1) != 0) loops = std::min(loops, leaves_[i].rows());
                }
            }
            double rows = 1;
            if (std::optional<ScanPath> probe = leaf.probe(attnos, loops, rows)) {
                auto node = std::make_shared<PlanNode>();
                node->rt_index = leaf.rt_index;
                JoinPath inner{.startup = probe->startup, .total = probe->total, .node = nullptr};
                node->scan = std::move(*probe);
                inner.node = std::move(node);
                nested_loop(joined, pair, outer, inner, rows, true, pair.clauses.filter_cost);
            }
        }
        if (cheapest.is_material) continue;
        JoinPath material = cheapest;
        material.total += 2 * kCpuOperator * pair.inner.rows;
        material.is_material = true;
        material.again = kCpuOperator * pair.inner.rows;
        nested_loop(joined, pair, outer, material, pair.inner.rows, false, all_cost);
    }
}

/// Both sides sorted for it.
void JoinPlanner::add_merge_join(JoinRelation& joined, const Pair& pair) {
    if (pair.clauses.equalities.empty() || pair.join == PathJoin::kRight) return;
    const JoinPath &outer = pair.outer.cheapest(), &inner = pair.inner.cheapest();
    double outer_rows = pair.outer.rows, inner_rows = pair.inner.rows;
    JoinClauses merged = pair.clauses;
    merged.filter_selectivity = 1;
    double tuples = clamp_rows(inner_selectivity(merged) * outer_rows * inner_rows);
    double again = pair.inner_unique ? 0 : std::max(0.0, tuples - inner_rows);
    double ratio = 1 + again / inner_rows;
    JoinPath path;
    path.startup = outer.total + sort_start_cost(outer_rows) + inner.total + sort_start_cost(inner_rows);
    double bare = kCpuOperator * inner_rows * ratio;
    double kept = kCpuOperator * inner_rows + kCpuOperator * inner_rows * ratio;
    double cost = kCpuOperator * outer_rows;
    cost += pair.inner_unique ? kCpuOperator * inner_rows : std::min(bare, kept);
    cost += kCpuOperator * pair.clauses.equality_cost * (outer_rows + inner_rows * ratio);
    cost += (kCpuTuple + kCpuOperator * pair.clauses.filter_cost) * tuples;
    path.total = path.startup + cost;
    auto node = std::make_shared<PlanNode>();
    node->kind = PlanNode::Kind::kMergeJoin;
    node->join = pair.join;
    node->outer = outer.node;
    node->inner = inner.node;
    for (const auto& equality : pair.clauses.equalities) {
        node->merge_keys.push_back(equality.outer.expr);
        node->inner_keys.push_back(equality.inner.expr);
    }
    path.node = std::move(node);
    add_path(joined.paths, std::move(path));
}

/// estimate_hash_bucket_stats.
double JoinPlanner::bucket_size(const Side& side, double buckets) const {
    bool is_default = false;
    double values = distinct(side, is_default);
    if (side.leaf >= 0 && leaves_[static_cast<std::size_t>(side.leaf)].in_values > 0) return 1 / buckets;
    if (is_default) return 0.1;
    const Leaf& leaf = leaves_[static_cast<std::size_t>(side.leaf)];
    if (leaf.tuples() > 0) values = clamp_rows(values * leaf.rows() / leaf.tuples());
    return std::clamp(1 / std::min(values, buckets), 1e-6, 1.0);
}

void JoinPlanner::add_hash_join(JoinRelation& joined, const Pair& pair) {
    auto count = static_cast<double>(pair.clauses.equalities.size());
    if (count == 0) return;
    const JoinPath &outer = pair.outer.cheapest(), &inner = pair.inner.cheapest();
    double outer_rows = pair.outer.rows, inner_rows = pair.inner.rows;
    double buckets = static_cast<double>(
        std::bit_ceil(static_cast<std::uint64_t>(std::max(1024.0, std::ceil(inner_rows)))));
    double bucket = 1;
    for (const auto& equality : pair.clauses.equalities) {
        bucket = std::min(bucket, bucket_size(equality.inner, buckets));
    }
    JoinPath path;
    path.startup = outer.startup + inner.total + (kCpuOperator * count + kCpuTuple) * inner_rows;
    double cost = outer.total - outer.startup + kCpuOperator * count * outer_rows;
    double compare = kCpuOperator * pair.clauses.equality_cost, tuples = 0;
    if (pair.inner_unique) {
        double matched = std::rint(outer_rows * pair.match_share);
        double share = 2 / (pair.match_count + 1);
        cost += compare * matched * clamp_rows(inner_rows * bucket * share) * 0.5;
        cost += compare * (outer_rows - matched) * clamp_rows(inner_rows / buckets) * 0.05;
        tuples = matched;
    } else {
        cost += compare * outer_rows * clamp_rows(inner_rows * bucket) * 0.5;
        JoinClauses hashed = pair.clauses;
        hashed.filter_selectivity = 1;
        tuples = clamp_rows(inner_selectivity(hashed) * outer_rows * inner_rows);
    }
    cost += (kCpuTuple + kCpuOperator * pair.clauses.filter_cost) * tuples;
    path.total = path.startup + cost;
    auto node = std::make_shared<PlanNode>();
    node->kind = PlanNode::Kind::kHashJoin;
    node->join = pair.join;
    node->outer = outer.node;
    node->inner = inner.node;
    node->buckets = static_cast<std::uint32_t>(buckets);
    for (const auto& equality : pair.clauses.equalities) node->hash_keys.push_back(equality.inner.expr);
    path.node = std::move(node);
    add_path(joined.paths, std::move(path));
}

void JoinPlanner::add_paths(JoinRelation& joined, const JoinRelation& outer, const JoinRelation& inner,
                            PathJoin join, const OuterJoin* outer_join) {
    Pair pair{outer, inner, join, clauses_between(outer.mask, inner.mask, outer_join)};
    pair.inner_unique = is_unique_for(inner, pair.clauses);
    if (pair.inner_unique) {
        pair.match_share = match_share(pair);
        double any = inner_selectivity(pair.clauses);
        if (pair.match_share > 0) {
            pair.match_count = std::max(1.0, any * inner.rows / pair.match_share);
        }
    }
    add_merge_join(joined, pair);
    if (join != PathJoin::kRight) add_nested_loops(joined, pair);
    add_hash_join(joined, pair);
}

void JoinPlanner::make_join(const JoinRelation& a, const JoinRelation& b) {
    bool legal = true, reversed = false;
    const OuterJoin* outer_join = outer_join_of(a.mask, b.mask, legal, reversed);
    if (!legal) return;
    const JoinRelation &left = reversed ? b : a, &right = reversed ? a : b;
    auto [it, is_new] = relations_.try_emplace(a.mask | b.mask);
    JoinRelation& joined = it->second;
    if (is_new) {
        joined.mask = a.mask | b.mask;
        levels_[static_cast<std::size_t>(std::popcount(joined.mask))].push_back(joined.mask);
        JoinClauses clauses = clauses_between(left.mask, right.mask, outer_join);
        double rows = left.rows * right.rows * inner_selectivity(clauses);
        if (outer_join != nullptr) rows = std::max(rows, left.rows);
        joined.rows = clamp_rows(rows);
    }
    PathJoin forward = outer_join != nullptr ? PathJoin::kLeft : PathJoin::kInner;
    PathJoin backward = outer_join != nullptr ? PathJoin::kRight : PathJoin::kInner;
    add_paths(joined, left, right, forward, outer_join);
    add_paths(joined, right, left, backward, outer_join);
}

/// standard_join_search over what was collected.
PlanPtr JoinPlanner::plan(std::span<const ExprPtr> conjuncts, RelationSize* size) {
    bool has_result = query_.command == CommandKind::kUpdate || query_.command == CommandKind::kDelete;
    auto is_result = [&](const FromNode& node) {
        return node.is_leaf() && node.rt_index == query_.result_relation;
    };
    if (has_result && std::ranges::none_of(query_.from, is_result)) {
        if (!add_item(query_.result_relation)) return nullptr;
    }
    for (const FromNode& node : query_.from) {
        Mask mask = 0;
        if (!add_items(node, mask, false)) return nullptr;
    }
    reduce_outer_joins(conjuncts);
    for (const ExprPtr& conjunct : conjuncts) {
        // Over what an outer join may miss, a condition comes after that join.
        Mask mask = mask_of(conjunct);
        bool is_late = std::ranges::any_of(outer_joins_, [&](const OuterJoin& join) {
            return (join.right & mask) != 0;
        });
        if (!is_late) add_conjunct(conjunct);
    }
    propagate_constants();
    levels_.assign(leaves_.size() + 1, {});
    for (std::size_t i = 0; i < leaves_.size(); ++i) {
        JoinRelation relation{Mask{1} << i, leaves_[i].rows(), {}};
        for (const ScanPath& scan : leaves_[i].paths()) {
            auto node = std::make_shared<PlanNode>();
            node->rt_index = leaves_[i].rt_index;
            node->scan = scan;
            relation.paths.push_back({scan.startup, scan.total, node, leaves_[i].is_material, leaves_[i].again});
        }
        levels_[1].push_back(relation.mask);
        relations_.emplace(relation.mask, std::move(relation));
    }
    for (std::size_t level = 2; level <= leaves_.size(); ++level) {
        auto join_linked = [&](bool any) {
            for (std::size_t small = 1; small <= level / 2; ++small) {
                std::size_t big = level - small;
                for (std::size_t i = 0; i < levels_[big].size(); ++i) {
                    std::size_t first = big == small ? i + 1 : 0;
                    for (std::size_t j = first; j < levels_[small].size(); ++j) {
                        Mask a = levels_[big][i], b = levels_[small][j];
                        if ((a & b) != 0 || (!any && !is_linked(a, b))) continue;
                        make_join(relations_.at(a), relations_.at(b));
                    }
                }
            }
        };
        join_linked(false);
        if (levels_[level].empty()) join_linked(true);
        if (levels_[level].empty()) return nullptr;
    }
    const JoinRelation& all = relations_.at(levels_.back().front());
    const JoinPath& best = all.cheapest();
    if (size != nullptr) *size = {all.rows, best.startup, best.total, {}};
    return best.node;
}

}  // namespace

PlanPtr plan_joins(Host& host, const Query& query, std::span<const ExprPtr> conjuncts,
                   RelationSize* size, std::vector<Leaf>* leaves) {
    JoinPlanner planner(host, query);
    PlanPtr plan = planner.plan(conjuncts, size);
    if (leaves != nullptr) *leaves = planner.take_leaves();
    return plan;
}

}  // namespace cdcsim::pg
