#include "tests/benchmark/sides.h"
#include "tests/benchmark/workload.h"

#ifdef CDCSIM_WITH_LIBPQ
#include <libpq-fe.h>

#include <memory>
#endif
#include <stdexcept>

namespace cdcsim::benchmark {

#ifdef CDCSIM_WITH_LIBPQ

namespace {

constexpr const char* kSchema = "cdcsim_benchmark";

class Side {
  public:
    explicit Side(const std::string& connection) : connection_(PQconnectdb(connection.c_str())) {
        if (PQstatus(connection_.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection_.get()));
        execute("SET client_min_messages = warning");
        execute(std::string("DROP SCHEMA IF EXISTS ") + kSchema + " CASCADE; CREATE SCHEMA " + kSchema);
        execute(std::string("SET search_path = ") + kSchema);
        execute(kCreateTable);
    }
    ~Side() { PQclear(PQexec(connection_.get(), (std::string("DROP SCHEMA ") + kSchema + " CASCADE").c_str())); }
    Side(const Side&) = delete;
    Side& operator=(const Side&) = delete;

    void execute(const std::string& text) {
        PGresult* result = PQexec(connection_.get(), text.c_str());
        const bool failed = PQresultStatus(result) != PGRES_COMMAND_OK;
        PQclear(result);
        if (failed) throw std::runtime_error(PQerrorMessage(connection_.get()));
    }

    Sample texts(std::size_t count, const std::function<std::string(std::size_t)>& text_of) {
        return {time_texts(count, text_of, [&](const std::string& text) { execute(text); }), 0};
    }

  private:
    struct Close {
        void operator()(PGconn* connection) const { PQfinish(connection); }
    };
    std::unique_ptr<PGconn, Close> connection_;
};

}  // namespace

bool Postgres::is_built_in() { return true; }

Sample Postgres::inserts(const std::string& connection, std::size_t count) {
    Side side(connection);
    return side.texts(count, insert_text);
}

Sample Postgres::insert_select(const std::string& connection, std::size_t rows) {
    Side side(connection);
    const double start = now_seconds();
    side.execute(insert_select_text(rows));
    return {now_seconds() - start, 0};
}

Sample Postgres::trigger_updates(const std::string& connection, std::size_t count, std::size_t rows) {
    Side side(connection);
    for (std::size_t i = 0; i < rows; ++i) side.execute(insert_text(i));
    side.execute(change_info_trigger());
    return side.texts(count, [&](std::size_t i) { return update_text(i, rows); });
}

#else

bool Postgres::is_built_in() { return false; }
Sample Postgres::inserts(const std::string&, std::size_t) { throw std::logic_error("built without libpq"); }
Sample Postgres::insert_select(const std::string&, std::size_t) { throw std::logic_error("built without libpq"); }
Sample Postgres::trigger_updates(const std::string&, std::size_t, std::size_t) { throw std::logic_error("built without libpq"); }

#endif

}  // namespace cdcsim::benchmark
