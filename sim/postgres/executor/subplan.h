// Subqueries in expressions: their plans, made once for each bound query, and what those of them
// that do not depend on the current row have returned. Mirrors nodeSubplan.c (SubPlan, InitPlan).
#pragma once

#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "sim/postgres/executor/select.h"

namespace cdcsim::pg {

struct Subplan {
    std::shared_ptr<const Query> query;      ///< whose address is the key: the plan may be of a rewritten one
    std::shared_ptr<const SelectPlan> plan;
    /// It refers to the row of the query that it stands in: no result can be kept.
    bool depends_on_row = false;
};

/// The plans of subqueries by their bound query. One for each Database.
class SubplanCache {
  public:
    /// REQUIRES: `query` is a SELECT. Throws what plan_select throws.
    std::shared_ptr<const Subplan> find(const std::shared_ptr<const Query>& query, Host& host) { return find(query, false, host); }
    /// That of an EXISTS has no targets.
    std::shared_ptr<const Subplan> find(const SubLinkExpr& expr, Host& host) { return find(expr.query, expr.sublink == SubLinkKind::kExists, host); }

  private:
    std::shared_ptr<const Subplan> find(const std::shared_ptr<const Query>& query, bool exists, Host& host);

    /// A running subplan holds its own reference, so the whole cache may go at any time.
    static constexpr std::size_t kMaxPlans = 2000;
    std::unordered_map<const Query*, std::shared_ptr<const Subplan>> plans_;
};

/// The rows that subqueries returned during one execution of the statement around them.
class SubplanResults {
  public:
    using Rows = std::vector<std::vector<Datum>>;
    /// nullptr: it has not run yet.
    const Rows* find(const Query& query) const;
    const Rows& keep(std::shared_ptr<const Query> query, Rows rows);

  private:
    struct Kept {
        std::shared_ptr<const Query> query;
        Rows rows;
    };
    std::map<const Query*, Kept> kept_;
};

}  // namespace cdcsim::pg
