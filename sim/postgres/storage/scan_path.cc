#include "sim/postgres/storage/scan_path.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/catalog/builtin.h"
#include "sim/postgres/storage/conditions.h"
#include "sim/postgres/type/canonical.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

constexpr double kSeqPage = 1, kRandomPage = 4, kCpuTuple = 0.01, kCpuIndexTuple = 0.005,
                 kCpuOperator = 0.0025;
constexpr double kEqualRows = 200;             // DEFAULT_NUM_DISTINCT
constexpr double kInequality = 1.0 / 3;        // DEFAULT_INEQ_SEL
constexpr double kRange = 0.005;               // DEFAULT_RANGE_INEQ_SEL, DEFAULT_UNK_SEL
constexpr double kFunction = 1.0 / 3, kOperator = 0.5;
constexpr int kEqualStrategy = 3;

double clamp_rows(double rows) { return rows <= 1 ? 1 : std::rint(rows); }

// Widths (get_rel_data_width, get_typavgwidth).

double varlena_width(Oid type, std::int32_t typmod) {
    constexpr std::int32_t kHeader = 4, kBytesPerCharacter = 4;
    if (typmod < 0) return 32;
    double width = -1;
    if (type == oid::kBpchar || type == oid::kVarchar) {
        width = (typmod - kHeader) * kBytesPerCharacter + kHeader;
    } else if (type == oid::kNumeric) {
        width = 8 + 2 * ((((typmod - kHeader) >> 16 & 0xFFFF) + 6) / 4);
    } else if (type == oid::kBit || type == oid::kVarbit) {
        width = (typmod + 7) / 8 + 8;
    }
    if (width <= 0) return 32;
    if (type == oid::kBpchar || width <= 32) return width;
    return 32 + std::floor(((width < 1000 ? width : 1000) - 32) / 2);
}

double column_width(Host& host, const Column& column) {
    const TypeInfo& type = base_type(host, host.type(column.type));
    if (type.length > 0) return type.length;
    return varlena_width(type.oid, column.type == type.oid ? column.typmod : -1);
}

double tuples_per_page(Host& host, const Relation& relation) {
    double width = 28;  // tuple header and line pointer
    for (const Column& column : relation.columns) {
        if (!column.dropped) width += column_width(host, column);
    }
    return std::floor((8192 - 24) / width);
}

/// A condition, as far as an index could serve it.
struct Clause {
    ExprPtr expr;
    int attno = 0;              ///< 0: no index can
    int strategy = 0;           ///< btree's; 0: IS NULL and IS NOT NULL
    bool is_equality = false;   ///< of one value or of one of an array
    double scans = 1;           ///< array elements that are looked up one by one
    bool is_array = false, is_null_test = false;
    double selectivity = 1;
    double cost = 0;            ///< operator calls for a row
    std::vector<std::vector<Clause>> arms;  ///< of an OR
};

struct Path {
    ScanKind kind = ScanKind::kSequential;
    double startup = 0, total = 0;
    const Index* index = nullptr;
    std::vector<ExprPtr> boundaries;
};

/// What an index scan costs without the heap (btcostestimate).
struct IndexCost {
    double startup = 0, total = 0, selectivity = 1;
    double matched_cost = 0;    ///< operator calls that the index saves the heap's rows
    std::vector<ExprPtr> boundaries;
};

class Planner {
  public:
    Planner(Host& host, const Relation& relation, const TableSize& size, int rt_index)
        : host_(host), relation_(relation), rt_index_(rt_index) {
        pages_ = size.pages;
        if (size.pages < 10 && size.known_tuples < 0 && !size.has_children) pages_ = 10;
        if (pages_ > 0) {
            double density = size.known_tuples >= 0 && size.known_pages > 0
                                 ? size.known_tuples / size.known_pages
                                 : tuples_per_page(host, relation);
            tuples_ = std::rint(density * pages_);
        }
        is_empty_ = size.pages == 0;
    }

    Clause clause_of(const ExprPtr& expr);
    Clause equality(int attno) {
        Clause clause;
        clause.attno = attno;
        clause.strategy = kEqualStrategy;
        clause.is_equality = true;
        clause.selectivity = equal_selectivity(attno);
        clause.cost = 1;
        return clause;
    }
    ScanPath choose(const std::vector<Clause>& clauses, double limit);

