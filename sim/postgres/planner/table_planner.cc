#include "sim/postgres/planner/table_planner.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/catalog/builtin.h"
#include "sim/postgres/executor/evaluate.h"
#include "sim/postgres/planner/conditions.h"
#include "sim/postgres/planner/cost.h"
#include "sim/postgres/type/canonical.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

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

/// Of LIKE (patternsel_common, like_fixed_prefix, like_selectivity); `equal`: of a pattern that is one value.
double like_selectivity(const Expr& pattern, bool ignores_case, double equal) {
    constexpr double kMatch = 0.005, kAll = 5, kAnyCharacter = 0.9, kCharacter = 0.2, kLeast = 0.0001;
    if (pattern.kind != ExprKind::kConst) return kMatch;
    if (as<ConstExpr>(pattern).value.is_null()) return 0;
    const std::string text(as<ConstExpr>(pattern).value.as_text());
    auto is_wildcard = [](char c) { return c == '%' || c == '_'; };
    auto has_case = [](char c) { return static_cast<unsigned char>(c) >= 0x80 || std::isalpha(static_cast<unsigned char>(c)) != 0; };
    std::size_t at = 0;
    bool has_prefix = false;
    for (; at < text.size() && !is_wildcard(text[at]) && !(ignores_case && has_case(text[at])); ++at) {
        if (text[at] == '\\' && ++at == text.size()) break;
        has_prefix = true;
    }
    if (at >= text.size()) return equal;
    double rest = 1;
    while (at < text.size() && is_wildcard(text[at])) ++at;
    for (; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '\\') ++at;
        rest *= c == '%' ? kAll : c == '_' ? kAnyCharacter : kCharacter;
    }
    return std::clamp((has_prefix ? kMatch : 1) * std::min(rest, 1.0), kLeast, 1 - kLeast);
}

double cost_of_all(const std::vector<Clause>& clauses) {
    double cost = 0;
    for (const Clause& clause : clauses) cost += clause.cost;
    return cost;
}

}  // namespace

TablePlanner::TablePlanner(Host& host, const Relation& relation, const TableSize& size, int rt_index)
    : host_(host), relation_(relation), rt_index_(rt_index), is_empty_(size.pages == 0), statistics_(size.columns) {
    pages_ = size.pages;
    if (size.pages < 10 && size.known_tuples < 0 && !size.has_children) pages_ = 10;
    if (pages_ == 0) return;
    double density = size.known_tuples >= 0 && size.known_pages > 0
                         ? size.known_tuples / size.known_pages
                         : tuples_per_page(host, relation);
    tuples_ = std::rint(density * pages_);
}

double TablePlanner::width(int attno) const {
    return column_width(host_, relation_.columns[static_cast<std::size_t>(attno - 1)]);
}

double TablePlanner::clamp_rows_of(const Clauses& clauses) const {
    return clamp_rows(tuples_ * list_selectivity(clauses));
}

bool TablePlanner::is_unique(std::span<const int> attnos) const {
    return std::ranges::any_of(relation_.indexes, [&](const Index& index) {
        return index.unique && index.immediate && !index.predicate &&
               std::ranges::all_of(index.keys, [&](const IndexKey& key) {
                   return key.attno > 0 && std::ranges::find(attnos, key.attno) != attnos.end();
               });
    });
}

const ColumnStatistics* TablePlanner::statistics_of(int attno) const {
    const auto place = static_cast<std::size_t>(attno - 1);
    return place < statistics_.size() && statistics_[place].distinct != 0 ? &statistics_[place] : nullptr;
}

/// get_variable_numdistinct.
double TablePlanner::distinct_values(int attno, bool& is_default) const {
    constexpr int kTableOid = -6;
    is_default = attno < 0 && attno != kCtidAttno && attno != kTableOid;
    if (attno < 0) return attno == kTableOid ? 1 : is_default ? std::min(kDefaultDistinct, std::max(1.0, tuples_)) : std::max(1.0, tuples_);
    bool is_unique = std::ranges::any_of(relation_.indexes, [&](const Index& index) {
        return index.unique && !index.predicate && index.keys.size() == 1 &&
               index.keys.front().attno == attno;
    });
    if (const ColumnStatistics* known = statistics_of(attno); known != nullptr && tuples_ > 0) {
        const double distinct = is_unique ? known->null_share - 1 : known->distinct;
        return clamp_rows(distinct < 0 ? -distinct * tuples_ : distinct);
    }
    if (!is_unique && relation_.columns[static_cast<std::size_t>(attno - 1)].type == oid::kBool) {
        return 2;
    }
    is_default = tuples_ <= 0 || (!is_unique && tuples_ >= kDefaultDistinct);
    return is_default ? kDefaultDistinct : clamp_rows(tuples_);
}

