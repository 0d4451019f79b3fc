// Records what a real server answers to scripts, and what the real psql prints for them:
//     record_psql CONNINFO SCRIPT.sql ...    writes SCRIPT.answers and SCRIPT.psql
// Not part of the tests themselves: it needs PostgreSQL 15.
#include <libpq-fe.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "tests/scenario/psql_answers.h"

using namespace cdcsim::scenario;

namespace {

std::string field(const PGresult* result, int code) {
    const char* text = PQresultErrorField(result, code);
    return text ? text : "";
}

std::string report_line(const PGresult* result) {
    const auto number = [&](int code) {
        const std::string text = field(result, code);
        return text.empty() ? std::string("0") : text;
    };
    std::string out;
    for (int code : {PG_DIAG_SEVERITY, PG_DIAG_SQLSTATE, PG_DIAG_MESSAGE_PRIMARY, PG_DIAG_MESSAGE_DETAIL,
                     PG_DIAG_MESSAGE_HINT, PG_DIAG_CONTEXT, PG_DIAG_INTERNAL_QUERY}) {
        out += escape_field(field(result, code)) + "\t";
    }
    return out + number(PG_DIAG_STATEMENT_POSITION) + "\t" + number(PG_DIAG_INTERNAL_POSITION);
}

/// Sends messages and writes their answers down.
class RecordingHost : public RecordedHost {
  public:
    RecordingHost(const std::string& conninfo, const std::string& folder, std::ostream& out)
        : RecordedHost("", folder), conninfo_(conninfo), out_(out) {
        reconnect("");
    }
    ~RecordingHost() override { PQfinish(connection_); }

    void reconnect(const std::string&) override {
        if (connection_) PQfinish(connection_);
        connection_ = PQconnectdb(conninfo_.c_str());
        if (PQstatus(connection_) != CONNECTION_OK) {
            std::cerr << PQerrorMessage(connection_);
            std::exit(4);
        }
        PQsetNoticeReceiver(
            connection_,
            [](void* self, const PGresult* notice) {
                static_cast<RecordingHost*>(self)->out_ << "n " << report_line(notice) << "\n";
            },
            this);
    }

    MessageAnswer execute(std::string_view sql, const CopyIn& copy_in) override {
        out_ << "Q " << escape_field(std::string(sql)) << "\n";
        PQsendQuery(connection_, std::string(sql).c_str());
        MessageAnswer answer;
        while (PGresult* result = PQgetResult(connection_)) {
            write_result(result, copy_in, answer);
            PQclear(result);
        }
        return answer;
    }

  private:
    void write_result(const PGresult* result, const CopyIn& copy_in, MessageAnswer& answer) {
        switch (PQresultStatus(result)) {
            case PGRES_TUPLES_OK:
                write_rows(result);
                break;
            case PGRES_COPY_IN: {
                out_ << "i\n";
                const std::string data = copy_in();
                PQputCopyData(connection_, data.data(), static_cast<int>(data.size()));
                PQputCopyEnd(connection_, nullptr);
                return;
            }
            case PGRES_COPY_OUT:
                write_copy_out();
                return;
            case PGRES_FATAL_ERROR:
                out_ << "e " << report_line(result) << "\n";
                answer.error = Report{};
                return;
            case PGRES_EMPTY_QUERY:
                return;
            default:
                break;
        }
        out_ << "t " << PQcmdStatus(const_cast<PGresult*>(result)) << "\n";
    }

    void write_rows(const PGresult* result) {
        if (PQnfields(result) == 0) out_ << "z\n";
        for (int i = 0; i < PQnfields(result); ++i) {
            out_ << "c " << escape_field(PQfname(result, i)) << "\t" << PQftype(result, i) << "\n";
        }
        for (int row = 0; row < PQntuples(result); ++row) {
            out_ << "r ";
            for (int i = 0; i < PQnfields(result); ++i) {
                if (i > 0) out_ << "\t";
                if (PQgetisnull(result, row, i)) {
                    out_ << "\\N";
                } else {
                    out_ << escape_field(PQgetvalue(result, row, i));
                }
            }
            out_ << "\n";
        }
    }

    void write_copy_out() {
        std::string text;
        char* buffer = nullptr;
        for (int n; (n = PQgetCopyData(connection_, &buffer, 0)) > 0; PQfreemem(buffer)) {
            text.append(buffer, static_cast<std::size_t>(n));
        }
        out_ << "o " << escape_field(text) << "\n";
    }

    std::string conninfo_;
    std::ostream& out_;
    PGconn* connection_ = nullptr;
};

}  // namespace

int main(int argc, char** argv) {
    for (int i = 2; i < argc; ++i) {
        const std::string path = argv[i];
        const std::string stem = path.substr(0, path.rfind('.'));
        const std::string folder = path.substr(0, path.rfind('/'));
        std::ifstream in(path);
        std::ostringstream text;
        text << in.rdbuf();
        std::ofstream answers(stem + ".answers");
        RecordingHost host(argv[1], folder, answers);
        PsqlRun run({text.str()}, {});
        run.advance(host);
        const std::string command = "cd '" + folder + "' && stdbuf -oL psql -X -P pager=off '" +
                                    argv[1] + "' < '" + path + "' > '" + stem + ".psql' 2>&1";
        if (std::system(command.c_str()) != 0) std::cerr << path << ": psql failed\n";
    }
}
