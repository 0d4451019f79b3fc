// Comparing with goldens: text cases under tests/scenario/cases, goldens of this repository.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/diff/compare_records.h"
#include "core/diff/json.h"
#include "core/diff/volatile_text.h"
#include "tests/datadriven.h"

using namespace cdcsim::diff;

namespace {

/// The parts of a case: `>>> name` begins one. A single run stands for all three.
struct Parts {
    std::vector<std::string> runs;
    std::string golden;
    std::vector<std::string> volatile_columns;

    explicit Parts(const std::string& input) {
        std::string* at = nullptr;
        std::istringstream in(input);
        for (std::string line; std::getline(in, line);) {
            if (line == ">>> run") {
                at = &runs.emplace_back();
            } else if (line == ">>> golden") {
                at = &golden;
            } else if (!at) {
                volatile_columns.push_back(line.substr(line.find(' ') + 1));
            } else {
                *at += line + "\n";
            }
        }
        while (runs.size() < 3) runs.push_back(runs[0]);
    }
};

/// Splits at blanks that stand outside of JSON.
std::vector<std::string> words_of(const std::string& line) {
    std::vector<std::string> out(1);
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '"' && line[i - 1] != '\\') quoted = !quoted;
        if (!quoted) depth += line[i] == '{' || line[i] == '[' ? 1 : line[i] == '}' || line[i] == ']' ? -1 : 0;
        if (line[i] == ' ' && depth == 0 && !quoted) {
            out.emplace_back();
        } else {
            out.back() += line[i];
        }
    }
    return out;
}

std::vector<FlatRecord> records_of(const std::string& text) {
    std::vector<FlatRecord> out;
    std::map<std::string, std::int64_t> offsets;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        const auto words = words_of(line);
        FlatRecord& record = out.emplace_back();
        record.topic = words.at(0);
        record.offset = offsets[record.topic]++;
        if (words.at(1) != "null") record.key = words[1];
        if (words.at(2) != "null") record.value = words[2];
        if (words.size() < 4) continue;
        const auto headers = parse_json(words[3]);
        for (const auto& [name, value] : headers->members) record.headers.push_back({name, value.text});
    }
    return out;
}

std::string compare(const std::string& input) {
    const Parts parts(input);
    const RunRecords runs{records_of(parts.runs[0]), records_of(parts.runs[1]), records_of(parts.runs[2])};
    if (const std::string difference = shape_difference(runs); !difference.empty()) return "shape: " + difference;
    const Comparison result = compare_records(runs, records_of(parts.golden), parts.volatile_columns);
    std::string out;
    for (const Difference& d : result.differences) {
        out += d.topic + "[" + std::to_string(d.offset) + "] " + d.path + ": " + d.expected + " | " + d.actual + (d.note.empty() ? "" : " (" + d.note + ")") + "\n";
    }
    if (result.skipped_leaves > 0) out += std::to_string(result.skipped_leaves) + " skipped\n";
    return out.empty() ? "equal, " + std::to_string(result.volatile_leaves) + " volatile" : out;
}

std::string transcript(const std::string& input) {
    const Parts parts(input);
    std::string out;
    for (const auto& d : compare_transcripts({parts.runs[0], parts.runs[1], parts.runs[2]}, parts.golden)) {
        out += d.step + ": " + d.expected + " | " + d.actual + (d.shape_differs ? " shape differs" : "") + "\n";
    }
    return out.empty() ? "equal" : out;
}

std::string read(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

}  // namespace

TEST_CASE("what comparing with a golden finds") {
    cdcsim::test::run_cases(CDCSIM_TEST_DIR "/scenario/cases/compare.txt", [](const std::string& command, const std::string& input) {
        return command == "compare" ? compare(input) : transcript(input);
    });
}

TEST_CASE("every golden of this repository is read and equals itself") {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(CDCSIM_TEST_DIR "/../scenarios")) {
        if (!entry.path().string().ends_with(".golden.jsonl")) continue;
        INFO(entry.path());
        const Golden golden = parse_golden(read(entry.path()));
        const auto result = compare_records({golden.records, golden.records, golden.records}, golden.records, {});
        CHECK(result.differences.empty());
        CHECK(result.records <= golden.records.size());
    }
}

TEST_CASE("snapshots of the simulator are no goldens: this repository has none") {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(CDCSIM_TEST_DIR "/../scenarios")) {
        CHECK_FALSE(entry.path().string().ends_with(".snap.jsonl"));
    }
}

TEST_CASE("JSON keeps spellings, order and duplicates") {
    const auto json = parse_json(R"({"a":1.50,"b":"\u00e9\ud83c\udf89\n","a":[null,true,{}]})");
    REQUIRE(json);
    CHECK(print_json(*json) == R"({"a":1.50,"b":"é🎉\n","a":[null,true,{}]})");
    for (const char* bad : {"", "{", "01", "1.", "\"a", "[1,]", "{\"a\" 1}", "tru", "1 2", "\"\\x\"", "nul"}) CHECK_FALSE(parse_json(bad));
    CHECK_FALSE(parse_json(std::string(1000, '[') + std::string(1000, ']')));
}
