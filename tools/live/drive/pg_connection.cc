#include "tools/live/drive/pg_connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <cstdlib>
#include <utility>

#include "core/base/error.h"
#include "tools/live/unavailable.h"
#include "tools/live/wait.h"

namespace cdcsim::live {

namespace {

using scenario::MessageAnswer;
using scenario::Report;
using scenario::StatementAnswer;

struct Free {
    void operator()(PGconn* connection) const { PQfinish(connection); }
    void operator()(PGresult* result) const { PQclear(result); }
    void operator()(char* text) const { PQfreemem(text); }
};
using Connection = std::unique_ptr<PGconn, Free>;
using Result = std::unique_ptr<PGresult, Free>;
using Text = std::unique_ptr<char, Free>;

Report report_from(const PGresult* result) {
    const auto field = [&](int code) {
        const char* value = PQresultErrorField(result, code);
        return std::string(value == nullptr ? "" : value);
    };
    Report out;
    out.severity = field(PG_DIAG_SEVERITY);
    out.sqlstate = field(PG_DIAG_SQLSTATE);
    out.message = field(PG_DIAG_MESSAGE_PRIMARY);
    out.detail = field(PG_DIAG_MESSAGE_DETAIL);
    out.hint = field(PG_DIAG_MESSAGE_HINT);
    out.context = field(PG_DIAG_CONTEXT);
    out.internal_query = field(PG_DIAG_INTERNAL_QUERY);
    out.position = std::atoi(field(PG_DIAG_STATEMENT_POSITION).c_str());
    out.internal_position = std::atoi(field(PG_DIAG_INTERNAL_POSITION).c_str());
    if (out.severity.empty()) {  // libpq's own: the connection was lost
        out.severity = "FATAL";
        out.sqlstate = "08006";
        out.message = PQresultErrorMessage(result);
    }
    return out;
}

QueryResult rows_from(PGresult* result) {
    QueryResult out;
    out.command_tag = PQcmdStatus(result);
    const int columns = PQnfields(result);
    for (int c = 0; c < columns; ++c) {
        QueryResult::Column column;
        column.name = PQfname(result, c);
        column.type = Oid{PQftype(result, c)};
        column.typmod = PQfmod(result, c);
        out.columns.push_back(std::move(column));
    }
    for (int r = 0; r < PQntuples(result); ++r) {
        auto& row = out.rows.emplace_back();
        for (int c = 0; c < columns; ++c) {
            if (PQgetisnull(result, r, c)) {
                row.emplace_back();
            } else {
                row.emplace_back(std::string(PQgetvalue(result, r, c), static_cast<std::size_t>(PQgetlength(result, r, c))));
            }
        }
    }
    return out;
}

Connection open(const PgAddress& address) {
    const std::pair<const char*, const std::string&> given[] = {
        {"user", address.user}, {"dbname", address.database}, {"fallback_application_name", address.application}};
    const std::string encoding = "UTF8";
    std::vector<const char*> names{"dbname", "client_encoding"}, values{address.uri.c_str(), encoding.c_str()};
    for (const auto& [name, value] : given) {
        if (value.empty()) continue;
        names.push_back(name);
        values.push_back(value.c_str());
    }
    names.push_back(nullptr);
    values.push_back(nullptr);
    return Connection(PQconnectdbParams(names.data(), values.data(), 1));
}

}  // namespace

struct PgConnection::Impl {
    Connection connection;
    std::function<std::string()> copy_in;
    MessageAnswer answer;
    std::vector<Report> notices;
    std::optional<std::string> copied_out;

    static void receive(void* self, const PGresult* notice) { static_cast<Impl*>(self)->notices.push_back(report_from(notice)); }

    PGconn* get() const { return connection.get(); }

    /// Takes what has arrived; true at the end of the answer.
    bool take_arrived() {
        if (PQconsumeInput(get()) == 0) {
            drain_lost();
            return true;
        }
        while (!PQisBusy(get())) {
            Result result(PQgetResult(get()));
            if (!result) return true;
            take(result.get());
        }
        return false;
    }

    void drain_lost() {
        while (Result result{PQgetResult(get())}) take(result.get());
    }