  private:
    double equal_selectivity(int attno) const;
    double list_selectivity(std::span<const Clause> clauses) const;
    double selectivity_of(const ExprPtr& expr);
    int column_of(const ExprPtr& expr) const;
    bool is_pseudo_constant(const ExprPtr& expr) const;
    void match_comparison(const FuncExpr& func, Clause& clause);
    std::optional<IndexCost> index_cost(const Index& index, const std::vector<Clause>& clauses) const;
    Path index_path(const IndexCost& cost, const Index& index, double condition_cost) const;
    Path bitmap_path(const IndexCost& cost, double condition_cost) const;
    std::optional<IndexCost> best_bitmap(const std::vector<Clause>& clauses) const;
    std::optional<IndexCost> or_bitmap(const Clause& clause) const;
    double index_pages(const Index& index) const;

    Host& host_;
    const Relation& relation_;
    int rt_index_;
    double pages_ = 0, tuples_ = 0, rows_ = 1;
    bool is_empty_ = false;
};

int Planner::column_of(const ExprPtr& expr) const {
    ExprPtr bare = without_relabel(expr);
    if (bare->kind != ExprKind::kVar) return 0;
    const auto& var = as<VarExpr>(*bare);
    return var.levels_up == 0 && var.rt_index == rt_index_ && var.attno > 0 ? var.attno : 0;
}

bool Planner::is_pseudo_constant(const ExprPtr& expr) const {
    return relations_of(expr).empty() && !contains_volatile(expr);
}

double Planner::equal_selectivity(int attno) const {
    bool is_unique = std::ranges::any_of(relation_.indexes, [&](const Index& index) {
        return index.unique && !index.predicate && index.keys.size() == 1 &&
               index.keys.front().attno == attno;
    });
    if (is_unique) return tuples_ >= 1 ? 1 / tuples_ : 1;
    const Column& column = relation_.columns[static_cast<std::size_t>(attno - 1)];
    if (column.type == oid::kBool) return 0.5;
    if (tuples_ <= 0) return 1 / kEqualRows;
    return 1 / std::min(kEqualRows, clamp_rows(tuples_));
}

/// clauselist_selectivity: conditions are independent, but for the two bounds of a range.
double Planner::list_selectivity(std::span<const Clause> clauses) const {
    struct Bounds {
        bool low = false, high = false;
    };
    std::vector<Bounds> bounds(relation_.columns.size() + 1);
    double result = 1;
    for (const Clause& clause : clauses) {
        bool is_bound = clause.attno > 0 && clause.strategy != 0 && !clause.is_equality;
        if (!is_bound) {
            result *= clause.selectivity;
        } else if (clause.strategy < kEqualStrategy) {
            bounds[static_cast<std::size_t>(clause.attno)].high = true;
        } else {
            bounds[static_cast<std::size_t>(clause.attno)].low = true;
        }
    }
    for (const Bounds& bound : bounds) {
        if (bound.low && bound.high) result *= kRange;
        if (bound.low != bound.high) result *= kInequality;
    }
    return std::clamp(result, 0.0, 1.0);
}

double Planner::selectivity_of(const ExprPtr& expr) {
    switch (expr->kind) {
        case ExprKind::kFunc:
        case ExprKind::kScalarArrayOp:
        case ExprKind::kNullTest:
        case ExprKind::kRowCompare: return clause_of(expr).selectivity;
        case ExprKind::kVar: return 0.5;
        case ExprKind::kBool: {
            const auto& node = as<BoolExpr>(*expr);
            if (node.op == BoolOp::kNot) return 1 - selectivity_of(node.args.front());
            double result = node.op == BoolOp::kAnd ? 1 : 0;
            for (const ExprPtr& arg : node.args) {
                double one = selectivity_of(arg);
                result = node.op == BoolOp::kAnd ? result * one : result + one - result * one;
            }
            return result;
        }
        default: return kOperator;
    }
}

