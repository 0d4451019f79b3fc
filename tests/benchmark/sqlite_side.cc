#include <sqlite3.h>

#include <memory>
#include <stdexcept>

#include "tests/benchmark/sides.h"
#include "tests/benchmark/workload.h"

namespace cdcsim::benchmark {

namespace {

class Side {
  public:
    Side() {
        sqlite3* handle = nullptr;
        if (sqlite3_open(":memory:", &handle) != SQLITE_OK) throw std::runtime_error("sqlite3_open");
        database_.reset(handle);
        execute(kCreateTable);
    }

    void execute(const std::string& text) {
        if (sqlite3_exec(database_.get(), text.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
            throw std::runtime_error(sqlite3_errmsg(database_.get()));
        }
    }

    Sample texts(std::size_t count, const std::function<std::string(std::size_t)>& text_of) {
        Sample sample;
        sample.seconds = time_texts(count, text_of, [&](const std::string& text) { execute(text); });
        return sample;
    }

  private:
    struct Close {
        void operator()(sqlite3* handle) const { sqlite3_close(handle); }
    };
    std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace

Sample Sqlite::inserts(std::size_t count) {
    Side side;
    return side.texts(count, insert_text);
}

Sample Sqlite::insert_select(std::size_t rows) {
    Side side;
    const double start = now_seconds();
    side.execute(insert_select_text_sqlite(rows));
    return {now_seconds() - start, 0};
}

Sample Sqlite::updates(std::size_t count, std::size_t rows) {
    Side side;
    for (std::size_t i = 0; i < rows; ++i) side.execute(insert_text(i));
    return side.texts(count, [&](std::size_t i) { return update_text(i, rows); });
}

}  // namespace cdcsim::benchmark
