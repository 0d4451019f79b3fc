#include "sim/postgres/executor/cte.h"

#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include "core/base/error.h"
#include "sim/postgres/executor/row_generator.h"
#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/subplan.h"
#include "sim/postgres/storage/heap.h"

namespace cdcsim::pg {
namespace {

using Rows = std::vector<std::vector<Datum>>;

bool row_at(const Rows& rows, std::size_t index, std::span<const Datum>& out) {
    if (index >= rows.size()) return false;
    out = rows[index];
    return true;
}

RowSink append_to(Rows& rows) {
    return [&rows](std::span<const Datum> row) {
        rows.emplace_back(row.begin(), row.end());
        return true;
    };
}

void run_plan(const std::shared_ptr<const Query>& query, const EvalContext& outer,
              const RowSink& emit) {
    auto subplan = outer.host.database().subplans().find(query, outer.host);
    subplan->plan->run(outer.host, outer.snapshot, outer.params, &outer, emit);
}

class PlainCte : public CteRows {
  public:
    PlainCte(const CommonTableExpr& cte, EvalContext& level) : cte_(cte), level_(level) {
        if (cte.query->command == CommandKind::kSelect) return;
        generator_.emplace([this](const RowSink& sink) {
            level_.host.run_modifying(*cte_.query, level_.params, level_.snapshot, &level_, sink);
        });
    }

    bool row(std::size_t index, std::span<const Datum>& out) override {
        if (generator_) {
            read_up_to(index);
        } else if (!std::exchange(computed_, true)) {
            run_plan(cte_.query, level_, append_to(rows_));
        }
        return row_at(rows_, index, out);
    }
    bool working_row(std::size_t, std::span<const Datum>&) override {
        throw InternalError(__FILE__, __LINE__, "a recursive reference to a plain CTE");
    }

  private:
    void read_up_to(std::size_t index) {
        std::vector<Datum> row;
        while (rows_.size() <= index && generator_->next(row)) rows_.push_back(row);
    }

    const CommonTableExpr& cte_;
    EvalContext& level_;
    bool computed_ = false;
    std::optional<RowGenerator> generator_;   ///< of a data-modifying CTE
    Rows rows_;
};

/// Rows in the order of their types, NULLs equal: for UNION without ALL.
struct RowLess {
    Environment* env;
    const RowType* types;
    bool operator()(const std::vector<Datum>& a, const std::vector<Datum>& b) const {
        for (std::size_t i = 0; i < types->size(); ++i) {
            if (a[i].is_null() != b[i].is_null()) return b[i].is_null();
            if (a[i].is_null()) continue;
            int order = compare_values(*env, (*types)[i].type, a[i], b[i]);
            if (order != 0) return order < 0;
        }
        return false;
    }
};

class RecursiveCte : public CteRows {
  public:
    RecursiveCte(const CommonTableExpr& cte, EvalContext& level)
        : query_(*cte.query),
          node_(*query_.set_operations),
          own_level_{.host = level.host,
                     .snapshot = level.snapshot,
                     .params = level.params,
                     .outer = &level},
          seen_(RowLess{&level.host, &node_.columns}) {
        if (!query_.ctes.empty()) own_ctes_ = std::make_unique<CteScope>(query_, own_level_);
    }

    bool row(std::size_t index, std::span<const Datum>& out) override {
        while (index >= rows_.size() && !done_) advance();
        return row_at(rows_, index, out);
    }
    bool working_row(std::size_t index, std::span<const Datum>& out) override {
        return row_at(working_, index, out);
    }

  private:
    /// Runs the first term, or the recursive one over what the last run gave.
    void advance() {
        const SetOpNode& term = first_ ? *node_.left : *node_.right;
        Rows fresh;
        run_plan(leaf(term), own_level_, append_to(fresh));
        first_ = false;
        if (!node_.all) {
            std::erase_if(fresh, [&](const auto& row) { return !seen_.insert(row).second; });
        }
        rows_.insert(rows_.end(), fresh.begin(), fresh.end());
        done_ = fresh.empty();
        working_ = std::move(fresh);
    }

    const std::shared_ptr<const Query>& leaf(const SetOpNode& node) {
        if (node.op != SetOp::kNone) {
            throw NotSimulated("WITH RECURSIVE with more than one UNION");
        }
        return query_.range_table[static_cast<std::size_t>(node.rt_index - 1)].subquery;
    }

    const Query& query_;
    const SetOpNode& node_;
    EvalContext own_level_;
    std::unique_ptr<CteScope> own_ctes_;
    bool first_ = true, done_ = false;
    Rows rows_, working_;
    std::set<std::vector<Datum>, RowLess> seen_;
};

/// WITH RECURSIVE allows recursion; whether there is any, the binder has noted.
bool is_recursive(const CommonTableExpr& cte) {
    return cte.recursive && cte.query->set_operations != nullptr &&
           cte.query->command == CommandKind::kSelect;
}

}  // namespace

CteScope::CteScope(const Query& query, EvalContext& level)
    : query_(query), level_(level), rows_(query.ctes.size()) {
    level.ctes = this;
}

CteScope::~CteScope() = default;

CteRows& CteScope::rows(int index) {
    auto i = static_cast<std::size_t>(index);
    if (!rows_[i]) {
        const CommonTableExpr& cte = query_.ctes[i];
        if (is_recursive(cte)) {
            rows_[i] = std::make_unique<RecursiveCte>(cte, level_);
        } else {
            rows_[i] = std::make_unique<PlainCte>(cte, level_);
        }
    }
    return *rows_[i];
}

void CteScope::finish() {
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        if (query_.ctes[i].query->command == CommandKind::kSelect) continue;
        std::span<const Datum> ignored;
        rows(static_cast<int>(i)).row(SIZE_MAX, ignored);
    }
}

}  // namespace cdcsim::pg
