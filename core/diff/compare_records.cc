#include "core/diff/compare_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>

#include "core/diff/exchanged.h"
#include "core/diff/json.h"
#include "core/diff/volatile_text.h"

namespace cdcsim::diff {

namespace {

using Kind = Json::Kind;
using Strictness = Equalities::Strictness;

constexpr std::string_view kHeartbeats = "__debezium-heartbeat";

/// Names of the values that are counters of the server, wherever an envelope or an SMT puts them.
enum class Counter { kNone, kXid, kRowLsn, kSequence, kTransactionId };

struct CounterName {
    std::string_view name;
    Counter counter;
};
constexpr auto kSourceCounters = std::to_array<CounterName>({
    {"txId", Counter::kXid},
    {"xmin", Counter::kXid},
    {"lsn", Counter::kRowLsn},
    {"sequence", Counter::kSequence},
});

Counter counter_of_source(std::string_view field) {
    const auto found = std::find_if(kSourceCounters.begin(), kSourceCounters.end(), [&](const auto& c) { return c.name == field; });
    return found == kSourceCounters.end() ? Counter::kNone : found->counter;
}

/// `__lsn`, `__source_txId`, `__transaction_id`: what ExtractNewRecordState adds.
Counter counter_of_added(std::string_view name) {
    if (!name.starts_with("__")) return Counter::kNone;
    name.remove_prefix(2);
    if (name == "transaction_id" || name == "transaction.id") return Counter::kTransactionId;
    if (name.starts_with("source_") || name.starts_with("source.")) name.remove_prefix(7);
    return counter_of_source(name);
}

bool is_clock_name(std::string_view name) {
    return name == "ts_ms" || name == "ts_us" || name == "ts_ns" || name == "__ts_ms" || name == "__ts_us" || name == "__ts_ns";
}

/// A one-to-one mapping between two sets of numbers; a clash is told once.
class Mapping {
  public:
    std::optional<std::string> check(std::string_view simulated, std::string_view real) {
        const auto [there, is_new] = real_of_.try_emplace(std::string(simulated), real);
        const auto [back, is_first] = simulated_of_.try_emplace(std::string(real), simulated);
        if (there->second == real && back->second == simulated) return std::nullopt;
        if (!clashes_.insert(std::string(simulated)).second) return std::nullopt;
        if (there->second != real) return fmt::format("{} stood for {} before", simulated, there->second);
        return fmt::format("{} was {} before", real, back->second);
    }

    /// nullopt if larger and smaller agree on both sides.
    std::optional<std::pair<std::string, std::string>> disorder() const {
        std::map<std::uint64_t, std::uint64_t> ordered;
        for (const auto& [simulated, real] : real_of_) ordered[number(simulated)] = number(real);
        std::uint64_t last_simulated = 0, last = 0;
        for (const auto& [simulated, real] : ordered) {
            if (real < last) {
                return std::pair(fmt::format("{} after {}", real, last), fmt::format("{} after {}", simulated, last_simulated));
            }
            last = real;
            last_simulated = simulated;
        }
        return std::nullopt;
    }

  private:
    static std::uint64_t number(std::string_view text) {
        std::uint64_t out = 0;
        std::from_chars(text.data(), text.data() + text.size(), out);
        return out;
    }
    std::map<std::string, std::string> real_of_, simulated_of_;
    std::set<std::string> clashes_;
};

/// Where a record starts that follows this end: PostgreSQL's pages of WAL begin with a header (24 bytes; 40 at
/// the beginning of a segment of 16 MB), so the end of the last record of a page and the start of the first
/// record of the next are two numbers for one position.
std::string behind_page_start(std::string_view lsn) {
    constexpr std::uint64_t kPage = 8192, kHeader = 24, kSegment = 16 * 1024 * 1024, kLongHeader = 40;
    std::uint64_t position = 0;
    const auto [end, failed] = std::from_chars(lsn.data(), lsn.data() + lsn.size(), position);
    if (failed != std::errc() || end != lsn.data() + lsn.size()) return std::string(lsn);
    if (position % kSegment == kLongHeader) position -= kLongHeader;
    if (position % kPage == kHeader) position -= kHeader;
    return std::to_string(position);
}

/// `[null,"123"]` or `["12","34"]`: the two parts, "null" for null.
std::optional<std::pair<std::string, std::string>> split_sequence(std::string_view text) {
    const auto json = parse_json(text);
    if (!json || !json->is(Kind::kArray) || json->items.size() != 2) return std::nullopt;
    const auto part = [](const Json& item) { return item.is_null() ? std::string("null") : item.text; };
    return std::pair(part(json->items[0]), part(json->items[1]));
}

/// The same place in the three runs and in the golden.
struct Four {
    const Json* runs[3];
    const Json* real;
};

class Comparer {
  public:
    Comparer(const RunRecords& runs, const std::vector<FlatRecord>& golden, const std::vector<std::string>& volatile_columns)
        : runs_(runs), golden_(golden), volatile_(volatile_columns.begin(), volatile_columns.end()) {}

