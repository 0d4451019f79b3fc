// The answers of a real server to a script's messages, kept as text beside the script so that the
// splitter and the printer are tested without a server. Written by tests/record/record_psql.cc.
// One field a line, `\n`, `\t`, `\r` and `\\` escaped; \N is NULL:
//   Q sql | c name oid typmod | r value TAB value ... | t tag (ends a result; "t-" without rows)
//   o copied-out text | n/e severity TAB sqlstate TAB message TAB detail TAB hint TAB context TAB
//   internal query TAB position TAB internal position
#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "core/scenario/psql_run.h"

namespace cdcsim::scenario {

inline std::string escape_field(const std::string& text) {
    std::string out;
    for (char c : text) {
        switch (c) {
            case '\n': out += "\\n"; break;
            case '\t': out += "\\t"; break;
            case '\r': out += "\\r"; break;
            case '\\': out += "\\\\"; break;
            default: out += c;
        }
    }
    return out;
}

inline std::string unescape_field(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            out += text[i];
            continue;
        }
        const char c = text[++i];
        out += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
    }
    return out;
}

inline std::vector<std::string> split_fields(const std::string& line) {
    std::vector<std::string> out(1);
    for (char c : line) {
        if (c == '\t') {
            out.emplace_back();
        } else {
            out.back() += c;
        }
    }
    return out;
}

/// Plays recorded answers, in order; a message that was not recorded there is a test failure.
class RecordedHost : public PsqlHost {
  public:
    explicit RecordedHost(const std::string& path, std::string folder)
        : folder_(std::move(folder)) {
        std::ifstream in(path);
        for (std::string line; std::getline(in, line);) lines_.push_back(line);
    }

    MessageAnswer execute(std::string_view sql, const CopyIn& copy_in) override {
        MessageAnswer out;
        if (next_ >= lines_.size() || lines_[next_] != "Q " + escape_field(std::string(sql))) {
            unexpected_.push_back(std::string(sql));
            return out;
        }
        StatementAnswer current;
        for (++next_; next_ < lines_.size() && lines_[next_][0] != 'Q'; ++next_) {
            read_line(lines_[next_], copy_in, current, out);
        }
        out.error_notices = std::move(current.notices);
        return out;
    }

    MessageAnswer resume() override { return {}; }
    void reconnect(const std::string&) override {}
    const std::string& database() const override { return database_; }
    const std::string& user() const override { return user_; }
    std::optional<std::string> read_file(const std::string& path) override {
        std::ifstream in(folder_ + "/" + path);
        if (!in) return std::nullopt;
        std::ostringstream text;
        text << in.rdbuf();
        return text.str();
    }

    /// Messages that the script sent and that were not recorded at this place.
    const std::vector<std::string>& unexpected() const { return unexpected_; }

  private:
    static Report read_report(const std::string& line) {
        auto fields = split_fields(line);
        for (auto& field : fields) field = unescape_field(field);
        Report out;
        out.severity = fields.at(0);
        out.sqlstate = fields.at(1);
        out.message = fields.at(2);
        out.detail = fields.at(3);
        out.hint = fields.at(4);
        out.context = fields.at(5);
        out.internal_query = fields.at(6);
        out.position = std::stoi(fields.at(7));
        out.internal_position = std::stoi(fields.at(8));
        return out;
    }

    static void read_line(const std::string& line, const CopyIn& copy_in, StatementAnswer& current,
                          MessageAnswer& out) {
        const std::string rest = line.size() > 2 ? line.substr(2) : "";
        switch (line[0]) {
            case 'c': {
                const auto fields = split_fields(rest);
                current.returns_rows = true;
                current.result.columns.push_back(
                    {unescape_field(fields.at(0)), static_cast<Oid>(std::stoul(fields.at(1))), -1});
                break;
            }
            case 'z':
                current.returns_rows = true;
                break;
            case 'r': {
                auto& row = current.result.rows.emplace_back();
                if (current.result.columns.empty()) break;
                for (const auto& field : split_fields(rest)) {
                    row.push_back(field == "\\N" ? std::nullopt : std::optional(unescape_field(field)));
                }
                break;
            }
            case 'i':
                copy_in();
                break;
            case 'o':
                current.copy_out = unescape_field(rest);
                break;
            case 'n':
                current.notices.push_back(read_report(rest));
                break;
            case 'e':
                out.error = read_report(rest);
                break;
            default:
                current.result.command_tag = rest;
                out.answers.push_back(std::move(current));
                current = {};
        }
    }

    std::string folder_, database_ = "cdc", user_ = "postgres";
    std::vector<std::string> lines_, unexpected_;
    std::size_t next_ = 0;
};

}  // namespace cdcsim::scenario
