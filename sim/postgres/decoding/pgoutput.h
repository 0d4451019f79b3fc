// The pgoutput plugin: turns committed transactions into replication messages, through a
// publication, for one START_REPLICATION. Mirrors pgoutput.c.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/pgoutput/replication_source.h"
#include "sim/postgres/decoding/wal.h"
#include "sim/postgres/executor/host.h"

namespace cdcsim::pg {

/// The output functions' settings of a walsender, and types as of a catalog version. It is a Host
/// for row filters, whose expressions are immutable: they ask for nothing.
class DecodingEnvironment : public Host {
  public:
    CatalogPtr catalog;

    Database& database() override { refuse(); }
    Snapshot take_snapshot() override { return {}; }
    Datum call_function(const std::shared_ptr<const Function>&, CallContext&, std::span<const Datum>) override { refuse(); }
    void call_set_function(const std::shared_ptr<const Function>&, CallContext&, std::span<const Datum>, const RowSink&) override { refuse(); }
    Datum sql_value(SqlValue, std::int32_t, Oid) override { refuse(); }
    std::int64_t next_value(Oid) override { refuse(); }
    Datum check_domain(Oid, Datum) override { refuse(); }
    void transition_rows(const std::string&, const RowSink&) override { refuse(); }
    void virtual_rows(const Relation&, const RowSink&) override { refuse(); }
    std::vector<RelationPtr> scanned_relations(const Relation&, bool) override { refuse(); }
    void run_modifying(const Query&, ParamSource*, const Snapshot&, const EvalContext*, const RowSink&) override { refuse(); }
    void enter_call() override {}
    void leave_call() override {}

    const ValueSettings& value_settings() override { return settings_; }
    const TypeInfo* find_type(Oid oid) override;
    bool type_is_visible(const TypeInfo&) override { return true; }
    std::int64_t transaction_timestamp() override { return 0; }
    std::int64_t statement_timestamp() override { return 0; }
    std::int64_t clock_timestamp() override { return 0; }
    std::uint64_t random_bits() override { return 0; }
    double random() override { return 0; }
    void set_random_seed(double) override {}
    int register_row_type(const RowType&) override;
    const RowType& row_type(int) override;
    void notice(std::string_view, const std::string&) override {}

  private:
    [[noreturn]] static void refuse();

    ValueSettings settings_;
};

class PgOutput : public ReplicationSource {
  public:
    /// `log` outlives the source. Reads from the first transaction that ends after `start`.
    PgOutput(WriteAheadLog& log, const std::string& slot, Lsn start, const std::string& publication);
    ~PgOutput() override;

    std::optional<pgoutput::Message> next() override;
    void confirm(Lsn flushed) override;
    void release(Lsn flushed) override;

  private:
    /// A relation as it was last announced, and what writing its tuples needs.
    struct SentRelation {
        RelationPtr relation;
        RelationPtr committed;                ///< as that transaction left it
        struct SentColumn {
            std::size_t index = 0;            ///< attno - 1
            const TypeInfo* type = nullptr;   ///< as of `catalog`; nullptr: gone since
            bool in_identity = false;
        };
        std::vector<int> list;                ///< the publication's column list
        std::vector<SentColumn> columns;      ///< of `prepared` as of `catalog`
        RelationPtr prepared;
        CatalogPtr catalog;
    };
    void decode(const LogEntry& entry);
    void decode_change(const LogEntry& entry, const Change& change);
    void decode_row(const LogEntry& entry, const Change& change);
    void decode_truncate(const LogEntry& entry, const Change& change);
    void decode_message(const LogEntry& entry, const Change& change);
    void begin_if_needed(const LogEntry& entry, const Change& change);
    SentRelation& send_schema(const LogEntry& entry, const RelationPtr& relation);
    const Publication* publication_of(const LogEntry& entry) const;
    bool publishes(const Publication& publication, const Relation& relation) const;
    bool passes(const Expr& filter, const std::vector<Datum>& row);
    void prepare(const LogEntry& entry, const RelationPtr& relation, SentRelation& sent);
    pgoutput::Tuple make_tuple(const SentRelation& sent, const std::vector<Datum>& values, const std::vector<bool>& unchanged, bool key_only);

    WriteAheadLog& log_;
    std::string slot_, publication_;
    std::uint64_t next_entry_;
    bool begun_ = false;
    std::vector<pgoutput::Message> ready_;   ///< of one entry of the log
    std::size_t taken_ = 0;                  ///< those at its front that next() has given
    const PublicationTable* table_ = nullptr;  ///< the row of pg_publication_rel for the change at hand
    std::map<Oid, SentRelation> sent_;
    std::set<std::pair<Oid, const TypeInfo*>> sent_types_;
    DecodingEnvironment environment_;
};

/// The replica identity's columns, attnos in column order. Empty: none (or 'n').
std::vector<int> replica_identity_columns(const Relation& relation);

}  // namespace cdcsim::pg
