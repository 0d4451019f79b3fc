#include "sim/postgres/function/datetime_template.h"

#include <array>
#include <iterator>

#include "sim/postgres/type/ascii.h"

namespace cdcsim::pg {
namespace {

using enum TemplateField;
constexpr DateMode kAny = DateMode::kNone, kGreg = DateMode::kGregorian, kIso = DateMode::kIsoWeek;

// Of the patterns with one first letter the first that matches is taken, so longer ones stand
// first.
constexpr TemplatePattern kPatterns[] = {
    {"A.D.", kEraDotted, false, kAny},
    {"A.M.", kMeridiemDotted, false, kAny},
    {"AD", kEra, false, kAny},
    {"AM", kMeridiem, false, kAny},
    {"B.C.", kEraDotted, false, kAny},
    {"BC", kEra, false, kAny},
    {"CC", kCentury, true, kAny},
    {"DAY", kDayName, false, kAny},
    {"DDD", kDayOfYear, true, kGreg},
    {"DD", kDay, true, kGreg},
    {"DY", kDayShort, false, kAny},
    {"Day", kDayName, false, kAny},
    {"Dy", kDayShort, false, kAny},
    {"D", kDayOfWeek, true, kGreg},
    {"FF1", kFraction1, true, kAny},
    {"FF2", kFraction2, true, kAny},
    {"FF3", kFraction3, true, kAny},
    {"FF4", kFraction4, true, kAny},
    {"FF5", kFraction5, true, kAny},
    {"FF6", kFraction6, true, kAny},
    {"FX", kFixed, false, kAny},
    {"HH24", kHour24, true, kAny},
    {"HH12", kHour12, true, kAny},
    {"HH", kHour12, true, kAny},
    {"IDDD", kIsoDayOfYear, true, kIso},
    {"ID", kIsoDayOfWeek, true, kIso},
    {"IW", kIsoWeek, true, kIso},
    {"IYYY", kIsoYear4, true, kIso},
    {"IYY", kIsoYear3, true, kIso},
    {"IY", kIsoYear2, true, kIso},
    {"I", kIsoYear1, true, kIso},
    {"J", kJulian, true, kAny},
    {"MI", kMinute, true, kAny},
    {"MM", kMonth, true, kGreg},
    {"MONTH", kMonthName, false, kGreg},
    {"MON", kMonthShort, false, kGreg},
    {"MS", kMillisecond, true, kAny},
    {"Month", kMonthName, false, kGreg},
    {"Mon", kMonthShort, false, kGreg},
    {"OF", kOffset, false, kAny},
    {"P.M.", kMeridiemDotted, false, kAny},
    {"PM", kMeridiem, false, kAny},
    {"Q", kQuarter, true, kAny},
    {"RM", kRoman, false, kGreg},
    {"SSSSS", kSecondsOfDay, true, kAny},
    {"SSSS", kSecondsOfDay, true, kAny},
    {"SS", kSecond, true, kAny},
    {"TZH", kZoneHour, false, kAny},
    {"TZM", kZoneMinute, true, kAny},
    {"TZ", kZone, false, kAny},
    {"US", kMicrosecond, true, kAny},
    {"WW", kWeekOfYear, true, kGreg},
    {"W", kWeekOfMonth, true, kGreg},
    {"Y,YYY", kYearComma, true, kGreg},
    {"YYYY", kYear4, true, kGreg},
    {"YYY", kYear3, true, kGreg},
    {"YY", kYear2, true, kGreg},
    {"Y", kYear1, true, kGreg},
    {"a.d.", kEraDotted, false, kAny},
    {"a.m.", kMeridiemDotted, false, kAny},
    {"ad", kEra, false, kAny},
    {"am", kMeridiem, false, kAny},
    {"b.c.", kEraDotted, false, kAny},
    {"bc", kEra, false, kAny},
    {"cc", kCentury, true, kAny},
    {"day", kDayName, false, kAny},
    {"ddd", kDayOfYear, true, kGreg},
    {"dd", kDay, true, kGreg},
    {"dy", kDayShort, false, kAny},
    {"d", kDayOfWeek, true, kGreg},
    {"ff1", kFraction1, true, kAny},
    {"ff2", kFraction2, true, kAny},
    {"ff3", kFraction3, true, kAny},
    {"ff4", kFraction4, true, kAny},
    {"ff5", kFraction5, true, kAny},
    {"ff6", kFraction6, true, kAny},
    {"fx", kFixed, false, kAny},
    {"hh24", kHour24, true, kAny},
    {"hh12", kHour12, true, kAny},
    {"hh", kHour12, true, kAny},
    {"iddd", kIsoDayOfYear, true, kIso},
    {"id", kIsoDayOfWeek, true, kIso},
    {"iw", kIsoWeek, true, kIso},
    {"iyyy", kIsoYear4, true, kIso},
    {"iyy", kIsoYear3, true, kIso},
    {"iy", kIsoYear2, true, kIso},
    {"i", kIsoYear1, true, kIso},
    {"j", kJulian, true, kAny},
    {"mi", kMinute, true, kAny},
    {"mm", kMonth, true, kGreg},
    {"month", kMonthName, false, kGreg},
    {"mon", kMonthShort, false, kGreg},
    {"ms", kMillisecond, true, kAny},
    {"of", kOffset, false, kAny},
    {"p.m.", kMeridiemDotted, false, kAny},
    {"pm", kMeridiem, false, kAny},
    {"q", kQuarter, true, kAny},
    {"rm", kRoman, false, kGreg},
    {"sssss", kSecondsOfDay, true, kAny},
    {"ssss", kSecondsOfDay, true, kAny},
    {"ss", kSecond, true, kAny},
    {"tzh", kZoneHour, false, kAny},
    {"tzm", kZoneMinute, true, kAny},
    {"tz", kZone, false, kAny},
    {"us", kMicrosecond, true, kAny},
    {"ww", kWeekOfYear, true, kGreg},
    {"w", kWeekOfMonth, true, kGreg},
    {"y,yyy", kYearComma, true, kGreg},
    {"yyyy", kYear4, true, kGreg},
    {"yyy", kYear3, true, kGreg},
    {"yy", kYear2, true, kGreg},
    {"y", kYear1, true, kGreg},
};

constexpr std::size_t kPatternCount = std::size(kPatterns);

/// Where the patterns of each first character begin; kPatternCount: there are none.
constexpr auto kFirst = [] {
    std::array<std::uint8_t, 128> first{};
    first.fill(kPatternCount);
    for (std::size_t i = kPatternCount; i-- > 0;)
        first[static_cast<std::size_t>(kPatterns[i].name[0])] = static_cast<std::uint8_t>(i);
    return first;
}();

const TemplatePattern* find_pattern(std::string_view rest) {
    auto letter = static_cast<unsigned char>(rest[0]);
    if (letter >= kFirst.size()) return nullptr;
    for (std::size_t i = kFirst[letter]; i < kPatternCount && kPatterns[i].name[0] == rest[0];
         ++i) {
        if (rest.starts_with(kPatterns[i].name)) return &kPatterns[i];
    }
    return nullptr;
}

std::size_t character_length(std::string_view rest) {
    std::size_t length = 1;
    while (length < rest.size() && (static_cast<unsigned char>(rest[length]) & 0xC0) == 0x80)
        ++length;
    return length;
}

class TemplateParser {
  public:
    explicit TemplateParser(std::string_view format) : rest_(format) {}

