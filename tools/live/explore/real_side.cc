// The real server over libpq: results with every field that a client receives.
#include <libpq-fe.h>

#include <cstdlib>
#include <utility>

#include "tools/live/explore/script.h"

namespace cdcsim::explore {

namespace {

struct FreeResult {
    void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, FreeResult>;

scenario::Report report_from(const PGresult* result) {
    const auto field = [&](int code) {
        const char* value = PQresultErrorField(result, code);
        return std::string(value == nullptr ? "" : value);
    };
    scenario::Report out;
    out.severity = field(PG_DIAG_SEVERITY);
    out.sqlstate = field(PG_DIAG_SQLSTATE);
    out.message = field(PG_DIAG_MESSAGE_PRIMARY);
    out.detail = field(PG_DIAG_MESSAGE_DETAIL);
    out.hint = field(PG_DIAG_MESSAGE_HINT);
    out.context = field(PG_DIAG_CONTEXT);
    out.internal_query = field(PG_DIAG_INTERNAL_QUERY);
    out.position = std::atoi(field(PG_DIAG_STATEMENT_POSITION).c_str());
    out.internal_position = std::atoi(field(PG_DIAG_INTERNAL_POSITION).c_str());
    return out;
}

QueryResult rows_from(const PGresult* result) {
    QueryResult out;
    out.command_tag = PQcmdStatus(const_cast<PGresult*>(result));
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

class RealSide : public Side {
  public:
    explicit RealSide(std::string uri) : uri_(std::move(uri)) { open(); }
    ~RealSide() override { PQfinish(connection_); }

    void reset() override {
        if (PQstatus(connection_) != CONNECTION_OK) open();
        run("ROLLBACK");
        run("DISCARD ALL");
        run("SET client_min_messages = error");
        run("DROP SCHEMA public CASCADE");
        run("CREATE SCHEMA public");
        run("RESET client_min_messages");
        notices_.clear();
    }

    scenario::MessageAnswer execute(std::string_view sql) override {
        scenario::MessageAnswer out;
        notices_.clear();
        if (PQsendQuery(connection_, std::string(sql).c_str()) == 0) fail();
        while (Result result{PQgetResult(connection_)}) take(out, result.get());
        if (PQstatus(connection_) != CONNECTION_OK) fail();
        return out;
    }

  private:
    void open() {
        PQfinish(connection_);
        connection_ = PQconnectdb(uri_.c_str());
        if (PQstatus(connection_) != CONNECTION_OK) fail();
        PQsetNoticeReceiver(connection_, &RealSide::receive, this);
    }
    [[noreturn]] void fail() { throw LiveUnavailable{PQerrorMessage(connection_)}; }
    void run(const char* sql) { Result{PQexec(connection_, sql)}; }

    static void receive(void* self, const PGresult* notice) {
        static_cast<RealSide*>(self)->notices_.push_back(report_from(notice));
    }

    void take(scenario::MessageAnswer& out, const PGresult* result) {
        const ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_FATAL_ERROR) {
            out.error = report_from(result);
            out.error_notices = std::move(notices_);
        } else {
            scenario::StatementAnswer& answer = out.answers.emplace_back();
            answer.notices = std::move(notices_);
            answer.returns_rows = status == PGRES_TUPLES_OK;
            answer.result = rows_from(result);
        }
        notices_.clear();
    }

    std::string uri_;
    PGconn* connection_ = nullptr;
    std::vector<scenario::Report> notices_;
};

}  // namespace

std::unique_ptr<Side> real_side(const std::string& uri) { return std::make_unique<RealSide>(uri); }
bool has_real_side() { return true; }

}  // namespace cdcsim::explore
