#include "tests/live/libpq_server.h"

#include <libpq-fe.h>
#include <poll.h>

#include <chrono>
#include <stdexcept>
#include <thread>

#include "core/base/error.h"

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
            out.columns.push_back({PQfname(result.get(), c), PQftype(result.get(), c),
                                   PQfmod(result.get(), c)});
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
    void for_each_row(std::string_view sql,
                      const std::function<void(const std::vector<std::optional<std::string>>&)>&
                          row) override {
        for (const auto& values : query(sql).rows) row(values);
    }

  private:
    Connection connection_;
};

/// Big-endian fields of a message.
class Reader {
  public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}
    std::uint64_t number(int size) {
        std::uint64_t value = 0;
        while (size-- > 0) value = value << 8 | static_cast<unsigned char>(bytes_.at(at_++));
        return value;
    }
    std::string text() {
        auto end = bytes_.find('\0', at_);
        std::string out(bytes_.substr(at_, end - at_));
        at_ = end + 1;
        return out;
    }
    std::string take(std::size_t size) {
        std::string out(bytes_.substr(at_, size));
        at_ += size;
        return out;
    }
    UnixMicros time() {
        return {static_cast<std::int64_t>(number(8)) + kPostgresEpochMicros};
    }

  private:
    std::string_view bytes_;
    std::size_t at_ = 0;
};

pgoutput::Tuple read_tuple(Reader& in) {
    pgoutput::Tuple tuple(in.number(2));
    for (auto& column : tuple) {
        column.kind = static_cast<pgoutput::TupleColumn::Kind>(in.number(1));
        if (column.kind == pgoutput::TupleColumn::Kind::kText) column.text = in.take(in.number(4));
    }
    return tuple;
}

pgoutput::Relation read_relation(Reader& in) {
    pgoutput::Relation out;
    out.id = static_cast<Oid>(in.number(4));
    out.schema = in.text();
    out.table = in.text();
    out.replica_identity = static_cast<char>(in.number(1));
    out.columns.resize(in.number(2));
    for (auto& column : out.columns) {
        column.key = in.number(1) & 1;
        column.name = in.text();
        column.type = static_cast<Oid>(in.number(4));
        column.typmod = static_cast<std::int32_t>(in.number(4));
    }
    return out;
}

pgoutput::Update read_update(Reader& in) {
    pgoutput::Update out;
    out.relation = static_cast<Oid>(in.number(4));
    auto kind = static_cast<char>(in.number(1));
    if (kind != 'N') {
        out.old_kind = kind;
        out.before = read_tuple(in);
        in.number(1);
    }
    out.after = read_tuple(in);
    return out;
}

pgoutput::Body read_body(std::string_view bytes) {
    Reader in(bytes);
    switch (static_cast<char>(in.number(1))) {
        case 'B': {
            pgoutput::Begin out;
            out.final_lsn = {in.number(8)};
            out.commit_time = in.time();
            out.xid = {static_cast<std::uint32_t>(in.number(4))};
            return out;
        }
        case 'C': {
            pgoutput::Commit out;
            out.flags = static_cast<std::uint8_t>(in.number(1));
            out.commit_lsn = {in.number(8)};
            out.end_lsn = {in.number(8)};
            out.commit_time = in.time();
            return out;
        }
        case 'O': {
            pgoutput::Origin out;
            out.commit_lsn = {in.number(8)};
            out.name = in.text();
            return out;
        }
        case 'R': return read_relation(in);
        case 'Y': {
            pgoutput::Type out;
            out.id = static_cast<Oid>(in.number(4));
            return out;
        }
        case 'I': {
            pgoutput::Insert out;
            out.relation = static_cast<Oid>(in.number(4));
            in.number(1);
            out.after = read_tuple(in);
            return out;
        }
        case 'U': return read_update(in);
        case 'D': {
            pgoutput::Delete out;
            out.relation = static_cast<Oid>(in.number(4));
            out.old_kind = static_cast<char>(in.number(1));
            out.before = read_tuple(in);
            return out;
        }
        case 'T': {
            pgoutput::Truncate out;
            out.relations.resize(in.number(4));
            auto flags = in.number(1);
            out.cascade = flags & 1;
            out.restart_identity = flags & 2;
            for (auto& relation : out.relations) relation = static_cast<Oid>(in.number(4));
            return out;
        }
        case 'M': {
            pgoutput::LogicalMessage out;
            out.transactional = in.number(1) == 1;
            out.lsn = {in.number(8)};
            out.prefix = in.text();
            out.content = in.take(in.number(4));
            return out;
        }
        default: throw std::runtime_error("unknown pgoutput message");
    }
}

class LibpqStream : public ReplicationSource {
  public:
    LibpqStream(const std::string& conninfo, const std::string& slot, Lsn start,
                const std::string& publication)
        : connection_(open(conninfo + " replication=database options='-c DateStyle=ISO -c "
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
            Reader frame(bytes);
            frame.number(1);
            Lsn lsn{frame.number(8)};
            return pgoutput::Message{lsn, read_body(std::string_view(bytes).substr(25))};
        }
        return std::nullopt;
    }
    void confirm(Lsn) override {}

  private:
    Connection connection_;
};

class LibpqServer : public PostgresServer {
  public:
    explicit LibpqServer(std::string conninfo) : conninfo_(std::move(conninfo)) {}
    std::unique_ptr<SqlConnection> connect() override {
        return std::make_unique<LibpqConnection>(conninfo_);
    }
    std::unique_ptr<ReplicationSource> start_replication(const std::string& slot, Lsn start,
                                                         const std::string& publication) override {
        // A walsender that was left a moment ago may still hold the slot.
        for (int attempt = 0;; ++attempt) {
            try {
                return std::make_unique<LibpqStream>(conninfo_, slot, start, publication);
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
};

}  // namespace

std::unique_ptr<PostgresServer> make_libpq_server(const std::string& conninfo) {
    return std::make_unique<LibpqServer>(conninfo);
}

}  // namespace cdcsim
