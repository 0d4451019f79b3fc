// The server as the rooms around it see it. Mirrors postmaster.c and walsender.c.
#include <fmt/format.h>

#include "sim/postgres/decoding/pgoutput.h"
#include "sim/postgres/executor/backend.h"

namespace cdcsim::pg {
namespace {

/// A client that wants its answers as values in text form: the connector.
class BackendConnection : public SqlConnection {
  public:
    explicit BackendConnection(std::unique_ptr<Backend> backend) : backend_(std::move(backend)) {}

    QueryResult query(std::string_view sql) override {
        MessageResult result = static_cast<Session&>(*backend_).execute(sql, {});
        if (result.error) result.error->rethrow();
        if (result.waiting) throw NotSimulated("the connector's wait for " + result.waits_for);
        return result.statements.empty() ? QueryResult{} : std::move(result.statements.back().result);
    }

    void for_each_row(std::string_view sql, const std::function<void(const std::vector<std::optional<std::string>>&)>& row) override {
        for (const auto& values : query(sql).rows) row(values);
    }

  private:
    std::unique_ptr<Backend> backend_;
};

class SimulatedServer : public Server {
  public:
    explicit SimulatedServer(const ServerOptions& options) : state_(std::make_shared<ServerState>(options)) {}

    std::unique_ptr<Session> open_session(const std::string& user) override { return std::make_unique<Backend>(state_, user); }
    Lsn wal_position() const override { return state_->wal.position(); }

    std::unique_ptr<SqlConnection> connect() override {
        return std::make_unique<BackendConnection>(std::make_unique<Backend>(state_, ""));
    }

    std::unique_ptr<ReplicationSource> start_replication(const std::string& slot, Lsn start, const std::string& publication) override {
        auto it = state_->wal.slots().find(slot);
        if (it == state_->wal.slots().end()) throw SqlError("42704", fmt::format("replication slot \"{}\" does not exist", slot));
        if (it->second.active) throw SqlError("55006", fmt::format("replication slot \"{}\" is active for PID {}", slot, state_->next_backend_pid));
        return std::make_unique<PgOutput>(state_->wal, slot, std::max(start, it->second.confirmed_flush), publication);
    }

    Lsn create_slot(const std::string& name) override {
        if (state_->wal.slots().contains(name)) throw SqlError("42710", fmt::format("replication slot \"{}\" already exists", name));
        Slot slot;
        slot.name = name;
        slot.plugin = "pgoutput";
        slot.database = state_->options.database;
        // The consistent point lies after a running-transactions record.
        constexpr std::size_t kRunningXactsBytes = 56;
        slot.restart_lsn = state_->wal.append(kRunningXactsBytes);
        slot.confirmed_flush = state_->wal.position();
        state_->wal.slots()[name] = slot;
        return slot.confirmed_flush;
    }

  private:
    std::shared_ptr<ServerState> state_;
};

}  // namespace

std::unique_ptr<Server> make_server(const ServerOptions& options) { return std::make_unique<SimulatedServer>(options); }

}  // namespace cdcsim::pg