void Planner::match_comparison(const FuncExpr& func, Clause& clause) {
    clause.selectivity = func.op == kInvalidOid ? kFunction : kOperator;
    if (func.form != FuncForm::kOperator || func.args.size() != 2) return;
    const BtreeOperatorRow* row = btree_row(func.op);
    if (row == nullptr) {
        const OperatorRow* op = find_builtin_operator(func.op);
        if (op != nullptr && op->name == "<>" && column_of(func.args[0]) > 0) {
            clause.selectivity = 1 - equal_selectivity(column_of(func.args[0]));
        }
        return;
    }
    bool commuted = column_of(func.args[0]) == 0;
    int attno = column_of(func.args[commuted ? 1 : 0]);
    clause.selectivity = row->strategy == kEqualStrategy ? kRange : kInequality;
    if (attno == 0 || !is_pseudo_constant(func.args[commuted ? 0 : 1])) return;
    clause.attno = attno;
    clause.strategy = commuted ? 6 - row->strategy : row->strategy;
    clause.is_equality = clause.strategy == kEqualStrategy;
    if (clause.is_equality) clause.selectivity = equal_selectivity(attno);
}

Clause Planner::clause_of(const ExprPtr& expr) {
    Clause clause;
    clause.expr = expr;
    clause.cost = cost_of(host_, *expr);
    clause.selectivity = kOperator;
    switch (expr->kind) {
        case ExprKind::kFunc: match_comparison(as<FuncExpr>(*expr), clause); break;
        case ExprKind::kScalarArrayOp: {
            const auto& op = as<ScalarArrayOpExpr>(*expr);
            const BtreeOperatorRow* row = btree_row(op.op);
            double length = array_length(host_, op.right);
            if (row == nullptr || row->strategy != kEqualStrategy || !op.use_or) break;
            int attno = column_of(op.left);
            if (attno == 0 || !is_pseudo_constant(op.right)) break;
            clause.attno = attno;
            clause.strategy = kEqualStrategy;
            clause.is_equality = clause.is_array = true;
            clause.scans = std::max(1.0, length);
            clause.selectivity = std::min(1.0, equal_selectivity(attno) * length);
            break;
        }
        case ExprKind::kNullTest: {
            const auto& test = as<NullTestExpr>(*expr);
            clause.cost = 0;
            clause.selectivity = test.is_null ? kRange : 1 - kRange;
            if (test.arg_is_row) break;
            clause.attno = column_of(test.arg);
            clause.is_null_test = true;
            break;
        }
        case ExprKind::kRowCompare: {
            const auto& row = as<RowCompareExpr>(*expr);
            clause.selectivity = kInequality;
            for (const auto& pair : row.pairs) {
                if (!is_pseudo_constant(pair.right)) return clause;
            }
            clause.attno = column_of(row.pairs.front().left);
            clause.strategy = row.strategy;
            break;
        }
        case ExprKind::kVar:
        case ExprKind::kBool: {
            bool negated = expr->kind == ExprKind::kBool && as<BoolExpr>(*expr).op == BoolOp::kNot;
            clause.selectivity = selectivity_of(expr);
            int attno = column_of(negated ? as<BoolExpr>(*expr).args.front() : expr);
            if (attno > 0) {
                clause.attno = attno;
                clause.strategy = kEqualStrategy;
                clause.is_equality = true;
            } else if (expr->kind == ExprKind::kBool && as<BoolExpr>(*expr).op == BoolOp::kOr) {
                for (const ExprPtr& arg : as<BoolExpr>(*expr).args) {
                    std::vector<ExprPtr> conjuncts;
                    flatten_and(arg, conjuncts);
                    auto& arm = clause.arms.emplace_back();
                    for (const ExprPtr& conjunct : conjuncts) arm.push_back(clause_of(conjunct));
                }
            }
            break;
        }
        default: break;
    }
    return clause;
}

