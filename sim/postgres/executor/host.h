// What the executor asks of the session that runs a statement, beyond what functions may ask
// (Environment). Session implements it; storage, evaluator and SELECT know only this.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sim/postgres/binder/bound_query.h"
#include "sim/postgres/catalog/objects.h"
#include "sim/postgres/function/environment.h"
#include "sim/postgres/function/registry.h"

namespace cdcsim::pg {

class Database;
struct EvalContext;  // executor/evaluate.h

/// Which row versions a query sees. `command` is the global command counter: a version is visible if
/// born <= command < died and its writer is this transaction or one that had committed when the
/// snapshot was taken.
struct Snapshot {
    std::uint64_t command = 0;
    /// The counter when the snapshot was taken: what others wrote later is not seen. Smaller than
    /// `command` in the later statements of a REPEATABLE READ transaction only.
    std::uint64_t taken = 0;
    /// This transaction's ids; filled where `taken` differs from `command`.
    std::vector<Xid> own;
    /// Writers that were in progress when the snapshot was taken. Empty in the usual case of one
    /// session, where born and died alone decide.
    std::vector<Xid> in_progress;
    /// Every version that is stored, dead ones and those of others too: for who judges for himself.
    bool sees_all = false;

    /// born <= command < died is the whole test.
    bool is_plain() const { return in_progress.empty() && taken == command && !sees_all; }
};

/// The values of ParamExpr: PL/pgSQL variables, SQL function arguments, $n.
class ParamSource {
  public:
    virtual ~ParamSource() = default;
    /// REQUIRES: 1 <= number. The reference is valid until the source changes.
    virtual const Datum& param(int number) = 0;
    /// A composite value of which one field will be read: the whole does not become a row of its own.
    virtual const Datum& composite(int number) { return param(number); }
    /// The value for one who is the last to read it.
    virtual Datum take(int number) { return param(number); }
};

class Host : public Environment {
  public:
    virtual Database& database() = 0;
    /// A snapshot for a new query of this session: sees its own earlier commands.
    virtual Snapshot take_snapshot() = 0;

    /// A function created by the user.
    virtual Datum call_function(const std::shared_ptr<const Function>& function, CallContext& call,
                                std::span<const Datum> args) = 0;
    virtual void call_set_function(const std::shared_ptr<const Function>& function,
                                   CallContext& call, std::span<const Datum> args,
                                   const RowSink& emit) = 0;
    virtual Datum sql_value(SqlValue value, std::int32_t typmod, Oid type) = 0;
    virtual std::int64_t next_value(Oid sequence) = 0;
    /// Checks a domain's constraints; returns the value.
    Datum check_domain(Oid domain, Datum value) override = 0;
    /// The rows of a transition table (REFERENCING NEW TABLE AS name).
    virtual void transition_rows(const std::string& name, const RowSink& emit) = 0;
    /// The rows of a computed catalog relation.
    virtual void virtual_rows(const Relation& relation, const RowSink& emit) = 0;
    /// The relations that a scan of `relation` reads: itself unless `only_this`, then its children
    /// in PostgreSQL's order (partitioned tables: only the leaves).
    virtual std::vector<RelationPtr> scanned_relations(const Relation& relation, bool only_this) = 0;
    /// Runs a data-modifying CTE and gives its RETURNING rows as they come. `outer` is the level that
    /// the WITH belongs to: its other CTEs may be read (levels_up 1).
    virtual void run_modifying(const Query& query, ParamSource* params, const Snapshot& snapshot,
                               const EvalContext* outer, const RowSink& emit) = 0;
    /// Counts depth: throws SqlError 54001 beyond the limit.
    virtual void enter_call() = 0;
    virtual void leave_call() = 0;
};

/// The default comparison of a type for SQL's ORDER BY and friends; see compare_values.

}  // namespace cdcsim::pg
