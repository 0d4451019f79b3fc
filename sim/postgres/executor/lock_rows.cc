// SELECT ... FOR UPDATE and its kin. While locks matter to nobody the plain plan runs; otherwise the
// rows are found first, with their rids, and then locked one by one until LIMIT is reached. Mirrors
// nodeLockRows.c.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "sim/postgres/executor/lock_rows.h"
#include "sim/postgres/executor/recheck.h"
#include "sim/postgres/executor/row_locks.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

std::string_view strength_name(RowLockMode mode) {
    constexpr std::string_view kNames[] = {"KEY SHARE", "SHARE", "NO KEY UPDATE", "UPDATE"};
    return kNames[static_cast<std::size_t>(mode)];
}

class LockRowsPlan : public SelectPlan {
  public:
    LockRowsPlan(std::shared_ptr<const Query> query, std::shared_ptr<const SelectPlan> plain) : query_(std::move(query)), plain_(std::move(plain)) {}

    void run(Host& host, const Snapshot& snapshot, ParamSource* params, const EvalContext* outer, const RowSink& emit, CteScope* ctes) const override {
        auto* backend = dynamic_cast<Backend*>(&host);
        if (backend != nullptr && backend->transaction().read_only) {
            throw SqlError("25006", fmt::format("cannot execute SELECT FOR {} in a read-only transaction", strength_name(query_->row_marks.front().mode)));
        }
        if (backend == nullptr) return plain_->run(host, snapshot, params, outer, emit, ctes);
        if (!backend->keeps_locks()) {
            bool logged = false;
            auto locked = [&](std::span<const Datum> row) {
                if (!std::exchange(logged, true)) log(*backend);
                return emit(row);
            };
            return plain_->run(host, snapshot, params, outer, locked, ctes);
        }
        if (!locking_) make_locking(host);
        EvalContext level{.host = host, .snapshot = snapshot, .params = params, .outer = outer, .ctes = ctes};
        std::int64_t skip = count(query_->offset, level, "2201X", "OFFSET must not be negative", 0);
        std::int64_t rest = count(query_->limit, level, "2201W", "LIMIT must not be negative", INT64_MAX);
        std::vector<Row> found;
        locking_->run(host, snapshot, params, outer, [&](std::span<const Datum> row) {
            found.emplace_back(row.begin(), row.end());
            return true;
        }, ctes);
        for (Row& row : found) {
            if (rest == 0) return;
            if (!lock(*backend, level, row)) continue;
            log(*backend);
            if (skip > 0) {
                --skip;
                continue;
            }
            --rest;
            if (!emit(std::span<const Datum>(row).first(visible_))) return;
        }
    }

  private:
    void log(Backend& backend) const {
        backend.log_hidden();
        for (const RowMark& mark : query_->row_marks) {
            const RangeTableEntry& rte = query_->range_table[static_cast<std::size_t>(mark.rt_index - 1)];
            if (rte.relation && mark.mode >= RowLockMode::kNoKeyUpdate) backend.transaction().locked_tables.insert(rte.relation->oid);
        }
    }

    static std::int64_t count(const ExprPtr& expr, const EvalContext& level, const char* sqlstate, const char* message, std::int64_t none) {
        Datum value = expr ? evaluate(*expr, level) : Datum();
        if (value.is_null()) return none;
        if (value.as_int() < 0) throw SqlError(sqlstate, message);
        return value.as_int();
    }

    /// The same rows without LIMIT, and the rids of all tables after the columns.
    void make_locking(Host& host) const {
        const Query& query = *query_;
        if (query.with_ties) throw NotSimulated("FOR UPDATE with WITH TIES");
        if (query.has_target_srfs || query.set_operations) throw NotSimulated("FOR UPDATE with set-returning functions");
        auto rewritten = std::make_shared<Query>();
        rewritten->range_table = query.range_table;
        rewritten->ctes = query.ctes;
        rewritten->recursive = query.recursive;
        rewritten->where = query.where;
        rewritten->order_by = query.order_by;
        rewritten->from = query.from;
        for (const TargetEntry& target : query.targets) {
            if (!target.junk) ++visible_;
        }
        rewritten->targets = query.targets;
        for (std::size_t i = 0; i < query.range_table.size(); ++i) {
            const RangeTableEntry& rte = query.range_table[i];
            if (rte.kind != RteKind::kRelation || rte.relation->virtual_rows != nullptr) continue;
            auto rid = std::make_shared<VarExpr>();
            rid->rt_index = static_cast<int>(i) + 1;
            rid->attno = kRidAttno;
            rid->type = oid::kInt8;
            TargetEntry entry;
            entry.expr = rid;
            entry.resno = static_cast<int>(rewritten->targets.size()) + 1;
            rewritten->targets.push_back(std::move(entry));
            tables_.push_back(rid->rt_index);
        }
        for (const RowMark& mark : query.row_marks) {
            const RangeTableEntry& rte = query.range_table[static_cast<std::size_t>(mark.rt_index - 1)];
            if (rte.kind != RteKind::kRelation) throw NotSimulated("FOR UPDATE of a subquery or view while other sessions are at work");
            std::vector<RelationPtr> scanned = host.scanned_relations(*rte.relation, !rte.inherit);
            if (scanned.size() != 1) throw NotSimulated("FOR UPDATE of a table with children or partitions");
        }
        locking_ = plan_select(std::move(rewritten), host);
    }

    /// Locks the rows of the marked tables; `row` gets the newest values. False: it is left out.
    bool lock(Backend& backend, const EvalContext& level, Row& row) const {
        std::span<const Datum> rids = std::span<const Datum>(row).subspan(visible_);
        std::vector<std::optional<RowVersion>> moved(tables_.size());
        bool any_moved = false;
        for (std::size_t i = 0; i < tables_.size(); ++i) {
            auto mark = std::ranges::find(query_->row_marks, tables_[i], &RowMark::rt_index);
            if (mark == query_->row_marks.end() || rids[i].is_null()) continue;
            const Relation& relation = *query_->range_table[static_cast<std::size_t>(tables_[i] - 1)].relation;
            std::optional<RowVersion> version = backend.database().fetch(relation, rids[i].as_int());
            if (!version) return false;
            switch (lock_row(backend, relation, *version, {.mode = mark->mode, .verb = "locking", .wait = mark->wait, .keep = true})) {
                case RowOutcome::kLocked: break;
                case RowOutcome::kMoved:
                    moved[i] = std::move(*version);
                    any_moved = true;
                    break;
                default: return false;
            }
        }
        if (!any_moved) return true;
        Recheck recheck(level, *query_);
        for (std::size_t i = 0; i < tables_.size(); ++i) {
            if (moved[i]) {
                recheck.put(tables_[i], std::move(*moved[i]));
            } else {
                recheck.put_stored(backend, tables_[i], rids[i]);
            }
        }
        if (!recheck.holds()) return false;
        std::size_t column = 0;
        for (const TargetEntry& target : query_->targets) {
            if (!target.junk) row[column++] = evaluate(*target.expr, recheck.context());
        }
        return true;
    }

    std::shared_ptr<const Query> query_;
    std::shared_ptr<const SelectPlan> plain_;
    mutable std::shared_ptr<const SelectPlan> locking_;
    mutable std::size_t visible_ = 0;
    mutable std::vector<int> tables_;  ///< whose rids stand after the columns
};

}  // namespace

std::shared_ptr<const SelectPlan> plan_lock_rows(std::shared_ptr<const Query> query, std::shared_ptr<const SelectPlan> plain) {
    return std::make_shared<LockRowsPlan>(std::move(query), std::move(plain));
}

}  // namespace cdcsim::pg
