#include "sim/postgres/storage/row_source.h"

#include <vector>

#include "core/base/error.h"

namespace cdcsim::pg {
namespace {

using Rows = std::vector<std::vector<Datum>>;

class KeptRows : public RowCursor {
  public:
    explicit KeptRows(Rows rows) : rows_(std::move(rows)) {}
    bool next(std::span<const Datum>& row) override {
        if (next_ == rows_.size()) return false;
        row = rows_[next_++];
        return true;
    }

  private:
    Rows rows_;
    std::size_t next_ = 0;
};

class CteCursor : public RowCursor {
  public:
    CteCursor(CteRows& rows, bool working) : rows_(rows), working_(working) {}
    bool next(std::span<const Datum>& row) override {
        std::size_t index = next_++;
        return working_ ? rows_.working_row(index, row) : rows_.row(index, row);
    }

  private:
    CteRows& rows_;
    bool working_;
    std::size_t next_ = 0;
};

CteRows& find_cte(const EvalContext& context, const RowSource& source) {
    const EvalContext* level = &context;
    for (int i = 0; i < source.cte_levels_up; ++i) {
        level = level->outer;
        CDCSIM_CHECK(level != nullptr);
    }
    CDCSIM_CHECK(level->ctes != nullptr);
    return level->ctes->rows(source.cte);
}

Rows make_rows(const RowSource& source, const EvalContext& context) {
    Rows rows;
    RowSink append = [&](std::span<const Datum> row) {
        rows.emplace_back(row.begin(), row.end());
        return true;
    };
    Host& host = context.host;
    switch (source.kind) {
        case RowSource::Kind::kQuery:
            source.plan->run(host, context.snapshot, context.params, &context, append);
            break;
        case RowSource::Kind::kFunctions: return function_rows(*source.entry, context);
        case RowSource::Kind::kValues:
            for (const auto& exprs : source.entry->values) {
                std::vector<Datum>& row = rows.emplace_back();
                for (const ExprPtr& expr : exprs) row.push_back(evaluate(*expr, context));
            }
            break;
        case RowSource::Kind::kTransition:
            host.transition_rows(source.entry->transition_table, append);
            break;
        case RowSource::Kind::kVirtual:
            host.virtual_rows(*source.entry->relation, append);
            break;
        case RowSource::Kind::kProjectSet: source.project->run(context, append); break;
        case RowSource::Kind::kCte:
        case RowSource::Kind::kWorkTable:
        case RowSource::Kind::kSorted: break;
    }
    return rows;
}

}  // namespace

std::unique_ptr<RowCursor> open_source(Execution& execution, int number, sqlite3_value** values) {
    const RowSource& source = execution.program().sources[static_cast<std::size_t>(number)];
    EvalContext context = execution.level(source.block);
    if (source.kind == RowSource::Kind::kCte || source.kind == RowSource::Kind::kWorkTable) {
        return std::make_unique<CteCursor>(find_cte(context, source),
                                           source.kind == RowSource::Kind::kWorkTable);
    }
    if (source.kind == RowSource::Kind::kSorted) {
        const SortedStage& stage = execution.program().sorted[static_cast<std::size_t>(source.sorted)];
        return std::make_unique<KeptRows>(execution.sorted_rows(stage));
    }
    context.rows = execution.source_buffer(number).fill(source.inputs, values);
    return std::make_unique<KeptRows>(make_rows(source, context));
}

}  // namespace cdcsim::pg