    Comparison run() {
        std::size_t i = 0, j = 0;
        while (i < runs_[0].size() || j < golden_.size()) {
            const int order = compare_places(i, j);
            if (order == 0) {
                compare_record(i, j);
                ++out_.records;
                if (runs_[0][i].topic.starts_with(kHeartbeats)) {  // how many come is a matter of time
                    skip_topic(i, j);
                    continue;
                }
            } else if (order < 0) {
                add_whole(runs_[0][i], "", describe(runs_[0][i]), "only the simulator has this record");
            } else {
                add_whole(golden_[j], describe(golden_[j]), "", "the simulator has no such record");
            }
            i += order <= 0;
            j += order >= 0;
        }
        if (const auto disorder = row_lsns_.disorder()) {
            out_.differences.push_back({"", 0, "source.lsn", disorder->first, disorder->second, "the order of two LSNs differs"});
        }
        return std::move(out_);
    }

  private:
    int compare_places(std::size_t i, std::size_t j) const {
        if (i >= runs_[0].size()) return 1;
        if (j >= golden_.size()) return -1;
        const auto place = [](const FlatRecord& r) { return std::tie(r.topic, r.partition, r.offset); };
        const auto &a = runs_[0][i], &b = golden_[j];
        return place(a) < place(b) ? -1 : place(b) < place(a) ? 1 : 0;
    }

    void skip_topic(std::size_t& i, std::size_t& j) const {
        const std::string topic = runs_[0][i].topic;
        while (i < runs_[0].size() && runs_[0][i].topic == topic) ++i;
        while (j < golden_.size() && golden_[j].topic == topic) ++j;
    }

    static std::string describe(const FlatRecord& record) {
        if (!record.value) return "null (a tombstone of the key " + record.key.value_or("null") + ")";
        const auto json = parse_json(*record.value);
        const Json* payload = json ? json->find("payload") : nullptr;
        std::string text = payload ? print_json(*payload) : *record.value;
        return text.size() > 400 ? text.substr(0, 400) + "..." : text;
    }

    void add_whole(const FlatRecord& record, std::string expected, std::string actual, std::string note) {
        out_.differences.push_back({record.topic, record.offset, "", std::move(expected), std::move(actual), std::move(note)});
    }

    void add(const std::string& path, std::string_view expected, std::string_view actual, std::string note) {
        if (note.empty()) note = exchange_note(runs_[0], i_, golden_, j_);
        out_.differences.push_back({topic_, offset_, path, std::string(expected), std::string(actual), std::move(note)});
    }

    void compare_record(std::size_t i, std::size_t j) {
        const FlatRecord& real = golden_[j];
        i_ = i;
        j_ = j;
        topic_ = real.topic;
        offset_ = real.offset;
        transaction_topic_ = is_transaction_metadata(real);
        transaction_end_ = transaction_topic_ && has_status(real, "END");
        compare_headers(i, real);
        compare_content("key", {runs_[0][i].key, runs_[1][i].key, runs_[2][i].key}, real.key);
        compare_content("value", {runs_[0][i].value, runs_[1][i].value, runs_[2][i].value}, real.value);
    }