    void take(PGresult* result) {
        switch (PQresultStatus(result)) {
            case PGRES_COPY_IN: return send_copy();
            case PGRES_COPY_OUT: return receive_copy();
            case PGRES_FATAL_ERROR:
                answer.error = report_from(result);
                answer.error_notices = std::exchange(notices, {});
                copied_out.reset();
                return;
            default: break;
        }
        StatementAnswer& statement = answer.answers.emplace_back();
        statement.notices = std::exchange(notices, {});
        statement.returns_rows = PQresultStatus(result) == PGRES_TUPLES_OK;
        statement.result = rows_from(result);
        statement.copy_out = std::exchange(copied_out, std::nullopt);
    }

    void send_copy() {
        const std::string data = (copy_in ? copy_in() : std::string()) + "\\.\n";  // psql sends its end mark, too
        PQputCopyData(get(), data.data(), static_cast<int>(data.size()));
        PQputCopyEnd(get(), nullptr);
    }

    void receive_copy() {
        copied_out.emplace();
        char* buffer = nullptr;
        for (int size; (size = PQgetCopyData(get(), &buffer, 0)) > 0;) {
            const Text text(buffer);
            copied_out->append(buffer, static_cast<std::size_t>(size));
        }
    }

    [[noreturn]] void lost() const { throw Unavailable(std::string("PostgreSQL: ") + PQerrorMessage(get())); }

    std::string part(char* (*read)(const PGconn*)) const {
        const char* text = read(get());
        return text == nullptr ? "" : text;
    }
};

PgConnection::PgConnection(const PgAddress& address) : impl_(std::make_unique<Impl>()) {
    impl_->connection = open(address);
    if (!is_open()) {
        std::string message = PQerrorMessage(impl_->get());
        while (message.ends_with('\n')) message.pop_back();
        throw SqlError("08001", message);
    }
    PQsetNoticeReceiver(impl_->get(), &Impl::receive, impl_.get());
}

PgConnection::~PgConnection() = default;

void PgConnection::send(const std::string& sql, const std::function<std::string()>& copy_in) {
    impl_->copy_in = copy_in;
    impl_->answer = {};
    if (PQsendQuery(impl_->get(), sql.c_str()) == 0) impl_->lost();
}

bool PgConnection::ends_within(int milliseconds) {
    const double deadline = now_seconds() + milliseconds / 1000.0;
    while (!impl_->take_arrived()) {
        const double left = deadline - now_seconds();
        if (left <= 0) return false;
        pollfd socket{PQsocket(impl_->get()), POLLIN, 0};
        ::poll(&socket, 1, static_cast<int>(left * 1000) + 1);
    }
    return true;
}

MessageAnswer PgConnection::take() { return std::exchange(impl_->answer, {}); }

MessageAnswer PgConnection::execute(const std::string& sql) {
    send(sql, {});
    while (!ends_within(200)) check_interrupted();
    return take();
}

std::vector<std::vector<std::optional<std::string>>> PgConnection::rows(const std::string& query) {
    const Result result(PQexec(impl_->get(), query.c_str()));
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) impl_->lost();
    return rows_from(result.get()).rows;
}

std::string PgConnection::value(const std::string& query) {
    const auto found = rows(query);
    return found.empty() ? "" : found[0].at(0).value_or("");
}

void PgConnection::command(const std::string& sql) { rows(sql); }

int PgConnection::backend_pid() const { return PQbackendPID(impl_->get()); }
bool PgConnection::is_open() const { return PQstatus(impl_->get()) == CONNECTION_OK; }
std::string PgConnection::host() const { return impl_->part(PQhost); }
std::string PgConnection::port() const { return impl_->part(PQport); }
std::string PgConnection::user() const { return impl_->part(PQuser); }
std::string PgConnection::password() const { return impl_->part(PQpass); }

std::string PgConnection::literal(const std::string& text) const {
    const Text quoted(PQescapeLiteral(impl_->get(), text.data(), text.size()));
    return quoted ? quoted.get() : "";
}

std::string PgConnection::identifier(const std::string& text) const {
    const Text quoted(PQescapeIdentifier(impl_->get(), text.data(), text.size()));
    return quoted ? quoted.get() : "";
}

}  // namespace cdcsim::live