/// The metapage and, once there are rows, the leaves of a tree that was filled in order.
double Planner::index_pages(const Index& index) const {
    if (is_empty_) return 1;
    double width = 0;
    for (const IndexKey& key : index.keys) {
        width += key.attno > 0
                     ? column_width(host_, relation_.columns[static_cast<std::size_t>(key.attno - 1)])
                     : 8;
    }
    double entry = 8 * std::ceil((8 + width) / 8) + 4;
    double leaves = std::ceil(tuples_ * entry / (8152 * 0.9));
    // An estimate of ten pages is made for a table that may have but a few rows.
    if (pages_ <= 10) leaves = 1;
    return 1 + std::max(1.0, leaves);
}

std::optional<IndexCost> Planner::index_cost(const Index& index,
                                             const std::vector<Clause>& clauses) const {
    if (index.method != "btree" || !index.valid) return {};
    IndexCost cost;
    if (index.predicate) {
        bool implied = std::ranges::any_of(clauses, [&](const Clause& clause) {
            return clause.expr && equal_expressions(*clause.expr, *index.predicate->expr);
        });
        if (!implied) return {};
    }
    std::vector<Clause> all, bounds;
    bool is_bounded = true, ends_in_equality = false;
    double scans = 1;
    std::size_t bound_columns = 0;
    bool has_array = false, has_null_test = false;
    for (const IndexKey& key : index.keys) {
        bool equal = false, any = false;
        for (const Clause& clause : clauses) {
            if (key.attno <= 0 || clause.attno != key.attno) continue;
            all.push_back(clause);
            cost.matched_cost += clause.cost;
            if (!is_bounded) continue;
            any = true;
            bounds.push_back(clause);
            cost.boundaries.push_back(clause.expr);
            if (clause.is_equality || clause.is_null_test) equal = true;
            if (clause.is_array) {
                has_array = true;
                scans *= clause.scans;
            }
            has_null_test = has_null_test || clause.is_null_test;
        }
        if (is_bounded && any) ++bound_columns;
        ends_in_equality = equal;
        if (!equal) is_bounded = false;
    }
    if (all.empty()) return {};
    cost.selectivity = list_selectivity(all);
    double entries = 1;
    if (!(index.unique && bound_columns == index.keys.size() && ends_in_equality && !has_array &&
          !has_null_test)) {
        entries = std::rint(list_selectivity(bounds) * tuples_ / scans);
    }
    entries = std::max(1.0, std::min(entries, tuples_));
    double pages = index_pages(index);
    double read = pages > 1 && tuples_ > 1 ? std::ceil(entries * pages / tuples_) : 1;
    if (scans > 1) {
        // Mackert and Lohman, with everything in the cache.
        double fetched = read * scans, known = std::max(1.0, pages);
        read = std::min(known, std::ceil(2 * known * fetched / (2 * known + fetched)));
    }
    cost.total = read * kRandomPage +
                 entries * scans * (kCpuIndexTuple + kCpuOperator * static_cast<double>(all.size()));
    double height = pages > 2 ? 1 : 0;
    double descent = (height + 1) * 50 * kCpuOperator;
    if (tuples_ > 1) descent += std::ceil(std::log2(tuples_)) * kCpuOperator;
    cost.startup = descent;
    cost.total += scans * descent;
    return cost;
}

Path Planner::index_path(const IndexCost& cost, const Index& index, double condition_cost) const {
    double fetched = clamp_rows(cost.selectivity * tuples_);
    double known = std::max(1.0, pages_);
    double read = std::min(known, std::ceil(2 * known * fetched / (2 * known + fetched)));
    Path path{ScanKind::kIndex, cost.startup, cost.total, &index, cost.boundaries};
    path.total += read * kRandomPage +
                  (kCpuTuple + kCpuOperator * (condition_cost - cost.matched_cost)) * fetched;
    return path;
}

Path Planner::bitmap_path(const IndexCost& cost, double condition_cost) const {
    double fetched = clamp_rows(cost.selectivity * tuples_);
    double known = std::max(1.0, pages_);
    double read = 2 * known * fetched / (2 * known + fetched);
    read = read >= known ? known : std::ceil(read);
    double page = read >= 2 ? kRandomPage - (kRandomPage - kSeqPage) * std::sqrt(read / known)
                            : kRandomPage;
    Path path{ScanKind::kBitmap, cost.total, cost.total, nullptr, cost.boundaries};
    path.total += read * page + (kCpuTuple + kCpuOperator * condition_cost) * fetched;
    return path;
}

