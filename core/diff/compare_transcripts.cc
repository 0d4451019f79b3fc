// psql's output of three runs against the recorded one. Columns widen with volatile values, so in a
// step that holds one, runs of blanks and of dashes count as one.
#include <algorithm>

#include "core/diff/compare_records.h"
#include "core/diff/volatile_text.h"

namespace cdcsim::diff {

namespace {

struct Section {
    std::string title;
    std::vector<std::string> lines;
};

std::vector<Section> split_sections(const std::string& text) {
    std::vector<Section> out;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::string line = text.substr(at, end - at);
        at = end + 1;
        if (line.starts_with("-- step ") || out.empty()) {
            out.push_back({std::move(line), {}});
        } else {
            out.back().lines.push_back(std::move(line));
        }
    }
    return out;
}

std::string collapse(const std::string& line) {
    std::string out;
    for (char c : line) {
        if ((c == ' ' || c == '-') && out.ends_with(c)) continue;
        out += c;
    }
    while (out.ends_with(' ')) out.pop_back();
    return out;
}

class Comparer {
  public:
    Comparer(const std::array<std::string, 3>& runs, const std::string& golden)
        : runs_{split_sections(runs[0]), split_sections(runs[1]), split_sections(runs[2])}, golden_(split_sections(golden)) {}

    std::vector<TranscriptDifference> run() {
        const std::size_t count = std::max(runs_[0].size(), golden_.size());
        for (std::size_t i = 0; i < count; ++i) {
            if (i >= golden_.size() || i >= runs_[0].size()) {
                const bool missing = i >= runs_[0].size();
                out_.push_back({missing ? golden_[i].title : runs_[0][i].title, missing ? "the step's output" : "nothing",
                                missing ? "nothing" : "the step's output", false});
            } else {
                compare_section(i);
            }
        }
        return std::move(out_);
    }

  private:
    void compare_section(std::size_t i) {
        const Section& real = golden_[i];
        const Section& first = runs_[0][i];
        for (std::size_t other : {1U, 2U}) {
            if (i >= runs_[other].size() || runs_[other][i].lines.size() != first.lines.size()) {
                out_.push_back({first.title, "", "", true});
                return;
            }
        }
        const bool stable = first.lines == runs_[1][i].lines && first.lines == runs_[2][i].lines;
        for (std::size_t line = 0; line < std::max(first.lines.size(), real.lines.size()); ++line) {
            const std::string expected = line < real.lines.size() ? real.lines[line] : "(the output ends)";
            const std::string actual = line < first.lines.size() ? first.lines[line] : "(the output ends)";
            const bool both = line < real.lines.size() && line < first.lines.size();
            if (both && (expected == actual || (!stable && fits(i, line, expected)))) continue;
            out_.push_back({first.title, expected, actual, false});
            return;
        }
    }

    bool fits(std::size_t i, std::size_t line, const std::string& real) {
        std::array<std::string, 3> text;
        for (std::size_t run = 0; run < 3; ++run) text[run] = collapse(runs_[run][i].lines[line]);
        return !compare_text({text[0], text[1], text[2]}, collapse(real), equalities_, Equalities::Strictness::kStrict);
    }

    std::array<std::vector<Section>, 3> runs_;
    std::vector<Section> golden_;
    Equalities equalities_;
    std::vector<TranscriptDifference> out_;
};

}  // namespace

std::vector<TranscriptDifference> compare_transcripts(const std::array<std::string, 3>& runs, const std::string& golden) {
    return Comparer(runs, golden).run();
}

}  // namespace cdcsim::diff
