#include "tests/live/libpq_server.h"

#include <libpq-fe.h>
#include <poll.h>

#include <chrono>
#include <thread>

#include "core/base/error.h"
#include "core/pgoutput/read_message.h"

namespace cdcsim {

namespace {

struct Closer {
    void operator()(PGconn* connection) const { PQfinish(connection); }
    void operator()(PGresult* result) const { PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, Closer>;
using Result = std::unique_ptr<PGresult, Closer>;

Connection open(const std::string& conninfo) {
    Connection connection(PQconnectdb(conninfo.c_str()));
    if (PQstatus(connection.get()) != CONNECTION_OK)
        throw SqlError("08001", PQerrorMessage(connection.get()));
    return connection;
}

Result run(PGconn* connection, const std::string& sql) {
    Result result(PQexec(connection, sql.c_str()));
    auto status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_COPY_BOTH) {
        const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
        const char* text = PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
        throw SqlError(state ? state : "XX000", text ? text : PQerrorMessage(connection));
    }
    return result;
}

class LibpqConnection : public SqlConnection {
  public:
    explicit LibpqConnection(const std::string& conninfo) : connection_(open(conninfo)) {
        run(connection_.get(), "SET DateStyle = ISO");
        run(connection_.get(), "SET TimeZone = 'UTC'");
        run(connection_.get(), "SET extra_float_digits = 3");
    }
    QueryResult query(std::string_view sql) override {
        auto result = run(connection_.get(), std::string(sql));
        QueryResult out;
        for (int c = 0; c < PQnfields(result.get()); ++c)
            out.columns.push_back(
                {PQfname(result.get(), c), PQftype(result.get(), c), PQfmod(result.get(), c)});
        for (int r = 0; r < PQntuples(result.get()); ++r) {
            auto& row = out.rows.emplace_back();
            for (int c = 0; c < PQnfields(result.get()); ++c) {
                if (PQgetisnull(result.get(), r, c))
                    row.emplace_back();
                else
                    row.emplace_back(std::string(PQgetvalue(result.get(), r, c)));
            }
        }
        out.command_tag = PQcmdStatus(result.get());
        return out;
    }
    void for_each_row(
        std::string_view sql,
        const std::function<void(const std::vector<std::optional<std::string>>&)>& row) override {
        for (const auto& values : query(sql).rows) row(values);
    }

  private:
    Connection connection_;
};

/// The frame of a message: XLogData's byte, start, end and send time.
constexpr std::size_t kFrameSize = 25;

std::uint64_t big_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
    return value;
}

class LibpqStream : public ReplicationSource {
  public:
    LibpqStream(const std::string& conninfo, const std::string& slot, Lsn start,
                const std::string& publication, MessageTap tap)
        : tap_(std::move(tap)),
          connection_(open(conninfo + " replication=database options='-c DateStyle=ISO -c "
                                      "TimeZone=UTC -c extra_float_digits=3'")) {
        run(connection_.get(), "START_REPLICATION SLOT \"" + slot + "\" LOGICAL " + start.text() +
                                   " (\"proto_version\" '1', \"publication_names\" '" +
                                   publication + "', \"messages\" 'true')");
    }

    std::optional<pgoutput::Message> next() override {
        for (int idle = 0; idle < 30;) {
            char* buffer = nullptr;
            int size = PQgetCopyData(connection_.get(), &buffer, 1);
            if (size == 0) {
                pollfd waiting{PQsocket(connection_.get()), POLLIN, 0};
                if (::poll(&waiting, 1, 10) == 0) ++idle;
                PQconsumeInput(connection_.get());
                continue;
            }
            if (size < 0) throw SqlError("XX000", PQerrorMessage(connection_.get()));
            std::string bytes(buffer, static_cast<std::size_t>(size));
            PQfreemem(buffer);
            if (bytes[0] != 'w') continue;
            Lsn lsn{big_endian(std::string_view(bytes).substr(1, 8))};
            auto message = std::string_view(bytes).substr(kFrameSize);
            if (tap_) tap_(lsn, message);
            return pgoutput::Message{lsn, pgoutput::read_message(message)};
        }
        return std::nullopt;
    }
    void confirm(Lsn) override {}

  private:
    MessageTap tap_;
    Connection connection_;
};

class LibpqServer : public PostgresServer {
  public:
    LibpqServer(std::string conninfo, MessageTap tap)
        : conninfo_(std::move(conninfo)), tap_(std::move(tap)) {}
    std::unique_ptr<SqlConnection> connect() override {
        return std::make_unique<LibpqConnection>(conninfo_);
    }
    std::unique_ptr<ReplicationSource> start_replication(const std::string& slot, Lsn start,
                                                         const std::string& publication) override {
        // A walsender that was left a moment ago may still hold the slot.
        for (int attempt = 0;; ++attempt) {
            try {
                return std::make_unique<LibpqStream>(conninfo_, slot, start, publication, tap_);
            } catch (const SqlError& error) {
                if (error.sqlstate() != "55006" || attempt > 20) throw;
                std::this_thread::sleep_for(std::chrono::milliseconds(50));
            }
        }
    }
    Lsn create_slot(const std::string& slot) override {
        auto connection = open(conninfo_ + " replication=database");
        auto result = run(connection.get(), "CREATE_REPLICATION_SLOT \"" + slot +
                                                "\" LOGICAL pgoutput NOEXPORT_SNAPSHOT");
        std::string text = PQgetvalue(result.get(), 0, 1);
        auto slash = text.find('/');
        return {std::stoull(text.substr(0, slash), nullptr, 16) << 32 |
                std::stoull(text.substr(slash + 1), nullptr, 16)};
    }

  private:
    std::string conninfo_;
    MessageTap tap_;
};

}  // namespace

std::unique_ptr<PostgresServer> make_libpq_server(const std::string& conninfo, MessageTap tap) {
    return std::make_unique<LibpqServer>(conninfo, std::move(tap));
}

}  // namespace cdcsim
