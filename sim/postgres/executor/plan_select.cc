#include "core/base/error.h"
#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/cte.h"
#include "sim/postgres/executor/lock_rows.h"
#include "sim/postgres/executor/project_set.h"
#include "sim/postgres/executor/select.h"
#include "sim/postgres/executor/semi_joins.h"
#include "sim/postgres/executor/subplan.h"
#include "sim/postgres/storage/compile.h"

namespace cdcsim::pg {
namespace {

/// SELECT without FROM: the evaluator alone.
class ValuesPlan : public SelectPlan {
  public:
    ValuesPlan(std::shared_ptr<const Query> query, Host& host) : query_(std::move(query)) {
        auto fold = [&](const ExprPtr& expr) { return expr ? fold_constants(expr, host) : expr; };
        for (const TargetEntry& target : query_->targets) targets_.push_back(fold(target.expr));
        where_ = fold(query_->where);
        limit_ = fold(query_->limit);
        offset_ = fold(query_->offset);
        for (const ExprPtr& target : targets_) has_sets_ = has_sets_ || contains_set_function(target);
        if (has_sets_) project_ = std::make_unique<ProjectSet>(targets_, 0);
    }

    void run(Host& host, const Snapshot& snapshot, ParamSource* params, const EvalContext* outer,
             const RowSink& emit, CteScope* ctes) const override {
        SubplanResults subplans;
        EvalContext level{.host = host,
                          .snapshot = snapshot,
                          .params = params,
                          .outer = outer,
                          .subplans = &subplans,
                          .ctes = ctes};
        std::unique_ptr<CteScope> own;
        if (ctes == nullptr && !query_->ctes.empty()) own = std::make_unique<CteScope>(*query_, level);
        run_rows(level, emit);
        if (own) own->finish();
    }

  private:
    void run_rows(const EvalContext& level, const RowSink& emit) const {
        std::int64_t skip = count(offset_, level, "2201X", "OFFSET must not be negative", 0);
        std::int64_t rest = count(limit_, level, "2201W", "LIMIT must not be negative", INT64_MAX);
        if (rest == 0 || (where_ && !evaluate_qual(*where_, level))) return;
        std::vector<Datum> row;
        auto limited = [&](std::span<const Datum> values) {
            if (skip > 0) return --skip, true;
            row.clear();
            for (std::size_t i = 0; i < values.size(); ++i) {
                if (!query_->targets[i].junk) row.push_back(values[i]);
            }
            return emit(row) && --rest > 0;
        };
        if (has_sets_) return project_->run(level, limited);
        std::vector<Datum> values;
        values.reserve(targets_.size());
        for (const ExprPtr& target : targets_) values.push_back(evaluate(*target, level));
        limited(values);
    }

    static std::int64_t count(const ExprPtr& expr, const EvalContext& level, const char* sqlstate,
                              const char* message, std::int64_t none) {
        if (!expr) return none;
        Datum value = evaluate(*expr, level);
        if (value.is_null()) return none;
        if (value.as_int() < 0) throw SqlError(sqlstate, message);
        return value.as_int();
    }

    std::shared_ptr<const Query> query_;
    std::vector<ExprPtr> targets_;
    ExprPtr where_, limit_, offset_;
    bool has_sets_ = false;
    std::unique_ptr<ProjectSet> project_;
};

bool is_plain(const Query& query) {
    bool has_sets = false;
    for (const TargetEntry& target : query.targets) {
        has_sets = has_sets || contains_set_function(target.expr);
    }
    return query.from.empty() && !query.set_operations && !query.has_aggregates &&
           !query.has_windows && query.group_by.empty() && query.grouping_sets.empty() &&
           !query.having && !query.distinct && (query.order_by.empty() || !has_sets);
}

bool has_sublink(const Query& query) { return query.where && contains_sublink(query.where); }

}  // namespace

std::shared_ptr<const SelectPlan> plan_select(std::shared_ptr<const Query> query, Host& host) {
    CDCSIM_CHECK(query->command == CommandKind::kSelect);
    query = pull_up(query);
    if (has_sublink(*query)) {
        auto joined = std::make_shared<Query>(*query);
        if (join_by_values(*joined, host)) query = std::move(joined);
    }
    if (is_plain(*query)) return std::make_shared<ValuesPlan>(std::move(query), host);
    if (query->row_marks.empty()) return compile_select(std::move(query), host);
    return plan_lock_rows(query, compile_select(query, host));
}

}  // namespace cdcsim::pg
