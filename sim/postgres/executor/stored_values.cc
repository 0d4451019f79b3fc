#include "sim/postgres/executor/stored_values.h"

#include <algorithm>

#include "sim/postgres/executor/backend.h"

namespace cdcsim::pg {
namespace {

class Passing {
  public:
    explicit Passing(const Modification& m) : m_(m), parameters_(m.params != nullptr && !m.backend.context_frames.empty()) {}

    /// Functions and operators read their arguments, and make new values; these here hand them on.
    bool passes(const Expr& expr, const Query& query) const {
        auto any = [&](const std::vector<ExprPtr>& args) { return std::ranges::any_of(args, [&](const ExprPtr& arg) { return passes(*arg, query); }); };
        switch (expr.kind) {
            case ExprKind::kVar: return column_passes(as<VarExpr>(expr), query);
            case ExprKind::kParam: return parameters_;
            case ExprKind::kCoalesce: return any(as<CoalesceExpr>(expr).args);
            case ExprKind::kMinMax: return any(as<MinMaxExpr>(expr).args);
            case ExprKind::kRelabel: return passes(*as<RelabelExpr>(expr).arg, query);
            case ExprKind::kCollate: return passes(*as<CollateExpr>(expr).arg, query);
            case ExprKind::kCoerceToDomain: return passes(*as<CoerceToDomainExpr>(expr).arg, query);
            case ExprKind::kCase: {
                const auto& choice = as<CaseExpr>(expr);
                auto result_passes = [&](const CaseExpr::When& when) { return passes(*when.result, query); };
                return std::ranges::any_of(choice.whens, result_passes) || passes(*choice.default_result, query);
            }
            case ExprKind::kFunc: {
                const auto& call = as<FuncExpr>(expr);
                return call.user != nullptr || (call.form == FuncForm::kNullIf && passes(*call.args[0], query));
            }
            case ExprKind::kSubLink: case ExprKind::kAggregate: case ExprKind::kWindow: case ExprKind::kCaseTest: return true;
            default: return false;
        }
    }

  private:
    bool column_passes(const VarExpr& var, const Query& query) const {
        if (var.levels_up > 0) return true;
        if (query.on_conflict && var.rt_index == query.on_conflict->excluded_rt_index) return proposed_passes(query, var.attno);
        const RangeTableEntry& entry = query.range_table[static_cast<std::size_t>(var.rt_index - 1)];
        switch (entry.kind) {
            // Another column of the row, or another table, has values of its own.
            case RteKind::kRelation: return var.rt_index != query.result_relation && entry.relation->oid == m_.relation->oid;
            case RteKind::kSubquery: return output_passes(*entry.subquery, static_cast<std::size_t>(var.attno - 1));
            case RteKind::kValues: return any_row_passes(entry.values, static_cast<std::size_t>(var.attno - 1), query);
            default: return true;
        }
    }

    bool output_passes(const Query& query, std::size_t place) const {
        return query.set_operations || place >= query.targets.size() || passes(*query.targets[place].expr, query);
    }

    bool any_row_passes(const std::vector<std::vector<ExprPtr>>& rows, std::size_t place, const Query& query) const {
        return std::ranges::any_of(rows, [&](const auto& row) { return place < row.size() && passes(*row[place], query); });
    }

    bool proposed_passes(const Query& query, int attno) const {
        const auto place = std::ranges::find(query.insert_columns, attno);
        if (place == query.insert_columns.end()) return false;
        const auto i = static_cast<std::size_t>(place - query.insert_columns.begin());
        return query.insert_select ? output_passes(*query.insert_select, i) : any_row_passes(query.values, i, query);
    }

    const Modification& m_;
    bool parameters_;   ///< variables of a function, which may hold what it has found in a row
};

}  // namespace

bool may_be_stored_value(const Modification& m, int attno) {
    const FieldOrigin origin = m.origins.empty() ? FieldOrigin::kAsGiven : m.origins[static_cast<std::size_t>(attno - 1)];
    if (origin != FieldOrigin::kAsGiven) return origin == FieldOrigin::kUnsure;
    const std::vector<TargetEntry>* set = m.set_list != nullptr ? m.set_list : m.query.command == CommandKind::kUpdate ? &m.query.targets : nullptr;
    if (set == nullptr) return false;
    auto entry = std::ranges::find(*set, attno, &TargetEntry::resno);
    return entry != set->end() && Passing(m).passes(*entry->expr, m.query);
}

}  // namespace cdcsim::pg
