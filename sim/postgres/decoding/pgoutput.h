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
#include "sim/postgres/function/environment.h"

namespace cdcsim::pg {

/// The output functions' settings of a walsender, and types as of a catalog version.
class DecodingEnvironment : public Environment {
  public:
    CatalogPtr catalog;

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
    ValueSettings settings_;
};

class PgOutput : public ReplicationSource {
  public:
    /// `log` outlives the source. Reads from the first transaction that ends after `start`.
    PgOutput(WriteAheadLog& log, const std::string& slot, Lsn start, const std::string& publication);
    ~PgOutput() override;

    std::optional<pgoutput::Message> next() override;
    void confirm(Lsn flushed) override;

  private:
    void decode(const LogEntry& entry);
    void decode_change(const LogEntry& entry, const Change& change);
    void decode_row(const LogEntry& entry, const Change& change);
    void decode_truncate(const LogEntry& entry, const Change& change);
    void decode_message(const LogEntry& entry, const Change& change);
    void begin_if_needed(const LogEntry& entry);
    void send_schema(const LogEntry& entry, const RelationPtr& relation);
    const Publication* publication_of(const LogEntry& entry) const;
    bool publishes(const Publication& publication, const Relation& relation) const;
    pgoutput::Tuple make_tuple(const Relation& relation, const std::vector<Datum>& values, const std::vector<bool>& unchanged,
                               bool key_only);

    WriteAheadLog& log_;
    std::string slot_, publication_;
    std::uint64_t next_entry_;
    bool begun_ = false;
    std::deque<pgoutput::Message> ready_;
    std::map<Oid, RelationPtr> sent_;
    std::set<std::pair<Oid, const TypeInfo*>> sent_types_;
    DecodingEnvironment environment_;
};

/// The replica identity's columns, attnos in column order. Empty: none (or 'n').
std::vector<int> replica_identity_columns(const Relation& relation);

}  // namespace cdcsim::pg
