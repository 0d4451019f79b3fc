// WITH: the rows of one level's CTEs during one execution. Mirrors nodeCtescan.c,
// nodeRecursiveunion.c and nodeWorktablescan.c.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "sim/postgres/executor/evaluate.h"

namespace cdcsim::pg {

/// One CTE: computed when it is first read, a recursive one only as far as it is read (so an endless
/// one can stand under LIMIT).
class CteRows {
  public:
    virtual ~CteRows() = default;
    /// The row with this index, or false if there are not so many. The span is valid until the next
    /// call.
    virtual bool row(std::size_t index, std::span<const Datum>& out) = 0;
    /// The same for a reference inside the recursive term: the rows of the iteration before.
    virtual bool working_row(std::size_t index, std::span<const Datum>& out) = 0;
};

class CteScope {
  public:
    /// The CTEs of `query`, whose own level is `level` (its outer, params and snapshot count; `ctes`
    /// is set to this). Both must outlive the scope.
    CteScope(const Query& query, EvalContext& level);
    ~CteScope();

    CteRows& rows(int index);
    /// Runs the data-modifying CTEs as far as nobody has read them. Call it at the end of the statement.
    void finish();

    /// The commands of the statement's modifications, its own and its CTEs': to PostgreSQL they are one.
    std::vector<std::uint64_t> commands;

  private:
    const Query& query_;
    EvalContext& level_;
    std::vector<std::unique_ptr<CteRows>> rows_;
};

}  // namespace cdcsim::pg
