// A target that answers what a test wrote down: which records come with which step, and what its
// statements answer. Lines of its script:
//     STEP record TOPIC KEY-JSON VALUE-JSON      (`null` for no key or a tombstone)
//     STEP headers JSON-OBJECT                   (of the record before)
//     STEP rows TAG NAME,NAME VALUE,VALUE ...    (NULL is NULL)
//     STEP tag TAG
//     STEP error SQLSTATE MESSAGE
//     STEP not-simulated WHAT
//     STEP connect STATUS MESSAGE                (what Connect answers)
//     STEP state STATE
//     STEP waits LOCK | STEP ends OTHER-STEP
#pragma once

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "core/diff/json.h"
#include "core/scenario/target.h"
#include "sim/kafka/topic_log.h"

namespace cdcsim::scenario {

class FakeTarget : public Target {
  public:
    explicit FakeTarget(const std::string& script) {
        std::istringstream in(script);
        for (std::string line; std::getline(in, line);) {
            std::istringstream words(line);
            int step = 0;
            if (words >> step) lines_[step].push_back(line.substr(static_cast<std::size_t>(words.tellg()) + 1));
        }
    }

    SqlAnswer run_sql(int step_number, const SqlStep& step) override {
        SqlAnswer answer;
        Outcome outcome;
        outcome.sql = step.scripts.front();
        outcome.line = 1;
        play(step_number, outcome, answer);
        outcome.records_after = log_.total();
        answer.outcomes.push_back(outcome);
        if (answer.waiting) waiting_[step_number] = answer;
        return answer;
    }

    std::vector<LateAnswer> take_late() override {
        std::vector<LateAnswer> out;
        for (int step : ended_) {
            SqlAnswer answer = waiting_[step];
            answer.waiting = false;
            waiting_.erase(step);
            out.push_back({step, answer});
        }
        ended_.clear();
        return out;
    }

    std::vector<LateAnswer> still_waiting() override {
        std::vector<LateAnswer> out;
        for (const auto& [step, answer] : waiting_) out.push_back({step, answer});
        return out;
    }

    ConnectorAnswer run_connector(const ConnectorStep& step) override {
        connector_ = {};
        connector_.state = "RUNNING";
        Outcome unused;
        SqlAnswer none;
        play(++connectors_ * 100, unused, none);
        connector_states_[step.name] = connector_;
        return connector_;
    }
    ConnectorAnswer connector_state(const std::string& name) override { return connector_states_[name]; }
    void sleep(double) override {}
    const kafka::Topics& topics() const override { return log_; }

  private:
    static kafka::Content content(const std::string& text) {
        kafka::Content out;
        out.is_null = text == "null";
        if (!out.is_null) out.payload = text;
        return out;
    }

    void play(int step, Outcome& outcome, SqlAnswer& answer) {
        const auto found = lines_.find(step);
        if (found == lines_.end()) return;
        for (const std::string& line : found->second) play_line(line, outcome, answer);
    }

    void play_line(const std::string& line, Outcome& outcome, SqlAnswer& answer) {
        std::istringstream in(line);
        std::string word, text;
        in >> word;
        const auto rest = [&] {
            std::getline(in >> std::ws, text);
            return text;
        };
        if (word == "record") return send(in);
        if (word == "error" || word == "not-simulated") {
            Report report;
            report.not_simulated = word != "error";
            if (!report.not_simulated) in >> report.sqlstate;
            report.message = (report.not_simulated ? "not simulated: " : "") + rest();
            outcome.error = report;
        } else if (word == "tag" || word == "rows") {
            outcome.answers.push_back(rows(in, word == "rows"));
        } else if (word == "connect") {
            in >> connector_.http_status;
            connector_.message = rest();
        } else if (word == "state") {
            in >> connector_.state;
        } else if (word == "waits") {
            answer.waiting = true;
            answer.waits_for = rest();
            answer.waiting_sql = outcome.sql;
        } else if (word == "ends") {
            int other = 0;
            in >> other;
            ended_.push_back(other);
        }
    }

    void send(std::istringstream& in) {
        kafka::ProducerRecord record;
        std::string key, value, headers;
        in >> record.topic >> key >> value >> headers;
        record.timestamp_ms = 1704067200000;
        record.key = content(key);
        record.value = content(value);
        if (const auto json = diff::parse_json(headers)) {
            auto list = std::make_shared<kafka::Headers>();
            for (const auto& [name, item] : json->members) list->push_back({name, item.text});
            record.headers = list;
        }
        log_.send(std::move(record));
    }

    static StatementAnswer rows(std::istringstream& in, bool has_rows) {
        StatementAnswer out;
        in >> out.result.command_tag;
        std::string list;
        if (!has_rows) {
            std::getline(in, list);
            out.result.command_tag += list;
            return out;
        }
        out.returns_rows = true;
        in >> list;
        std::istringstream names(list);
        for (std::string name; std::getline(names, name, ',');) out.result.columns.push_back({name, 25, -1});
        while (in >> list) {
            std::istringstream values(list);
            auto& row = out.result.rows.emplace_back();
            for (std::string value; std::getline(values, value, ',');) {
                row.push_back(value == "NULL" ? std::nullopt : std::optional(value));
            }
        }
        return out;
    }

    std::map<int, std::vector<std::string>> lines_;
    kafka::TopicLog log_;
    ConnectorAnswer connector_;
    std::map<std::string, ConnectorAnswer> connector_states_;
    std::map<int, SqlAnswer> waiting_;
    std::vector<int> ended_;
    int connectors_ = 0;
};

}  // namespace cdcsim::scenario
