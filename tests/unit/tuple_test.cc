// The length of stored rows, with what TOAST makes of them, against recordings of a real server.
#include "sim/postgres/storage/tuple.h"

#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>

#include "tests/unit/test_host.h"

namespace cdcsim::pg {
namespace {

/// The texts of the recording: runs of one letter, hex digits, words, half repetitive, not ASCII.
class TextMaker {
  public:
    explicit TextMaker(std::uint64_t seed) : state_(seed) {}

    std::string make(int kind, std::size_t length) {
        if (kind == 0) return std::string(length, 'x');
        std::string text;
        while (text.size() < length) text += piece(kind);
        while (text.size() > length) {
            std::size_t last = text.size() - 1;
            while ((static_cast<unsigned char>(text[last]) & 0xC0) == 0x80) --last;
            text.resize(last);
        }
        return text;
    }

  private:
    std::uint64_t next() {
        state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
        return state_ >> 33;
    }
    std::string piece(int kind) {
        static constexpr const char* kWords[] = {
            "the",     "quick",     "brown", "fox",     "jumps", "over", "lazy",   "dog",  "while", "seven",
            "purple", "elephants", "dance", "quietly", "under", "a",    "silver", "moon"};
        if (kind == 1) return {"0123456789abcdef"[next() % 16]};
        if (kind == 2) return std::string(kWords[next() % 18]) + ' ';
        if (kind == 3) {
            return next() % 3 != 0 ? std::string{"0123456789abcdef"[next() % 16]} : "abcabcabcabc";
        }
        auto code = static_cast<unsigned>(0x80 + next() % 0x500);
        return {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
    }
    std::uint64_t state_;
};

Relation table() {
    Relation relation;
    const char storage[] = {'x', 'x', 'e', 'm', 'p', 'p'};
    for (int i = 0; i < 6; ++i) {
        Column column;
        column.attno = i + 1;
        column.type = i == 5 ? oid::kInt4 : i == 1 ? oid::kVarchar : oid::kText;
        column.storage = storage[i];
        relation.columns.push_back(column);
    }
    return relation;
}

// Lines of `a b c d e length`: each text as kind:seed:length or - for NULL.
TEST_CASE("A row is as long as PostgreSQL makes it") {
    std::ifstream file(CDCSIM_TEST_DIR "/storage/tuple_lengths.txt");
    REQUIRE(file);
    TestEnvironment env;
    Relation relation = table();
    int count = 0;
    for (std::string line; std::getline(file, line); ++count) {
        std::istringstream words(line);
        std::vector<Datum> row;
        for (int i = 0; i < 5; ++i) {
            int kind = 0;
            std::uint64_t seed = 0;
            std::size_t length = 0;
            char colon = 0;
            std::string word;
            words >> word;
            if (word == "-") {
                row.emplace_back();
                continue;
            }
            std::istringstream(word) >> kind >> colon >> seed >> colon >> length;
            row.push_back(Datum::of_text(TextMaker(seed).make(kind, length)));
        }
        row.push_back(Datum::of_int(1));
        int expected = 0;
        words >> expected;
        INFO(line);
        CHECK(shape_tuple(env, relation, row, {}, {}).length == expected);
    }
    CHECK(count >= 100);
}

}  // namespace
}  // namespace cdcsim::pg
