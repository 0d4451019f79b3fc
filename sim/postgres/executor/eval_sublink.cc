// EXISTS, scalar subqueries, ARRAY(SELECT ...), and op ANY/ALL (SELECT ...). Mirrors nodeSubplan.c.
#include <utility>

#include "core/base/error.h"
#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/eval_internal.h"
#include "sim/postgres/executor/push_down.h"
#include "sim/postgres/executor/subplan.h"
#include "sim/postgres/storage/heap.h"
#include "sim/postgres/type/array.h"

namespace cdcsim::pg {

std::shared_ptr<const Subplan> SubplanCache::find(const std::shared_ptr<const Query>& query, bool exists, Host& host) {
    auto it = plans_.find(query.get());
    if (it != plans_.end()) return it->second;
    auto subplan = std::make_shared<Subplan>();
    subplan->query = query;
    subplan->plan = plan_select(exists ? simplify_exists(query, host) : query, host);
    for_each_outer_reference(*query, [&](const Expr&, int levels_out) {
        subplan->depends_on_row = subplan->depends_on_row || levels_out == 1;
    });
    if (plans_.size() >= kMaxPlans) plans_.clear();
    return plans_[query.get()] = std::move(subplan);
}

const SubplanResults::Rows* SubplanResults::find(const Query& query) const {
    auto it = kept_.find(&query);
    return it == kept_.end() ? nullptr : &it->second.rows;
}

const SubplanResults::Rows& SubplanResults::keep(std::shared_ptr<const Query> query, Rows rows) {
    const Query* key = query.get();
    return kept_[key] = {std::move(query), std::move(rows)}, kept_[key].rows;
}

namespace eval {
namespace {

/// Calls `emit` with the subquery's rows: kept ones, or those of a run.
void for_each_row(const SubLinkExpr& expr, const EvalContext& context, const RowSink& emit) {
    auto subplan = context.host.database().subplans().find(expr, context.host);
    auto run = [&](const RowSink& sink) {
        subplan->plan->run(context.host, context.snapshot, context.params, &context, sink);
    };
    if (subplan->depends_on_row || context.subplans == nullptr) return run(emit);
    const SubplanResults::Rows* rows = context.subplans->find(*expr.query);
    if (rows == nullptr) {
        SubplanResults::Rows fresh;
        // EXISTS and a scalar subquery are run no further than they need.
        std::size_t limit = expr.sublink == SubLinkKind::kExists   ? 1
                            : expr.sublink == SubLinkKind::kScalar ? 2
                                                                   : ~std::size_t{0};
        run([&](std::span<const Datum> row) {
            fresh.emplace_back(row.begin(), row.end());
            return fresh.size() < limit;
        });
        rows = &context.subplans->keep(expr.query, std::move(fresh));
    }
    for (const std::vector<Datum>& row : *rows) {
        if (!emit(row)) return;
    }
}

Datum exists(const SubLinkExpr& expr, const EvalContext& context) {
    bool found = false;
    for_each_row(expr, context, [&](std::span<const Datum>) {
        found = true;
        return false;
    });
    return Datum::of_bool(found);
}

Datum scalar(const SubLinkExpr& expr, const EvalContext& context) {
    Datum value;
    int count = 0;
    for_each_row(expr, context, [&](std::span<const Datum> row) {
        if (++count > 1) {
            throw SqlError("21000",
                           "more than one row returned by a subquery used as an expression");
        }
        value = row.front();
        return true;
    });
    return value;
}

Datum array_of(const SubLinkExpr& expr, const EvalContext& context) {
    std::vector<Datum> elements;
    for_each_row(expr, context, [&](std::span<const Datum> row) {
        elements.push_back(row.front());
        return true;
    });
    Oid column = kInvalidOid;
    for (const TargetEntry& target : expr.query->targets) {
        if (!target.junk && column == kInvalidOid) column = target.expr->type;
    }
    if (array_element_type(context.host, column) != kInvalidOid) {
        throw NotSimulated("ARRAY(SELECT ...) of arrays");
    }
    return array_datum(context.host, expr.type, ArrayValue::of(std::move(elements)));
}

Datum any_or_all(const SubLinkExpr& expr, const EvalContext& context) {
    const bool stop = expr.sublink == SubLinkKind::kAny;
    bool unknown = false, decided = false;
    for_each_row(expr, context, [&](std::span<const Datum> row) {
        EvalContext inner = context;
        inner.sublink_row = row;
        Datum value = evaluate(*expr.test, inner);
        if (value.is_null()) {
            unknown = true;
        } else {
            decided = value.as_bool() == stop;
        }
        return !decided;
    });
    if (decided) return Datum::of_bool(stop);
    return unknown ? Datum() : Datum::of_bool(!stop);
}

}  // namespace

Datum sublink(const SubLinkExpr& expr, const EvalContext& context) {
    switch (expr.sublink) {
        case SubLinkKind::kExists: return exists(expr, context);
        case SubLinkKind::kScalar: return scalar(expr, context);
        case SubLinkKind::kArray: return array_of(expr, context);
        case SubLinkKind::kAny:
        case SubLinkKind::kAll: return any_or_all(expr, context);
    }
    return {};
}

}  // namespace eval
}  // namespace cdcsim::pg
