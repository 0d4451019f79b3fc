// `sql_shell FILE.sql` answers each line of FILE as `psql -X -q -A -t -P null=<NULL>` does, from the
// simulated server: what tests/expr compares with recordings of the real one.
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "sim/pipeline/simulated_clock.h"
#include "sim/postgres/server.h"

namespace {

void print_error(const cdcsim::SqlError& error, const std::string& severity, const std::string& text) {
    std::cout << severity << ":  " << error.message() << "\n";
    (void)text;
    if (!error.detail().empty()) std::cout << "DETAIL:  " << error.detail() << "\n";
    if (!error.hint().empty()) std::cout << "HINT:  " << error.hint() << "\n";
    if (!error.internal_query().empty()) std::cout << "QUERY:  " << error.internal_query() << "\n";
    if (!error.context().empty()) std::cout << "CONTEXT:  " << error.context() << "\n";
}

void run(cdcsim::pg::Session& session, const std::string& text) {
    cdcsim::pg::MessageResult message = session.execute(text);
    for (const auto& statement : message.statements) {
        for (const auto& notice : statement.notices) print_error(notice.report, notice.severity, text);
        for (const auto& row : statement.result.rows) {
            bool first = true;
            for (const auto& value : row) {
                if (!first) std::cout << "|";
                first = false;
                std::cout << (value ? *value : "<NULL>");
            }
            std::cout << "\n";
        }
    }
    for (const auto& notice : message.error_notices) print_error(notice.report, notice.severity, text);
    if (message.error) print_error(*message.error, "ERROR", text);
    std::cout.flush();
}

}  // namespace

int main(int argc, char** argv) {
    cdcsim::SimulatedClock clock(cdcsim::UnixMicros{1'704'067'200'123'457});
    cdcsim::pg::ServerOptions options;
    options.clock = &clock;
    auto server = cdcsim::pg::make_server(options);
    auto session = server->open_session("");
    std::ifstream file;
    if (argc > 1) file.open(argv[1]);
    std::istream& in = argc > 1 ? file : std::cin;
    std::string line;
    while (std::getline(in, line)) {
        if (line.starts_with("\\echo ")) std::cout << line.substr(6) << "\n";
        if (line.empty() || line.starts_with("--") || line.starts_with("\\")) continue;
        run(*session, line);
    }
}