    static bool has_status(const FlatRecord& record, std::string_view status) {
        return record.value && record.value->find(fmt::format("\"status\":\"{}\"", status)) != std::string::npos;
    }

    /// BEGIN or END in `cdc.transaction`, or `cdc_transaction` with another topic.delimiter.
    static bool is_transaction_metadata(const FlatRecord& record) {
        return record.topic.ends_with("transaction") && (has_status(record, "BEGIN") || has_status(record, "END"));
    }

    void compare_headers(std::size_t i, const FlatRecord& real) {
        const kafka::Headers& headers = runs_[0][i].headers;
        const auto names = [](const kafka::Headers& list) {
            std::string out;
            for (const auto& header : list) out += (out.empty() ? "" : ", ") + header.key;
            return out;
        };
        if (names(headers) != names(real.headers)) return add("headers", names(real.headers), names(headers), "");
        for (std::size_t h = 0; h < headers.size(); ++h) {
            const std::string path = "headers." + headers[h].key;
            const auto value = [&](int run) { return runs_[static_cast<std::size_t>(run)][i].headers[h].value; };
            const auto text = [](const std::optional<std::string>& v) { return v.value_or("null"); };
            if (value(0).has_value() != real.headers[h].value.has_value()) {
                add(path, text(real.headers[h].value), text(value(0)), "");
            } else if (value(0)) {
                compare_leaf(path, counter_of_added(headers[h].key), is_clock_name(headers[h].key),
                             {*value(0), *value(1), *value(2)}, *real.headers[h].value);
            }
        }
    }

    void compare_content(const std::string& path, const std::array<std::optional<std::string>, 3>& runs, const std::optional<std::string>& real) {
        if (!runs[0] || !real) {
            if (runs[0].has_value() != real.has_value()) add(path, real.value_or("null"), runs[0].value_or("null"), "");
            return;
        }
        if (*runs[0] == *real && *runs[1] == *real && *runs[2] == *real) return;
        const std::optional<Json> parsed[4] = {parse_json(*runs[0]), parse_json(*runs[1]), parse_json(*runs[2]), parse_json(*real)};
        if (!parsed[0] || !parsed[1] || !parsed[2] || !parsed[3]) {
            return compare_leaf(path, Counter::kNone, false, {*runs[0], *runs[1], *runs[2]}, *real);
        }
        if (!same_spacing(*runs[0], *parsed[0], *real, *parsed[3])) return add(path, *real, *runs[0], "the JSON text is spelt differently");
        texts_ = {*runs[0], *runs[1], *runs[2]};
        real_text_ = *real;
        compare_json(path, {{&*parsed[0], &*parsed[1], &*parsed[2]}, &*parsed[3]}, Where::kTop);
    }

    /// Both texts must be written alike: no blanks that one has and the other has not.
    static bool same_spacing(const std::string& a, const Json& x, const std::string& b, const Json& y) {
        const auto compact = [](const std::string& text, const Json& json) { return text.size() == print_size(json); };
        return compact(a, x) == compact(b, y);
    }
    static std::size_t print_size(const Json& json) {
        std::size_t size = 0;
        if (json.is_object()) {
            size = 2 + (json.members.empty() ? 0 : json.members.size() - 1);
            for (const auto& [name, value] : json.members) size += quote_json(name).size() + 1 + print_size(value);
        } else if (json.is(Kind::kArray)) {
            size = 2 + (json.items.empty() ? 0 : json.items.size() - 1);
            for (const Json& item : json.items) size += print_size(item);
        } else {
            size = json.end - json.begin;
        }
        return size;
    }

    /// Where in a record a value stands decides what its name means.
    enum class Where { kTop, kPayload, kSource, kTransaction, kElsewhere };

    static Where below(Where where, std::string_view name, bool enveloped) {
        if (where == Where::kTop && name == "payload" && enveloped) return Where::kPayload;
        if (where == Where::kTop && name == "schema" && enveloped) return Where::kElsewhere;
        if (where == Where::kTop || where == Where::kPayload) {
            if (name == "source") return Where::kSource;
            if (name == "transaction") return Where::kTransaction;
        }
        return Where::kElsewhere;
    }

