// EvalPlanQual: one row of a statement again, with the newest version of a row that another session
// has changed while this one waited. Inner header of executor/. Mirrors execMain.c's EvalPlanQual.
#pragma once

#include <deque>
#include <vector>

#include "sim/postgres/executor/backend.h"

namespace cdcsim::pg {

class Recheck {
  public:
    /// `level`: the statement's context. Each table of `query` needs its row by put().
    Recheck(const EvalContext& level, const Query& query) : level_(level), query_(query), rows_(query.range_table.size()), there_(rows_.size()) {}
    Recheck(const Recheck&) = delete;
    Recheck& operator=(const Recheck&) = delete;

    void put(int rt_index, RowVersion version);
    /// The row of that rid as it is stored.
    void put_stored(Backend& backend, int rt_index, const Datum& rid);

    EvalContext context() const;
    /// The join conditions and WHERE. Throws NotSimulated for outer joins and subqueries in FROM.
    bool holds() const;

  private:
    bool holds(const FromNode& node) const;

    const EvalContext& level_;
    const Query& query_;
    std::vector<EvalRow> rows_;
    std::vector<bool> there_;
    std::deque<RowVersion> kept_;
};

}  // namespace cdcsim::pg
