#include "tools/live/explore/compare_answers.h"

#include <algorithm>
#include <array>
#include <vector>

namespace cdcsim::explore {

namespace {

using Rows = std::vector<std::string>;

// Replaces every instant of `day` by a word: 2031-05-17 13:47:29.86+00, with blank or T.
std::string without_clock(const std::string& text, const std::string& day) {
    std::string out;
    std::size_t at = 0;
    for (std::size_t found; (found = text.find(day, at)) != std::string::npos;) {
        out.append(text, at, found - at);
        out += "<now>";
        at = found + day.size();
        const std::size_t digits = at + 1 < text.size() && (text[at] == ' ' || text[at] == 'T') ? at + 1 : at;
        const std::size_t end = text.find_first_not_of("0123456789:.", digits);
        at = std::min(end, text.size());
        if (text.compare(at, 6, "+00:00") == 0) {
            at += 6;
        } else if (text.compare(at, 3, "+00") == 0) {
            at += 3;
        }
    }
    return out + text.substr(at);
}

std::string row_text(const std::vector<std::optional<std::string>>& row, const std::string& day) {
    std::string out;
    for (const auto& value : row) {
        if (!out.empty()) out += " | ";
        out += value ? "[" + without_clock(*value, day) + "]" : "NULL";
    }
    return out;
}

std::string columns_text(const QueryResult& result) {
    std::string out;
    for (const auto& column : result.columns) {
        out += column.name + " " + (column.type < kFirstNormalOid ? std::to_string(column.type) : "user") + " ";
    }
    return out;
}

struct ReportField {
    const char* name;
    std::string (*get)(const scenario::Report&);
};

constexpr auto kReportFields = std::to_array<ReportField>({
    {"sqlstate", [](const scenario::Report& r) { return r.sqlstate; }},
    {"severity", [](const scenario::Report& r) { return r.severity; }},
    {"message", [](const scenario::Report& r) { return r.message; }},
    {"detail", [](const scenario::Report& r) { return r.detail; }},
    {"hint", [](const scenario::Report& r) { return r.hint; }},
    {"position", [](const scenario::Report& r) { return std::to_string(r.position); }},
    {"internal query", [](const scenario::Report& r) { return r.internal_query; }},
    {"internal position", [](const scenario::Report& r) { return std::to_string(r.internal_position); }},
    {"context", [](const scenario::Report& r) { return r.context; }},
});

class Comparing {
  public:
    explicit Comparing(const ClockDays& days) : days_(days) {}
    std::optional<Mismatch> found;

    bool text(const std::string& field, const std::string& real, const std::string& simulated) {
        if (found) return false;
        const std::string a = without_clock(real, days_.real), b = without_clock(simulated, days_.simulated);
        if (a == b) return true;
        found = Mismatch{field, a, b};
        return false;
    }

    void report(const std::string& name, const scenario::Report& real, const scenario::Report& simulated) {
        for (const ReportField& field : kReportFields) {
            if (!text(name + field.name, field.get(real), field.get(simulated))) {
                if (field.name == std::string("sqlstate")) {
                    found->real += " " + real.message;
                    found->simulated += " " + simulated.message;
                }
                return;
            }
        }
    }

    void notices(const std::vector<scenario::Report>& real, const std::vector<scenario::Report>& simulated) {
        for (std::size_t i = 0; i < std::max(real.size(), simulated.size()); ++i) {
            if (i >= real.size() || i >= simulated.size()) {
                text("notice", i < real.size() ? real[i].message : "none", i < simulated.size() ? simulated[i].message : "none");
                return;
            }
            report("notice ", real[i], simulated[i]);
        }
    }

    void answer(const scenario::StatementAnswer& real, const scenario::StatementAnswer& simulated) {
        text("columns", columns_text(real.result), columns_text(simulated.result));
        Rows a, b;
        for (const auto& row : real.result.rows) a.push_back(row_text(row, days_.real));
        for (const auto& row : simulated.result.rows) b.push_back(row_text(row, days_.simulated));
        if (simulated.order_unspecified) {
            std::sort(a.begin(), a.end());
            std::sort(b.begin(), b.end());
        }
        rows(a, b);
        text("tag", real.result.command_tag, simulated.result.command_tag);
        notices(real.notices, simulated.notices);
    }

  private:
    void rows(const Rows& real, const Rows& simulated) {
        if (found || real == simulated) return;
        Rows a = real, b = simulated;
        std::sort(a.begin(), a.end());
        std::sort(b.begin(), b.end());
        found = Mismatch{a == b ? "row order" : "rows", "", ""};
        for (const std::string& row : real) found->real += row + "\n";
        for (const std::string& row : simulated) found->simulated += row + "\n";
    }

    const ClockDays& days_;
};

}  // namespace

std::optional<Mismatch> compare_answers(const scenario::MessageAnswer& real, const scenario::MessageAnswer& simulated, const ClockDays& days) {
    Comparing out(days);
    const std::string none = "no error";
    if (real.error.has_value() != simulated.error.has_value()) {
        return Mismatch{"error", real.error ? real.error->sqlstate + " " + real.error->message : none, simulated.error ? simulated.error->sqlstate + " " + simulated.error->message : none};
    }
    if (real.error) out.report("", *real.error, *simulated.error);
    out.notices(real.error_notices, simulated.error_notices);
    for (std::size_t i = 0; i < std::min(real.answers.size(), simulated.answers.size()); ++i) out.answer(real.answers[i], simulated.answers[i]);
    out.text("answers", std::to_string(real.answers.size()), std::to_string(simulated.answers.size()));
    return out.found;
}

}  // namespace cdcsim::explore