    /// An envelope, be it the payload or (HoistField) a field of it. No row looks like this: none of its values is a struct with an LSN.
    static bool is_envelope(const Json& object) {
        const Json* source = object.find("source");
        return object.find("op") && source && source->is_object() && source->find("lsn");
    }

    Counter counter_at(Where where, std::string_view name) const {
        if (where == Where::kSource) return counter_of_source(name);
        if (where == Where::kTransaction) return name == "id" ? Counter::kTransactionId : Counter::kNone;
        if (where != Where::kPayload && where != Where::kTop) return Counter::kNone;
        if (name == "id" && transaction_topic_) return Counter::kTransactionId;
        return counter_of_added(name);
    }

    void compare_json(const std::string& path, const Four& four, Where where) {
        const Json& a = *four.runs[0];
        if (a.kind != four.real->kind) return add(path, raw(four.real, real_text_), raw(&a, texts_[0]), "");
        if (a.is_object()) return compare_object(path, four, where);
        if (a.is(Kind::kArray)) return compare_array(path, four, where);
        compare_leaf(path, Counter::kNone, false, {raw(four.runs[0], texts_[0]), raw(four.runs[1], texts_[1]), raw(four.runs[2], texts_[2])},
                     raw(four.real, real_text_));
    }

    void compare_object(const std::string& path, const Four& four, Where where) {
        const auto names = [](const Json& object) {
            std::string out;
            for (const auto& member : object.members) out += (out.empty() ? "" : ", ") + member.first;
            return out;
        };
        if (names(*four.runs[0]) != names(*four.real)) return add(path, names(*four.real), names(*four.runs[0]), "the fields differ");
        if (is_envelope(*four.real)) where = Where::kPayload;
        const bool enveloped = four.real->members.size() == 2 && four.real->members[0].first == "schema";
        for (std::size_t i = 0; i < four.real->members.size(); ++i) {
            const std::string& name = four.real->members[i].first;
            const Four member{{&four.runs[0]->members[i].second, &four.runs[1]->members[i].second, &four.runs[2]->members[i].second},
                              &four.real->members[i].second};
            const std::string member_path = path + "." + name;
            if (volatile_.count(name) > 0 && where == Where::kElsewhere) {
                ++out_.skipped_leaves;
                continue;
            }
            const Counter counter = counter_at(where, name);
            const bool clock = is_clock_name(name) && (where == Where::kTop || where == Where::kPayload);
            const Json& value = *member.runs[0];
            if ((counter != Counter::kNone || clock) && value.kind == member.real->kind && !value.is_null()) {
                compare_leaf(member_path, counter, clock, {value.text, member.runs[1]->text, member.runs[2]->text}, member.real->text);
            } else {
                compare_json(member_path, member, below(where, name, enveloped));
            }
        }
    }

    void compare_array(const std::string& path, const Four& four, Where) {
        const std::size_t size = four.runs[0]->items.size();
        if (size != four.real->items.size()) {
            return add(path, raw(four.real, real_text_), raw(four.runs[0], texts_[0]), "the number of elements differs");
        }
        for (std::size_t i = 0; i < size; ++i) {
            compare_json(fmt::format("{}[{}]", path, i),
                         {{&four.runs[0]->items[i], &four.runs[1]->items[i], &four.runs[2]->items[i]}, &four.real->items[i]}, Where::kElsewhere);
        }
    }

    static std::string_view raw(const Json* value, std::string_view text) { return text.substr(value->begin, value->end - value->begin); }

    void compare_leaf(const std::string& path, Counter counter, bool clock, const Runs& runs, std::string_view real) {
        if (!is_stable(runs)) ++out_.volatile_leaves;
        std::optional<std::string> why;
        switch (counter) {
            case Counter::kNone:
                why = compare_text(runs, real, equalities_, clock ? Strictness::kLoose : Strictness::kStrict);
                break;
            case Counter::kXid:
                why = xids_.check(runs[0], real);
                break;
            case Counter::kRowLsn:
                why = check_lsn(row_lsns_, runs[0], real);
                break;
            case Counter::kSequence:
                why = compare_sequence(runs[0], real);
                break;
            case Counter::kTransactionId:
                why = compare_transaction_id(runs[0], real);
                break;
        }
        if (why) add(path, real, runs[0], *why);
    }

