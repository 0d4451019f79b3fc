#include "tests/live/recording_server.h"

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/connect/json_text.h"
#include "tests/live/libpq_server.h"

namespace cdcsim {

namespace {

using nlohmann::json;

json answer_json(const QueryResult& answer) {
    json columns = json::array(), rows = json::array();
    for (const auto& column : answer.columns) columns.push_back(column.name);
    for (const auto& row : answer.rows) {
        json values = json::array();
        for (const auto& value : row) values.push_back(value ? json(*value) : json());
        rows.push_back(values);
    }
    return {{"columns", columns}, {"rows", rows}};
}

class RecordingConnection : public SqlConnection {
  public:
    RecordingConnection(std::unique_ptr<SqlConnection> inner, std::ostream& log)
        : inner_(std::move(inner)), log_(log) {}
    QueryResult query(std::string_view sql) override {
        json line = {{"sql", sql}};
        try {
            auto answer = inner_->query(sql);
            line.update(answer_json(answer));
            log_ << line.dump() << "\n";
            return answer;
        } catch (const SqlError& error) {
            line["error"] = {error.sqlstate(), error.message()};
            log_ << line.dump() << "\n";
            throw;
        }
    }
    void for_each_row(
        std::string_view sql,
        const std::function<void(const std::vector<std::optional<std::string>>&)>& row) override {
        for (const auto& values : query(sql).rows) row(values);
    }

  private:
    std::unique_ptr<SqlConnection> inner_;
    std::ostream& log_;
};

class RecordingStream : public ReplicationSource {
  public:
    RecordingStream(std::unique_ptr<ReplicationSource> inner, std::ostream& log)
        : inner_(std::move(inner)), log_(log) {}
    std::optional<pgoutput::Message> next() override {
        auto message = inner_->next();
        if (!message) log_ << json{{"idle", true}}.dump() << "\n";
        return message;
    }
    void confirm(Lsn flushed) override { inner_->confirm(flushed); }

  private:
    std::unique_ptr<ReplicationSource> inner_;
    std::ostream& log_;
};

class RecordingServer : public PostgresServer {
  public:
    RecordingServer(const std::string& conninfo, std::ostream& log)
        : inner_(make_libpq_server(conninfo,
                                   [this](Lsn lsn, std::string_view bytes) {
                                       std::string hex;
                                       connect::append_hex(hex, bytes);
                                       json line = {{"lsn", lsn.value}, {"message", hex}};
                                       log_ << line.dump() << "\n";
                                   })),
          log_(log) {}
    std::unique_ptr<SqlConnection> connect() override {
        return std::make_unique<RecordingConnection>(inner_->connect(), log_);
    }
    std::unique_ptr<ReplicationSource> start_replication(const std::string& slot, Lsn start,
                                                         const std::string& publication) override {
        log_ << json{{"start", start.value}}.dump() << "\n";
        return std::make_unique<RecordingStream>(
            inner_->start_replication(slot, start, publication), log_);
    }
    Lsn create_slot(const std::string& slot) override {
        Lsn lsn = inner_->create_slot(slot);
        log_ << json{{"create_slot", lsn.value}}.dump() << "\n";
        return lsn;
    }

  private:
    std::unique_ptr<PostgresServer> inner_;
    std::ostream& log_;
};

}  // namespace

std::unique_ptr<PostgresServer> make_recording_server(const std::string& conninfo,
                                                      std::ostream& log) {
    return std::make_unique<RecordingServer>(conninfo, log);
}

}  // namespace cdcsim