Clause TablePlanner::equality(int attno) const {
    Clause clause;
    clause.attno = attno;
    clause.strategy = kEqualStrategy;
    clause.is_equality = true;
    clause.selectivity = equal_selectivity(attno);
    clause.cost = 1;
    return clause;
}

int TablePlanner::column_of(const ExprPtr& expr) const {
    ExprPtr bare = without_relabel(expr);
    if (bare->kind != ExprKind::kVar) return 0;
    const auto& var = as<VarExpr>(*bare);
    const bool is_findable = var.attno > 0 || var.attno == kCtidAttno;
    return var.levels_up == 0 && var.rt_index == rt_index_ && is_findable ? var.attno : 0;
}

bool TablePlanner::is_pseudo_constant(const ExprPtr& expr) const {
    return relations_of(expr).empty() && !contains_volatile(expr);
}

double TablePlanner::equal_selectivity(int attno) const {
    bool is_default = false;
    const double distinct = distinct_values(attno, is_default);
    const ColumnStatistics* known = statistics_of(attno);
    return (1 - (known != nullptr ? known->null_share : 0)) / distinct;
}

/// clauselist_selectivity: conditions are independent, but for the two bounds of a range.
double TablePlanner::list_selectivity(std::span<const Clause> clauses) const {
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

double TablePlanner::selectivity_of(const ExprPtr& expr) const {
    switch (expr->kind) {
        case ExprKind::kFunc:
        case ExprKind::kScalarArrayOp:
        case ExprKind::kNullTest:
        case ExprKind::kRowCompare: return clause_of(expr).selectivity;
        case ExprKind::kVar: return 0.5;
        case ExprKind::kBooleanTest: {
            const auto& node = as<BooleanTestExpr>(*expr);  // booltestsel
            switch (node.test) {
                case BooleanTestKind::kIsUnknown: return kRange;
                case BooleanTestKind::kIsNotUnknown: return 1 - kRange;
                case BooleanTestKind::kIsTrue:
                case BooleanTestKind::kIsNotFalse: return selectivity_of(node.arg);
                default: return 1 - selectivity_of(node.arg);
            }
        }
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
        default: return kOperatorSelectivity;
    }
}

void TablePlanner::match_comparison(const FuncExpr& func, Clause& clause) const {
    clause.selectivity = func.op == kInvalidOid ? kFunctionSelectivity : kOperatorSelectivity;
    if (func.form != FuncForm::kOperator || func.args.size() != 2) return;
    const BtreeOperatorRow* row = btree_row(func.op);
    if (row == nullptr) {
        const OperatorRow* op = find_builtin_operator(func.op);
        if (op == nullptr) return;
        const int column = column_of(func.args[0]);
        if (op->name == "<>") clause.selectivity = 1 - (column != 0 ? equal_selectivity(column) : kRange);
        if (op->name.ends_with("~~") || op->name.ends_with("~~*")) {
            clause.selectivity = like_selectivity(*func.args[1], op->name.ends_with('*'), column != 0 ? equal_selectivity(column) : kRange);
            if (op->name.starts_with('!')) clause.selectivity = 1 - clause.selectivity;
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

void TablePlanner::add_condition(const ExprPtr& expr) {
    Clause clause = clause_of(expr);
    const bool is_known = clause.is_equality && std::ranges::any_of(clauses_, [&](const Clause& known) { return known.expr && equal_expressions(*known.expr, *expr); });
    if (!is_known) clauses_.push_back(std::move(clause));
}

Clause TablePlanner::clause_of(const ExprPtr& expr) const {
    Clause clause;
    clause.expr = expr;
    clause.cost = cost_of(host_, *expr);
    clause.selectivity = kOperatorSelectivity;
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
        case ExprKind::kBooleanTest: clause.selectivity = selectivity_of(expr); break;
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

double TablePlanner::index_width(const Index& index) const {
    double width = 0;
    for (const IndexKey& key : index.keys) width += key.attno > 0 ? this->width(key.attno) : 8;
    return width;
}

/// Whether the conditions imply the index's predicate (check_index_predicates): they say the same, or compare with a
/// value what must not be NULL. `predicate`: what the index says.
bool TablePlanner::find_predicate(const Index& index, const Clauses& clauses, Clauses& predicate) const {
    std::vector<ExprPtr> conjuncts;
    flatten_and(fold_constants(of_this_relation(index.predicate->expr), host_), conjuncts);
    for (const ExprPtr& conjunct : conjuncts) {
        Clause said = clause_of(conjunct);
        const bool is_not_null = said.is_null_test && !as<NullTestExpr>(*conjunct).is_null;
        const bool implied = std::ranges::any_of(clauses, [&](const Clause& clause) {
            if (is_not_null && clause.attno == said.attno && clause.strategy != 0) return true;
            return clause.expr && equal_expressions(*clause.expr, *conjunct);
        });
        if (!implied) return false;
        predicate.push_back(std::move(said));
    }
    return true;
}

/// A stored expression, whose columns are those of the first relation.
ExprPtr TablePlanner::of_this_relation(const ExprPtr& expr) const {
    if (expr->kind == ExprKind::kVar && as<VarExpr>(*expr).rt_index != rt_index_) {
        auto var = std::make_shared<VarExpr>(as<VarExpr>(*expr));
        var->rt_index = rt_index_;
        return var;
    }
    return map_children(expr, [&](const ExprPtr& child) { return of_this_relation(child); });
}

/// The metapage and, once there are rows, the leaves of a tree that was filled in order.
double TablePlanner::index_pages(const Index& index) const {
    if (is_empty_) return 1;
    double entry = 8 * std::ceil((8 + index_width(index)) / 8) + 4;
    double leaves = std::ceil(tuples_ * entry / (8152 * 0.9));
    // An estimate of ten pages is made for a table that may have but a few rows.
    if (pages_ <= 10) leaves = 1;
    return 1 + std::max(1.0, leaves);
}

std::optional<TablePlanner::IndexCost> TablePlanner::index_cost(const Index& index,
                                                                const Clauses& clauses,
                                                                double loops, bool whole) const {
    if (index.method != "btree" || !index.valid) return {};
    IndexCost cost;
    Clauses predicate;
    if (index.predicate && !find_predicate(index, clauses, predicate)) return {};
    Clauses all, bounds;
    bool is_bounded = true, ends_in_equality = false, has_array = false, has_null_test = false;
    double scans = 1;
    std::size_t bound_columns = 0;
    for (const IndexKey& key : index.keys) {
        bool equal = false, any = false;
        for (const Clause& clause : clauses) {
            if (key.attno <= 0 || clause.attno != key.attno) continue;
            all.push_back(clause);
            cost.matched_cost += clause.cost;
            if (!is_bounded) continue;
            any = true;
            bounds.push_back(clause);
            if (clause.expr) cost.boundaries.push_back(clause.expr);
            equal = equal || clause.is_equality || clause.is_null_test;
            has_array = has_array || clause.is_array;
            has_null_test = has_null_test || clause.is_null_test;
            scans *= clause.scans;
        }
        if (is_bounded && any) ++bound_columns;
        ends_in_equality = equal;
        if (!equal) is_bounded = false;
    }
    if (all.empty() && predicate.empty() && !whole) return {};
    for (Clause& clause : predicate) {
        const bool is_known = std::ranges::any_of(all, [&](const Clause& known) { return known.attno > 0 && known.attno == clause.attno; });
        if (is_known) continue;
        cost.matched_cost += clause.cost;
        if (bounds.empty() && clause.expr) cost.boundaries.push_back(clause.expr);
        all.push_back(clause);
        bounds.push_back(std::move(clause));
    }
    cost.selectivity = list_selectivity(all);
    double entries = 1;
    if (!(index.unique && bound_columns == index.keys.size() && ends_in_equality && !has_array &&
          !has_null_test)) {
        entries = std::rint(list_selectivity(bounds) * tuples_ / scans);
    }
    double pages = index_pages(index), tuples = tuples_;
    if (index.predicate) tuples = std::min(tuples, (pages - 1) * std::floor((8192 - 24) / (index_width(index) + 28)));
    entries = std::max(1.0, std::min(entries, tuples));
    double read = pages > 1 && tuples > 1 ? std::ceil(entries * pages / tuples) : 1;
    if (scans * loops > 1) read = pages_fetched(read * scans * loops, pages) / loops;
    cost.total = read * kRandomPage +
                 entries * scans * (kCpuIndexTuple + kCpuOperator * static_cast<double>(all.size()));
    double height = pages > 2 ? 1 : 0;
    double descent = (height + 1) * 50 * kCpuOperator;
    if (tuples > 1) descent += std::ceil(std::log2(tuples)) * kCpuOperator;
    cost.startup = descent;
    cost.total += scans * descent;
    return cost;
}

ScanPath TablePlanner::index_path(const IndexCost& cost, const Index& index, const Clauses& clauses,
                                  double loops) const {
    double fetched = clamp_rows(cost.selectivity * tuples_);
    double read = pages_fetched(fetched * loops, pages_) / loops;
    ScanPath path{ScanKind::kIndex, &index, cost.boundaries, cost.startup, cost.total};
    double per_tuple = kCpuTuple + kCpuOperator * (cost_of_all(clauses) - cost.matched_cost);
    path.total += read * kRandomPage + per_tuple * fetched;
    return path;
}

ScanPath TablePlanner::bitmap_path(const IndexCost& cost, const Clauses& clauses, double loops) const {
    double fetched = clamp_rows(cost.selectivity * tuples_);
    double known = std::max(1.0, pages_), read = std::ceil(pages_fetched(fetched * loops, pages_) / loops);
    double page = read >= 2 ? kRandomPage - (kRandomPage - kSeqPage) * std::sqrt(read / known)
                            : kRandomPage;
    ScanPath path{ScanKind::kBitmap, nullptr, cost.boundaries, cost.total, cost.total};
    path.total += read * page + (kCpuTuple + kCpuOperator * cost_of_all(clauses)) * fetched;
    return path;
}

std::optional<TablePlanner::IndexCost> TablePlanner::or_bitmap(const Clause& clause, double rows) const {
    IndexCost sum;
    sum.selectivity = 0;
    for (const Clauses& arm : clause.arms) {
        auto best = best_bitmap(arm, rows);
        if (!best) return {};
        sum.total += best->total;
        sum.selectivity = std::min(1.0, sum.selectivity + best->selectivity);
    }
    sum.startup = sum.total;
    return sum;
}

/// The cheapest set of row pointers for these conditions (choose_bitmap_and).
std::optional<TablePlanner::IndexCost> TablePlanner::best_bitmap(const Clauses& clauses,
                                                                 double rows) const {
    std::optional<IndexCost> best;
    double best_total = 0;
    auto consider = [&](std::optional<IndexCost> cost, bool is_index) {
        if (!cost) return;
        // Each pointer in the bitmap costs something too.
        if (is_index) cost->total += 0.1 * kCpuOperator * rows;
        double total = bitmap_path(*cost, clauses).total;
        if (best && best_total <= total) return;
        best_total = total;
        best = std::move(cost);
    };
    for (const Index& index : relation_.indexes) consider(index_cost(index, clauses, 1), true);
    for (const Clause& clause : clauses) {
        if (!clause.arms.empty()) consider(or_bitmap(clause, rows), false);
    }
    return best;
}

/// create_tidscan_paths, cost_tidscan. The rows come as they lie, like those of a scan in sequence.
std::optional<ScanPath> TablePlanner::tid_path(const Clauses& clauses) const {
    const auto places = std::ranges::find_if(clauses, [](const Clause& clause) { return clause.attno == kCtidAttno && clause.is_equality; });
    if (places == clauses.end()) return {};
    ScanPath path;
    path.startup = kCpuOperator * places->cost;
    path.total = path.startup + (kRandomPage + kCpuTuple + kCpuOperator * (cost_of_all(clauses) - places->cost)) * places->scans;
    return path;
}

ScanPath TablePlanner::sequential() const {
    ScanPath path;
    path.total = pages_ * kSeqPage + (kCpuTuple + kCpuOperator * cost_of_all(clauses_)) * tuples_;
    return path;
}

std::optional<ScanPath> TablePlanner::index_scan(const Index& index, bool whole, bool backward) const {
    std::optional<IndexCost> cost = index_cost(index, clauses_, 1, whole);
    if (!cost) return {};
    ScanPath path = index_path(*cost, index, clauses_, 1);
    path.backward = backward;
    return path;
}

std::optional<ScanPath> TablePlanner::bitmap() const {
    if (clauses_.empty()) return {};
    std::optional<IndexCost> cost = best_bitmap(clauses_, rows());
    if (!cost) return {};
    return bitmap_path(*cost, clauses_);
}

std::vector<ScanPath> TablePlanner::paths(double limit) const {
    double rows = this->rows();
    // With LIMIT, only a part of what follows the start is paid for.
    double share = limit > 0 && limit < rows ? limit / rows : 1;
    std::vector<ScanPath> paths;
    auto add = [&](ScanPath path) {
        path.total = path.startup + (path.total - path.startup) * share;
        add_path(paths, std::move(path));
    };
    add(sequential());
    if (clauses_.empty()) return paths;
    for (const Index& index : relation_.indexes) {
        if (auto path = index_scan(index, false, false)) add(std::move(*path));
    }
    if (auto path = bitmap()) add(std::move(*path));
    if (auto path = tid_scan()) add(std::move(*path));
    return paths;
}

ScanPath TablePlanner::best(double limit) const {
    std::vector<ScanPath> all = paths(limit);
    return std::move(*std::ranges::min_element(all, {}, &ScanPath::total));
}

bool TablePlanner::is_constant(const ExprPtr& expr) const {
    int attno = column_of(expr);
    return attno > 0 && std::ranges::any_of(clauses_, [&](const Clause& clause) {
        return clause.attno == attno && clause.is_equality && !clause.is_array;
    });
}

std::size_t TablePlanner::presorted_keys(const Index& index, std::span<const OrderKey> keys, bool backward) const {
    std::size_t count = 0;
    for (const IndexKey& key : index.keys) {
        if (count == keys.size() || key.attno <= 0) break;
        const OrderKey& wanted = keys[count];
        bool fits = column_of(wanted.expr) == key.attno && wanted.descending == (key.descending != backward) &&
                    wanted.nulls_first == (key.nulls_first != backward);
        if (fits) {
            ++count;
            continue;
        }
        bool is_fixed = std::ranges::any_of(clauses_, [&](const Clause& clause) {
            return clause.attno == key.attno && clause.is_equality && !clause.is_array;
        });
        if (!is_fixed) break;
    }
    return count;
}

std::vector<OrderedScan> TablePlanner::ordered_paths(std::span<const OrderKey> keys) const {
    std::vector<OrderedScan> scans;
    for (ScanPath& path : paths()) {
        if (path.kind != ScanKind::kIndex) scans.push_back({std::move(path), 0, {}});
    }
    for (const Index& index : relation_.indexes) {
        bool backward = false;
        std::size_t presorted = presorted_keys(index, keys, false);
        if (presorted == 0) backward = (presorted = presorted_keys(index, keys, true)) > 0;
        std::optional<ScanPath> scan = index_scan(index, presorted > 0, backward);
        if (scan) scans.push_back({std::move(*scan), presorted, {}});
    }
    return scans;
}

std::optional<ScanPath> TablePlanner::probe(std::span<const int> attnos, double loops,
                                            double& rows) const {
    Clauses clauses = clauses_;
    for (int attno : attnos) clauses.push_back(equality(attno));
    rows = clamp_rows_of(clauses);
    std::vector<ScanPath> paths;
    for (const Index& index : relation_.indexes) {
        bool serves = std::ranges::any_of(index.keys, [&](const IndexKey& key) {
            return std::ranges::find(attnos, key.attno) != attnos.end();
        });
        if (!serves) continue;
        auto cost = index_cost(index, clauses, loops);
        if (!cost) continue;
        add_path(paths, index_path(*cost, index, clauses, loops));
        cost->total += 0.1 * kCpuOperator * rows;
        add_path(paths, bitmap_path(*cost, clauses, loops));
    }
    if (std::ranges::find(attnos, kCtidAttno) != attnos.end()) add_path(paths, *tid_path(clauses));
    if (paths.empty()) return {};
    return std::move(*std::ranges::min_element(paths, {}, &ScanPath::total));
}

}  // namespace cdcsim::pg