    static std::optional<std::string> check_lsn(Mapping& lsns, std::string_view simulated, std::string_view real) {
        return lsns.check(behind_page_start(simulated), behind_page_start(real));
    }

    std::optional<std::string> compare_sequence(std::string_view simulated, std::string_view real) {
        const auto a = split_sequence(simulated), b = split_sequence(real);
        if (!a || !b) return simulated == real ? std::nullopt : std::optional<std::string>("");
        if ((a->first == "null") != (b->first == "null")) return "the commit position is null on one side";
        if (a->first != "null") {
            if (auto why = check_lsn(commit_lsns_, a->first, b->first)) return why;
        }
        if ((a->second == "null") != (b->second == "null")) return "the row position is null on one side";
        return a->second == "null" ? std::nullopt : check_lsn(row_lsns_, a->second, b->second);
    }

    std::optional<std::string> compare_transaction_id(std::string_view simulated, std::string_view real) {
        const std::size_t a = simulated.find(':'), b = real.find(':');
        if (a == std::string_view::npos || b == std::string_view::npos) return simulated == real ? std::nullopt : std::optional<std::string>("");
        if (auto why = xids_.check(simulated.substr(0, a), real.substr(0, b))) return why;
        return check_lsn(transaction_end_ ? commit_lsns_ : row_lsns_, simulated.substr(a + 1), real.substr(b + 1));
    }

    const RunRecords& runs_;
    const std::vector<FlatRecord>& golden_;
    std::set<std::string> volatile_;
    Comparison out_;
    Mapping xids_, row_lsns_, commit_lsns_;
    Equalities equalities_;
    std::size_t i_ = 0, j_ = 0;  ///< the records that are compared
    std::string topic_;
    std::int64_t offset_ = 0;
    bool transaction_topic_ = false, transaction_end_ = false;
    std::array<std::string_view, 3> texts_;
    std::string_view real_text_;
};

/// What must be the same in all runs: "" if it is.
std::string json_shape(const Json& value) {
    std::string out;
    if (value.is_object()) {
        out = "{";
        for (const auto& [name, member] : value.members) out += name + ":" + json_shape(member) + ",";
    } else if (value.is(Kind::kArray)) {
        out = "[";
        for (const Json& item : value.items) out += json_shape(item) + ",";
    } else {
        out = value.is_null() ? "null" : "leaf";
    }
    return out;
}

std::string shape_of(const std::optional<std::string>& text) {
    if (!text) return "null";
    const auto json = parse_json(*text);
    return json ? json_shape(*json) : "text";
}

}  // namespace

std::string shape_difference(const RunRecords& runs) {
    for (std::size_t other : {1U, 2U}) {
        if (runs[other].size() != runs[0].size()) {
            return fmt::format("one run gives {} records, another {}", runs[0].size(), runs[other].size());
        }
        for (std::size_t i = 0; i < runs[0].size(); ++i) {
            const FlatRecord &a = runs[0][i], &b = runs[other][i];
            const std::string place = fmt::format("{} offset {}", a.topic, a.offset);
            if (a.topic != b.topic) return fmt::format("{} is {} in another run", a.topic, b.topic);
            if (a.headers.size() != b.headers.size()) return place + " has other headers in another run";
            if (a.key == b.key && a.value == b.value) continue;
            if (shape_of(a.key) != shape_of(b.key) || shape_of(a.value) != shape_of(b.value)) return place + " has another shape in another run";
        }
    }
    return "";
}

Comparison compare_records(const RunRecords& runs, const std::vector<FlatRecord>& golden, const std::vector<std::string>& volatile_columns) {
    return Comparer(runs, golden, volatile_columns).run();
}

}  // namespace cdcsim::diff
