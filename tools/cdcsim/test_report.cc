#include "tools/cdcsim/test_report.h"

#include <fmt/format.h>

#include <algorithm>

namespace cdcsim::cli {

namespace {

std::string escape_xml(std::string_view text) {
    std::string out;
    for (char c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\n': out += "&#10;"; break;
            default:  // XML 1.0 has no other control characters
                out += static_cast<unsigned char>(c) < 0x20 && c != '\t' ? '?' : c;
        }
    }
    return out;
}

std::string all_lines(const TestResult& result) {
    std::string out;
    for (const std::string& line : result.lines) out += line;
    while (out.ends_with('\n')) out.pop_back();
    return out;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::size_t count(const std::vector<TestResult>& results, std::initializer_list<Verdict> verdicts) {
    return static_cast<std::size_t>(std::count_if(results.begin(), results.end(), [&](const TestResult& result) {
        return std::find(verdicts.begin(), verdicts.end(), result.verdict) != verdicts.end();
    }));
}

std::string junit_case(const TestResult& result) {
    const std::string text = all_lines(result);
    const std::string head = fmt::format("  <testcase classname=\"cdcsim\" name=\"{}\" time=\"{:.3f}\"", escape_xml(result.test->title), result.seconds);
    const auto with = [&](std::string_view element) {
        return fmt::format("{}>\n    <{} message=\"{}\">{}</{}>\n  </testcase>\n", head, element, escape_xml(first_line(text)), escape_xml(text), element);
    };
    switch (result.verdict) {
        case Verdict::kFailed: return with("failure");
        case Verdict::kBadFile:
        case Verdict::kNoLiveStack:
        case Verdict::kInternal: return with("error");
        case Verdict::kNotSimulated:
        case Verdict::kSkipped:
        case Verdict::kExpectedFailure: {
            const std::string why = result.verdict == Verdict::kSkipped           ? "only: " + result.test->scenario.only
                                    : result.verdict == Verdict::kExpectedFailure ? *result.test->scenario.xfail
                                                                                  : first_line(text);
            return fmt::format("{}>\n    <skipped message=\"{}\"/>\n  </testcase>\n", head, escape_xml(why));
        }
        case Verdict::kHeld: return head + "/>\n";
    }
    return "";
}

}  // namespace

std::string junit_report(const std::vector<TestResult>& results) {
    double seconds = 0;
    for (const TestResult& result : results) seconds += result.seconds;
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
    out += fmt::format("<testsuite name=\"cdcsim\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3f}\">\n", results.size(),
                       count(results, {Verdict::kFailed}), count(results, {Verdict::kBadFile, Verdict::kInternal, Verdict::kNoLiveStack}),
                       count(results, {Verdict::kNotSimulated, Verdict::kSkipped, Verdict::kExpectedFailure}), seconds);
    for (const TestResult& result : results) out += junit_case(result);
    return out + "</testsuite>\n</testsuites>\n";
}

std::string tap_report(const std::vector<TestResult>& results) {
    std::string out = fmt::format("TAP version 13\n1..{}\n", results.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
        const TestResult& result = results[i];
        const bool ok = status_of(result.verdict) == Status::kHeld || result.verdict == Verdict::kNotSimulated;
        std::string title;
        for (char c : result.test->title) title += c == '#' ? std::string("\\#") : std::string(1, c);
        std::string directive;
        if (result.verdict == Verdict::kSkipped) directive = " # SKIP only: " + result.test->scenario.only;
        if (result.verdict == Verdict::kNotSimulated) directive = " # SKIP " + first_line(all_lines(result));
        if (result.verdict == Verdict::kExpectedFailure) directive = " # TODO " + *result.test->scenario.xfail;
        const bool todo = result.verdict == Verdict::kExpectedFailure;
        out += fmt::format("{} {} - {}{}\n", ok && !todo ? "ok" : "not ok", i + 1, title, directive);
        if (ok) continue;
        std::string text = all_lines(result) + "\n";
        for (std::size_t at = 0, end; at < text.size(); at = end + 1) {
            end = text.find('\n', at);
            out += "# " + text.substr(at, end - at) + "\n";
        }
    }
    return out;
}

}  // namespace cdcsim::cli
