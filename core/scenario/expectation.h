// Judges the steps of a run: expectations on topics, errors and rows of sql steps, states of
// connectors; and says of a record that does not match which statement caused it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/diff/decoded.h"
#include "core/scenario/pattern.h"
#include "core/scenario/report.h"
#include "core/scenario/target.h"

namespace cdcsim::scenario {

class Judge {
  public:
    /// `report` is where failures go and where causes are looked up.
    Judge(Target& target, RunReport& report) : target_(target), report_(report) {}

    void sql(const Step& step, const SqlStep& body, const std::vector<Outcome>& outcomes);
    void connector(const Step& step, const ConnectorStep& body, const ConnectorAnswer& answer);
    void expect(const Step& step, const ExpectStep& body);
    /// A failure that is not one of an expectation.
    void fail(const Step& step, std::string title);

  private:
    Failure& add(const Step& step, const Node* node, std::string title);
    void errors(const Step& step, const SqlStep& body, const std::vector<Outcome>& outcomes);
    void rows(const Step& step, const SqlStep& body, const std::vector<Outcome>& outcomes);
    void records(const Step& step, const ExpectStep& body);
    void contains(const Step& step, const ExpectStep& body);
    void count(const Step& step, const ExpectStep& body);
    void topics(const Step& step, const ExpectStep& body);
    void order(const Step& step, const ExpectStep& body);
    void state(const Step& step, const ExpectStep& body);

    /// The topic's records from the expectation's start; moves the cursor to the end.
    std::vector<kafka::Topics::Place> take(const ExpectStep& body);
    void compare_all(const Step& step, const ExpectStep& body,
                     const std::vector<kafka::Topics::Place>& places, const std::string& what);
    std::optional<Mismatch> match_headers(const Node& pattern, const diff::Json& headers, Bindings& bindings);
    std::optional<Mismatch> match_record(const Node& pattern, const kafka::Topics::Place& place);
    diff::DecodedRecord decoded(const kafka::Topics::Place& place);
    void describe_mismatch(Failure& failure, const kafka::Topics::Place& place, const Mismatch& mismatch);
    void describe_no_topic(Failure& failure, const std::string& name);

    Target& target_;
    RunReport& report_;
    diff::Decoder decoder_;
    std::map<std::string, std::size_t> cursors_;
    std::size_t order_cursor_ = 0;
    Bindings bindings_;
};

}  // namespace cdcsim::scenario
