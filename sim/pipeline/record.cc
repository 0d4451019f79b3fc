// Records of the library: reading fields, holding them against patterns.
#include <fmt/format.h>

#include <algorithm>

#include "core/diff/decoded.h"
#include "core/scenario/expectation.h"
#include "sim/include/cdcsim/pipeline.h"

namespace cdcsim {

namespace {

kafka::Content content_of(const std::optional<std::string_view>& text) {
    kafka::Content out;
    out.is_null = !text;
    if (text) out.payload = *text;
    return out;
}

kafka::Record plain(const Record& record) {
    kafka::Record out;
    out.partition = record.partition;
    out.offset = record.offset;
    out.timestamp_ms = record.timestamp_ms;
    out.key = content_of(record.key);
    out.value = content_of(record.value);
    auto headers = std::make_shared<kafka::Headers>();
    for (const Header& header : record.headers) headers->push_back({header.key, header.value});
    out.headers = headers;
    return out;
}

/// Records of one list as the topic that an expectation looks at.
class RecordsTarget : public scenario::Target, private kafka::Topics {
  public:
    static constexpr const char* kTopic = "records";

    explicit RecordsTarget(const std::vector<Record>& records) {
        std::transform(records.begin(), records.end(), std::back_inserter(records_), plain);
    }
    scenario::SqlAnswer run_sql(int, const scenario::SqlStep&) override { return {}; }
    std::vector<scenario::LateAnswer> take_late() override { return {}; }
    std::vector<scenario::LateAnswer> still_waiting() override { return {}; }
    scenario::ConnectorAnswer run_connector(const scenario::ConnectorStep&) override { return {}; }
    scenario::ConnectorAnswer connector_state(const std::string&) override { return {}; }
    void sleep(double) override {}
    const kafka::Topics& topics() const override { return *this; }

  private:
    std::vector<std::string> names() const override { return {kTopic}; }
    std::size_t size(std::string_view) const override { return records_.size(); }
    const kafka::Record& at(std::string_view, std::size_t offset) const override { return records_[offset]; }
    std::size_t total() const override { return records_.size(); }
    Place arrival(std::size_t index) const override { return {kTopic, index}; }

    std::vector<kafka::Record> records_;
};

}  // namespace

std::optional<std::string> Record::get(std::string_view path) const {
    diff::Decoder decoder;
    const diff::DecodedRecord decoded = decoder.decode(plain(*this));
    const diff::Json* at = &decoded.value.payload;
    while (at && !path.empty()) {
        const std::size_t end = std::min(path.find('.'), path.size());
        at = at->find(path.substr(0, end));
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    if (!at || at->is_null()) return std::nullopt;
    return at->is(diff::Json::Kind::kString) ? at->text : diff::print_json(*at);
}

std::string Record::summary() const {
    diff::Decoder decoder;
    return diff::summary(decoder.decode(plain(*this)));
}

std::string mismatch(const std::vector<std::string>& patterns, const std::vector<Record>& records) {
    scenario::Step step;
    step.file = "pattern";
    scenario::ExpectStep expect;
    expect.name = RecordsTarget::kTopic;
    expect.wanted.kind = scenario::Node::Kind::kSequence;
    try {
        for (const std::string& pattern : patterns) {
            expect.wanted.items.push_back(scenario::parse_yaml("pattern", pattern));
            scenario::check_record_pattern("pattern", expect.wanted.items.back());
        }
    } catch (const scenario::ScenarioError& error) {
        return error.what();
    }
    RecordsTarget target(records);
    scenario::RunReport report;
    scenario::Judge(target, report).expect(step, expect);
    std::string out;
    for (const scenario::Failure& failure : report.failures) {
        out += failure.title;
        for (const auto& [name, text] : failure.details) {
            if (name != "caused by") out += fmt::format("\n    {:<10} {}", name + ":", text);
        }
    }
    return out;
}

}  // namespace cdcsim