std::optional<IndexCost> Planner::or_bitmap(const Clause& clause) const {
    IndexCost sum;
    sum.selectivity = 0;
    for (const auto& arm : clause.arms) {
        auto best = best_bitmap(arm);
        if (!best) return {};
        sum.total += best->total;
        sum.selectivity = std::min(1.0, sum.selectivity + best->selectivity);
    }
    sum.startup = sum.total;
    return sum;
}

/// The cheapest set of row pointers for these conditions (choose_bitmap_and).
std::optional<IndexCost> Planner::best_bitmap(const std::vector<Clause>& clauses) const {
    std::optional<IndexCost> best;
    double best_total = 0, condition_cost = 0;
    for (const Clause& clause : clauses) condition_cost += clause.cost;
    auto consider = [&](std::optional<IndexCost> cost, bool is_index) {
        if (!cost) return;
        // Each pointer in the bitmap costs something too.
        if (is_index) cost->total += 0.1 * kCpuOperator * rows_;
        double total = bitmap_path(*cost, condition_cost).total;
        if (best && best_total <= total) return;
        best_total = total;
        best = std::move(cost);
    };
    for (const Index& index : relation_.indexes) consider(index_cost(index, clauses), true);
    for (const Clause& clause : clauses) {
        if (!clause.arms.empty()) consider(or_bitmap(clause), false);
    }
    return best;
}

/// add_path: the cheaper one in total, unless they are within a hundredth; then what starts earlier.
void add_path(std::vector<Path>& paths, Path path) {
    constexpr double kFuzz = 1.01;
    for (auto old = paths.begin(); old != paths.end();) {
        bool worse = path.total > old->total * kFuzz;
        bool better = old->total > path.total * kFuzz;
        if (!worse && !better) {
            worse = path.startup > old->startup * kFuzz;
            better = old->startup > path.startup * kFuzz;
            if (!worse && !better) (path.total < old->total ? better : worse) = true;
        }
        if (worse) return;
        old = paths.erase(old);
    }
    paths.push_back(std::move(path));
}

ScanPath Planner::choose(const std::vector<Clause>& clauses, double limit) {
    rows_ = clamp_rows(tuples_ * list_selectivity(clauses));
    double condition_cost = 0;
    for (const Clause& clause : clauses) condition_cost += clause.cost;
    // With LIMIT, only a part of what follows the start is paid for.
    double share = limit > 0 && limit < rows_ ? limit / rows_ : 1;
    std::vector<Path> paths;
    auto add = [&](Path path) {
        path.total = path.startup + (path.total - path.startup) * share;
        add_path(paths, std::move(path));
    };
    Path sequential;
    sequential.total = pages_ * kSeqPage + (kCpuTuple + kCpuOperator * condition_cost) * tuples_;
    add(std::move(sequential));
    for (const Index& index : relation_.indexes) {
        if (auto cost = index_cost(index, clauses)) add(index_path(*cost, index, condition_cost));
    }
    if (auto cost = best_bitmap(clauses)) add(bitmap_path(*cost, condition_cost));
    Path& best = *std::ranges::min_element(paths, {}, &Path::total);
    return {best.kind, best.index, std::move(best.boundaries)};
}

}  // namespace

ScanPath choose_scan(Host& host, const ScanRequest& request) {
    if (request.relation.indexes.empty() || request.conjuncts.empty()) return {};
    Planner planner(host, request.relation, request.size, request.rt_index);
    std::vector<Clause> clauses;
    for (const ExprPtr& conjunct : request.conjuncts) clauses.push_back(planner.clause_of(conjunct));
    return planner.choose(clauses, request.limit);
}

ScanPath choose_equality_scan(Host& host, const Relation& relation, const TableSize& size,
                              std::span<const int> attnos) {
    if (relation.indexes.empty()) return {};
    Planner planner(host, relation, size, 1);
    std::vector<Clause> clauses;
    for (int attno : attnos) clauses.push_back(planner.equality(attno));
    return planner.choose(clauses, 0);
}

}  // namespace cdcsim::pg