    std::vector<TemplateNode> run() {
        nodes_.reserve(rest_.size());
        while (!rest_.empty()) {
            TemplateNode node;
            if (take("FM") || take("fm"))
                node.fill_mode = true;
            else if (take("TM") || take("tm"))
                node.translated = true;
            if (rest_.empty()) break;
            if (const TemplatePattern* pattern = find_pattern(rest_)) {
                add_pattern(node, *pattern);
            } else if (take("\"")) {
                add_quoted();
            } else {
                // A backslash is itself unless it stands before a quotation mark.
                if (rest_.size() > 1 && rest_[0] == '\\' && rest_[1] == '"') rest_.remove_prefix(1);
                bool separator = is_template_separator(rest_[0]);
                bool space = ascii_space(rest_[0]);
                add_character(separator ? TemplateNode::Kind::kSeparator
                              : space   ? TemplateNode::Kind::kSpace
                                        : TemplateNode::Kind::kText);
            }
        }
        return std::move(nodes_);
    }

  private:
    bool take(std::string_view word) {
        if (!rest_.starts_with(word)) return false;
        rest_.remove_prefix(word.size());
        return true;
    }
    void add_pattern(TemplateNode node, const TemplatePattern& pattern) {
        node.kind = TemplateNode::Kind::kPattern;
        node.pattern = &pattern;
        rest_.remove_prefix(pattern.name.size());
        if (take("TH"))
            node.ordinal = node.ordinal_upper = true;
        else if (take("th"))
            node.ordinal = true;
        else
            take("SP");
        nodes_.push_back(node);
    }
    void add_quoted() {
        while (!rest_.empty() && !take("\"")) {
            if (rest_.size() > 1 && rest_[0] == '\\') rest_.remove_prefix(1);
            add_character(TemplateNode::Kind::kText);
        }
    }
    void add_character(TemplateNode::Kind kind) {
        TemplateNode node;
        node.kind = kind;
        node.text = rest_.substr(0, character_length(rest_));
        rest_.remove_prefix(node.text.size());
        nodes_.push_back(node);
    }

    std::string_view rest_;
    std::vector<TemplateNode> nodes_;
};

}  // namespace

LetterCase TemplateNode::letter_case() const {
    if (pattern->name[0] >= 'a') return LetterCase::kLower;
    return pattern->name.size() > 1 && pattern->name[1] >= 'a' ? LetterCase::kTitle
                                                               : LetterCase::kUpper;
}

bool is_template_separator(char c) {
    return ascii_punct(c);
}

std::vector<TemplateNode> parse_template(std::string_view format) {
    return TemplateParser(format).run();
}

}  // namespace cdcsim::pg
