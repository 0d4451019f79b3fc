// How functions run SQL inside the server. Mirrors spi.h: prepare once, execute often, with values
// from a ParamSource.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/postgres/binder/catalog_context.h"
#include "sim/postgres/executor/evaluate.h"

namespace cdcsim::pg {

/// A prepared statement (one), bound lazily and again when the catalog has changed.
class SpiPlan {
  public:
    virtual ~SpiPlan() = default;
    /// "SELECT", "INSERT", "UPDATE", "DELETE", or the utility statement's tag.
    virtual std::string_view command() const = 0;
    /// The columns that it returns (binds it if need be); nullopt: none.
    virtual std::optional<RowType> columns() = 0;
    virtual bool is_empty() const = 0;
    /// Binds and plans now, if that is not done: errors of analysis and planning come here.
    virtual void ready() = 0;
    /// A relation that it reads or writes has changed since it was bound: it will be bound again.
    virtual bool is_invalid() = 0;
    /// One expression without a FROM clause: evaluated without a query.
    virtual bool is_simple() const = 0;
    /// The parameter that it is nothing but the name of; 0: it is more.
    virtual int bare_parameter() const = 0;
    /// That expression; nullptr: it is a query.
    virtual ExprPtr simple() const = 0;
};

struct SpiResult {
    std::uint64_t processed = 0;       ///< rows selected or changed
    bool returns_rows = false;
    RowType columns;
    std::vector<std::vector<Datum>> rows;
    std::string command;               ///< as SpiPlan::command
    std::shared_ptr<const Query> query;   ///< what has run; none for a utility statement
};

struct SpiOptions {
    ParamSource* params = nullptr;
    std::uint64_t max_rows = 0;        ///< 0: all
    bool read_only = false;            ///< non-volatile function: the caller's snapshot, no writes
};

class Spi {
  public:
    virtual ~Spi() = default;
    /// Parses `text`, which must be one statement (several: 42601 "cannot insert multiple commands
    /// into a prepared statement"). Binding errors come at columns() or execute(). `hook` outlives the plan.
    /// With a `target`, the one expression that is selected is coerced as an assignment to it is.
    virtual std::unique_ptr<SpiPlan> prepare(const std::string& text, NameHook* hook, const TypeRef* target = nullptr) = 0;
    /// Takes a snapshot (or, read_only, uses the caller's), runs the plan and, at its end, its AFTER
    /// triggers. Errors carry positions in the plan's text; the caller adds QUERY and CONTEXT.
    virtual SpiResult execute(SpiPlan& plan, const SpiOptions& options) = 0;
    /// One value of a plan whose statement is SELECT of one expression. The fast path evaluates it
    /// without a query where it has no FROM clause.
    virtual Datum evaluate(SpiPlan& plan, const SpiOptions& options, Oid* type, std::int32_t* typmod) = 0;

    /// Subtransactions, for EXCEPTION blocks.
    virtual void begin_subtransaction() = 0;
    virtual void release_subtransaction() = 0;
    virtual void rollback_subtransaction() = 0;
    /// COMMIT and ROLLBACK in procedures. Throws 2D000 where the caller is not a top-level CALL or DO.
    /// AND CHAIN keeps the isolation level and READ ONLY.
    virtual void commit_and_chain(bool same_characteristics) = 0;
    virtual void rollback_and_chain(bool same_characteristics) = 0;
};

}  // namespace cdcsim::pg
