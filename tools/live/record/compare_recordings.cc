#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "core/diff/json.h"
#include "core/diff/volatile_text.h"
#include "tools/live/record/recording.h"

namespace cdcsim::live {

namespace {

using diff::FlatRecord;
using diff::Json;

/// Clocks and counters that no two runs share. They are the last parts of a leaf's path.
constexpr auto kVolatile = std::to_array<std::string_view>({"ts", "ts_ms", "ts_us", "ts_ns", "lsn", "txId", "sequence"});
constexpr std::string_view kRunId = "__debezium.context.runId";
constexpr std::size_t kShownLines = 5;

struct Leaf {
    std::string path, name;  ///< the name is the path's last part
    std::string text;        ///< as it is spelt
    Json::Kind kind = Json::Kind::kString;
};

class Leaves {
  public:
    explicit Leaves(const FlatRecord& record) {
        add_content("key", record.key);
        add_content("value", record.value);
        for (const kafka::Header& header : record.headers) {
            if (header.key != kRunId) out_.push_back({"headers." + header.key, header.key, header.value.value_or("null"), Json::Kind::kString});
        }
        out_.push_back({"partition", "partition", std::to_string(record.partition), Json::Kind::kNumber});
    }
    std::vector<Leaf> take() { return std::move(out_); }

  private:
    void add_content(const std::string& path, const std::optional<std::string>& text) {
        if (!text) return out_.push_back({path, path, "null", Json::Kind::kNull});
        if (const auto json = diff::parse_json(*text)) return add(path, path, *json);
        out_.push_back({path, path, *text, Json::Kind::kString});
    }

    void add(const std::string& path, const std::string& name, const Json& value) {
        for (const auto& [member, inner] : value.members) add(path + "." + member, member, inner);
        for (std::size_t i = 0; i < value.items.size(); ++i) add(fmt::format("{}[{}]", path, i), name, value.items[i]);
        if (!value.is_object() && !value.is(Json::Kind::kArray)) out_.push_back({path, name, value.is_null() ? "null" : value.text, value.kind});
    }

    std::vector<Leaf> out_;
};

/// Equal but for numbers, times and uuids.
bool same_shape(std::string_view a, std::string_view b) {
    const auto x = diff::tokenize(a), y = diff::tokenize(b);
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](const diff::Token& one, const diff::Token& other) {
        return one.kind == other.kind && (one.kind != diff::Token::Kind::kText || one.text == other.text);
    });
}

class Comparer {
  public:
    explicit Comparer(const std::vector<std::string>& columns) : columns_(columns.begin(), columns.end()) {}

    void compare(const FlatRecord& first, const FlatRecord& second) {
        const std::string place = fmt::format("{} offset {}", first.topic, first.offset);
        const auto a = Leaves(first).take(), b = Leaves(second).take();
        const auto same_path = [](const Leaf& x, const Leaf& y) { return x.path == y.path; };
        if (first.topic != second.topic || !std::equal(a.begin(), a.end(), b.begin(), b.end(), same_path)) {
            return note(place, place + " has other fields the second time");
        }
        for (std::size_t i = 0; i < a.size(); ++i) compare(first, a[i], b[i]);
    }

    std::vector<std::string> take() { return std::move(out_); }

  private:
    void compare(const FlatRecord& record, const Leaf& a, const Leaf& b) {
        if (a.text == b.text && a.kind == b.kind) return;
        if (std::find(kVolatile.begin(), kVolatile.end(), a.name) != kVolatile.end() || columns_.count(a.name) > 0) return;
        if (a.kind == b.kind && same_shape(a.text, b.text)) return;
        note(record.topic + a.path, fmt::format("{} offset {}, {}: {}, then {}", record.topic, record.offset, a.path, a.text, b.text));
    }

    void note(const std::string& once, std::string text) {
        if (noted_.insert(once).second) out_.push_back(std::move(text));
    }

    std::set<std::string> columns_, noted_;
    std::vector<std::string> out_;
};

std::string next_line(const std::string& text, std::size_t& at) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string out = text.substr(at, end - at);
    at = end + 1;
    return out;
}

/// Columns widen with volatile values: runs of blanks and of dashes count as one.
std::string collapse(const std::string& line) {
    std::string out;
    for (const char c : line) {
        if ((c == ' ' || c == '-') && out.ends_with(c)) continue;
        out += c;
    }
    while (out.ends_with(' ')) out.pop_back();
    return out;
}

void compare_transcripts(const std::string& first, const std::string& second, std::vector<std::string>& out) {
    std::size_t at = 0, other = 0, shown = 0;
    while ((at < first.size() || other < second.size()) && shown < kShownLines) {
        const std::string a = at < first.size() ? next_line(first, at) : "(the output ends)";
        const std::string b = other < second.size() ? next_line(second, other) : "(the output ends)";
        if (a == b || same_shape(collapse(a), collapse(b))) continue;
        out.push_back(fmt::format("psql's output: {}, then {}", a, b));
        ++shown;
    }
}

}  // namespace

std::vector<std::string> compare_recordings(const Recording& first, const Recording& second, const std::vector<std::string>& volatile_columns) {
    if (first.records.size() != second.records.size()) return {fmt::format("{} records, then {}", first.records.size(), second.records.size())};
    Comparer comparer(volatile_columns);
    for (std::size_t i = 0; i < first.records.size(); ++i) comparer.compare(first.records[i], second.records[i]);
    std::vector<std::string> out = comparer.take();
    compare_transcripts(first.transcript, second.transcript, out);
    return out;
}

}  // namespace cdcsim::live
