// Catch2 matchers for records:
//     CHECK_THAT(topic.all(), cdcsim::MatchesAll({"{op: r}", "{op: u, after: {amount: '253.50'}}"}));
//     CHECK_THAT(record, cdcsim::Matches("{op: d}"));
// Works with Catch2 v2 and v3; include it after CATCH_CONFIG_MAIN where v2 needs that.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <initializer_list>
#include <string>
#include <vector>

#include <cdcsim/pipeline.h>

namespace Catch {

template <>
struct StringMaker<cdcsim::Record> {
    static std::string convert(const cdcsim::Record& record) {
        return record.topic + "[" + std::to_string(record.offset) + "] " + record.summary();
    }
};

}  // namespace Catch

namespace cdcsim {

/// All records, in order, no more and no fewer.
#if __has_include(<catch2/catch_all.hpp>)
class MatchesAll : public Catch::Matchers::MatcherBase<std::vector<Record>> {
#else
class MatchesAll : public Catch::MatcherBase<std::vector<Record>> {
#endif
  public:
    MatchesAll(std::initializer_list<std::string> patterns) : patterns_(patterns) {}
    explicit MatchesAll(std::vector<std::string> patterns) : patterns_(std::move(patterns)) {}

    bool match(const std::vector<Record>& records) const override {
        why_ = mismatch(patterns_, records);
        return why_.empty();
    }
    std::string describe() const override {
        std::string out = "match";
        for (const std::string& pattern : patterns_) out += "\n  " + pattern;
        return why_.empty() ? out : out + "\nbut " + why_;
    }

  private:
    std::vector<std::string> patterns_;
    mutable std::string why_;
};

/// One record.
#if __has_include(<catch2/catch_all.hpp>)
class Matches : public Catch::Matchers::MatcherBase<Record> {
#else
class Matches : public Catch::MatcherBase<Record> {
#endif
  public:
    explicit Matches(std::string pattern) : pattern_(std::move(pattern)) {}

    bool match(const Record& record) const override {
        why_ = mismatch({pattern_}, {record});
        return why_.empty();
    }
    std::string describe() const override { return "matches " + pattern_ + (why_.empty() ? "" : "\nbut " + why_); }

  private:
    std::string pattern_;
    mutable std::string why_;
};

}  // namespace cdcsim
