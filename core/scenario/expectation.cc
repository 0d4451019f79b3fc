#include "core/scenario/expectation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "core/diff/json.h"
#include "core/scenario/cause.h"
#include "core/scenario/grammar.h"
#include "core/scenario/hints.h"
#include "core/scenario/psql_print.h"

namespace cdcsim::scenario {

namespace {

using diff::Json;
using Where = kafka::Topics::Place;

std::string plural(std::size_t count, std::string_view word) {
    return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

Json json_number(std::int64_t value) {
    Json out;
    out.kind = Json::Kind::kNumber;
    out.text = std::to_string(value);
    return out;
}

Json json_string(std::string text) {
    Json out;
    out.kind = Json::Kind::kString;
    out.text = std::move(text);
    return out;
}

}  // namespace

Failure& Judge::add(const Step& step, const Node* node, std::string title) {
    Failure& failure = report_.failures.emplace_back();
    failure.file = step.file;
    failure.line = node ? node->line : step.line;
    failure.step = step.number;
    failure.title = std::move(title);
    return failure;
}

void Judge::fail(const Step& step, std::string title) { add(step, nullptr, std::move(title)); }

// --- sql steps

void Judge::sql(const Step& step, const SqlStep& body, const std::vector<Outcome>& outcomes) {
    errors(step, body, outcomes);
    if (body.rows || body.tag) rows(step, body, outcomes);
}

void Judge::errors(const Step& step, const SqlStep& body, const std::vector<Outcome>& outcomes) {
    std::vector<const Outcome*> found;
    for (const Outcome& outcome : outcomes) {
        if (outcome.error) found.push_back(&outcome);
    }
    const auto describe = [&](Failure& failure, const Outcome& outcome) {
        std::string text = print_report(*outcome.error, outcome.sql);
        if (text.ends_with('\n')) text.pop_back();
        failure.details.emplace_back("actual", outcome.error->sqlstate + "\n" + text);
        failure.details.emplace_back("statement", describe_statement(step, body, outcome));
    };
    for (std::size_t i = 0; i < std::max(found.size(), body.errors.size()); ++i) {
        if (i >= body.errors.size()) {
            Failure& failure = add(step, nullptr, body.errors.empty() ? "an error that the step does not expect" : "one error more than the step expects");
            describe(failure, *found[i]);
            continue;
        }
        const ErrorPattern& wanted = body.errors[i];
        const Node* place = wanted.sqlstate ? &*wanted.sqlstate : wanted.message ? &*wanted.message : nullptr;
        if (i >= found.size()) {
            Failure& failure = add(step, place, fmt::format("the step expects {}, there {} {}", plural(body.errors.size(), "error"),
                                                            found.size() == 1 ? "was" : "were", found.size()));
            if (place) failure.details.emplace_back("expected", place->value);
            return;
        }
        struct Field {
            const char* name;
            const std::optional<Node>* pattern;
            const std::string* text;
        };
        const Report& error = *found[i]->error;
        for (const Field& field : {Field{"SQLSTATE", &wanted.sqlstate, &error.sqlstate}, Field{"message", &wanted.message, &error.message},
                                   Field{"DETAIL", &wanted.detail, &error.detail}, Field{"HINT", &wanted.hint, &error.hint}}) {
            if (!*field.pattern) continue;
            const auto mismatch = match_text(**field.pattern, *field.text, "", bindings_);
            if (!mismatch) continue;
            Failure& failure = add(step, &**field.pattern, fmt::format("the error's {} is not the expected one", field.name));
            failure.details.emplace_back("expected", (*field.pattern)->value);
            describe(failure, *found[i]);
            break;
        }
    }
}

void Judge::rows(const Step& step, const SqlStep& body, const std::vector<Outcome>& outcomes) {
    const StatementAnswer* last = nullptr;
    for (const Outcome& outcome : outcomes) {
        if (!outcome.answers.empty()) last = &outcome.answers.back();
    }
    static const StatementAnswer kNone;
    const StatementAnswer& answer = last ? *last : kNone;
    if (body.tag) {
        if (const auto mismatch = match_text(*body.tag, answer.result.command_tag, "", bindings_)) {
            Failure& failure = add(step, &*body.tag, "the last statement's command tag is another one");
            failure.details.emplace_back("expected", body.tag->value);
            failure.details.emplace_back("actual", answer.result.command_tag);
        }
    }
    if (!body.rows) return;
    const auto& actual = answer.result.rows;
    const auto show = [&](Failure& failure) {
        failure.details.emplace_back("expected", print_pattern(*body.rows));
        std::string table = answer.returns_rows ? print_table(answer.result) : "no result";
        while (table.ends_with('\n')) table.pop_back();
        failure.details.emplace_back("actual", table);
    };
    if (actual.size() != body.rows->items.size()) {
        show(add(step, &*body.rows, fmt::format("{} expected, the last statement returned {}", plural(body.rows->items.size(), "row"), actual.size())));
        return;
    }
    for (std::size_t i = 0; i < actual.size(); ++i) {
        const Node& wanted = body.rows->items[i];
        if (wanted.items.size() != actual[i].size()) {
            show(add(step, &wanted, fmt::format("row {} has {}, {} expected", i + 1, plural(actual[i].size(), "column"), wanted.items.size())));
            return;
        }
        for (std::size_t j = 0; j < actual[i].size(); ++j) {
            if (!match_text(wanted.items[j], actual[i][j], "", bindings_)) continue;
            show(add(step, &wanted.items[j], fmt::format("row {}, column {} is not the expected one", i + 1, answer.result.columns[j].name)));
            return;
        }
    }
}

// --- connectors

void Judge::connector(const Step& step, const ConnectorStep& body, const ConnectorAnswer& answer) {
    const bool refused = answer.http_status < 200 || answer.http_status >= 300;
    const std::string what = body.name.empty() ? "the connector" : "connector " + body.name;
    if (body.refused) {
        if (refused && answer.message.find(*body.refused) != std::string::npos) return;
        Failure& failure = add(step, nullptr, refused ? what + " is refused with another message" : what + " is not refused");
        failure.details.emplace_back("expected", *body.refused);
        failure.details.emplace_back("actual", refused ? answer.message : answer.state);
        return;
    }
    if (refused) {
        Failure& failure = add(step, nullptr, what + " is refused");
        failure.details.emplace_back("actual", fmt::format("{} {}", answer.http_status, answer.message));
        return;
    }
    if (body.verb != "create" || answer.state == body.state) return;
    Failure& failure = add(step, nullptr, what + " is in another state");
    failure.details.emplace_back("expected", body.state);
    failure.details.emplace_back("actual", answer.trace.empty() ? answer.state : answer.state + "\n" + answer.trace);
}

void Judge::state(const Step& step, const ExpectStep& body) {
    const ConnectorAnswer answer = target_.connector_state(body.name);
    if (answer.state == body.wanted.value) return;
    Failure& failure = add(step, &body.wanted, fmt::format("connector {} is in another state", body.name));
    failure.details.emplace_back("expected", body.wanted.value);
    const std::string actual = answer.state.empty() ? "there is no such connector" : answer.state;
    failure.details.emplace_back("actual", answer.trace.empty() ? actual : actual + "\n" + answer.trace);
}

// --- topics

void Judge::expect(const Step& step, const ExpectStep& body) {
    switch (body.kind) {
        case ExpectStep::Kind::kRecords: return records(step, body);
        case ExpectStep::Kind::kContains: return contains(step, body);
        case ExpectStep::Kind::kCount: return count(step, body);
        case ExpectStep::Kind::kTopics: return topics(step, body);
        case ExpectStep::Kind::kOrder: return order(step, body);
        case ExpectStep::Kind::kState: return state(step, body);
    }
}

diff::DecodedRecord Judge::decoded(const Where& place) {
    return decoder_.decode(target_.topics().at(place.topic, place.offset));
}

std::vector<Where> Judge::take(const ExpectStep& body) {
    const std::size_t end = target_.topics().size(body.name);
    std::size_t& cursor = cursors_[body.name];
    std::vector<Where> out;
    for (std::size_t i = body.from.value_or(cursor); i < end; ++i) out.push_back({body.name, i});
    cursor = end;
    return out;
}

void Judge::describe_no_topic(Failure& failure, const std::string& name) {
    const auto names = target_.topics().names();
    const std::vector<std::string_view> known(names.begin(), names.end());
    failure.details.emplace_back("actual", names.empty() ? "there are no topics" : fmt::format("no such topic{}", suggest(name, known)));
    HintFacts facts;
    facts.no_topic = true;
    failure.details.emplace_back("hint", hint(facts));
}

void Judge::records(const Step& step, const ExpectStep& body) {
    compare_all(step, body, take(body), body.name);
}

void Judge::compare_all(const Step& step, const ExpectStep& body, const std::vector<Where>& places,
                        const std::string& what) {
    const auto& wanted = body.wanted.items;
    const std::size_t both = std::min(wanted.size(), places.size());
    const std::string counts = wanted.size() == places.size()
                                   ? ""
                                   : fmt::format(" ({} expected, {} there)", plural(wanted.size(), "record"), places.size());
    for (std::size_t i = 0; i < both; ++i) {
        const auto mismatch = match_record(wanted[i], places[i]);
        if (!mismatch) continue;
        Failure& failure = add(step, &wanted[i], fmt::format("{}: record {} does not match{}", what, i + 1, counts));
        describe_mismatch(failure, places[i], *mismatch);
        return;
    }
    if (wanted.size() == places.size()) return;
    if (both < places.size()) {
        Failure& failure = add(step, &body.wanted, fmt::format("{}: {} more than expected{}", what, plural(places.size() - both, "record"), counts));
        const auto record = decoded(places[both]);
        failure.details.emplace_back("at", fmt::format("{} offset {}", places[both].topic, places[both].offset));
        failure.details.emplace_back("actual", diff::summary(record));
        failure.details.emplace_back("caused by", cause_of(report_, target_.topics(), places[both]).text);
        HintFacts facts;
        facts.record = &record;
        facts.extra = true;
        if (const std::string text = hint(facts); !text.empty()) failure.details.emplace_back("hint", text);
        return;
    }
    Failure& failure = add(step, &wanted[both], fmt::format("{}: {} missing{}", what, plural(wanted.size() - both, "record"), counts));
    failure.details.emplace_back("expected", print_pattern(wanted[both]));
    if (body.kind != ExpectStep::Kind::kOrder && target_.topics().size(body.name) == 0) return describe_no_topic(failure, body.name);
    HintFacts facts;
    facts.missing = &wanted[both];
    if (const std::string text = hint(facts); !text.empty()) failure.details.emplace_back("hint", text);
}

void Judge::contains(const Step& step, const ExpectStep& body) {
    const std::vector<Where> places = take(body);
    std::size_t at = 0;
    for (std::size_t i = 0; i < body.wanted.items.size(); ++i) {
        const Node& wanted = body.wanted.items[i];
        const std::size_t begin = at;
        std::optional<Mismatch> nearest;  // that of a lone candidate is worth showing
        while (at < places.size() && (nearest = match_record(wanted, places[at]))) ++at;
        if (at++ < places.size()) continue;
        Failure& failure = add(step, &wanted, fmt::format("{}: no record matches number {} of contains ({} looked at)", body.name, i + 1,
                                                          plural(places.size() - begin, "record")));
        failure.details.emplace_back("expected", print_pattern(wanted));
        if (target_.topics().size(body.name) == 0) return describe_no_topic(failure, body.name);
        if (places.size() - begin == 1 && nearest) describe_mismatch(failure, places[begin], *nearest);
        return;
    }
}

void Judge::count(const Step& step, const ExpectStep& body) {
    const std::size_t there = take(body).size();
    if (there == std::stoul(body.wanted.value)) return;
    Failure& failure = add(step, &body.wanted, fmt::format("{}: another number of records", body.name));
    failure.details.emplace_back("expected", body.wanted.value);
    if (target_.topics().size(body.name) == 0) return describe_no_topic(failure, body.name);
    failure.details.emplace_back("actual", std::to_string(there));
}

void Judge::topics(const Step& step, const ExpectStep& body) {
    std::vector<std::string> wanted;
    for (const Node& item : body.wanted.items) wanted.push_back(item.value);
    std::sort(wanted.begin(), wanted.end());
    const auto actual = target_.topics().names();
    if (wanted == actual) return;
    Failure& failure = add(step, &body.wanted, "other topics hold records");
    failure.details.emplace_back("expected", fmt::format("{}", fmt::join(wanted, ", ")));
    failure.details.emplace_back("actual", actual.empty() ? "none" : fmt::format("{}", fmt::join(actual, ", ")));
}

void Judge::order(const Step& step, const ExpectStep& body) {
    std::vector<Where> places;
    for (; order_cursor_ < target_.topics().total(); ++order_cursor_) places.push_back(target_.topics().arrival(order_cursor_));
    compare_all(step, body, places, "all topics");
}

// --- one record

/// A header is text; one that holds JSON can be matched by its parts or as a number, too.
std::optional<Mismatch> Judge::match_headers(const Node& pattern, const Json& headers, Bindings& bindings) {
    if (!pattern.is_mapping()) return match(pattern, {&headers, nullptr}, "$headers", bindings);
    for (const auto& entry : pattern.entries) {
        const Json* value = headers.find(entry.key);
        const bool typed = !entry.value.is_scalar() || scalar_type(entry.value) == ScalarType::kNumber;
        std::optional<Json> parsed;
        if (typed && value && value->is(Json::Kind::kString)) parsed = diff::parse_json(value->text);
        const Subject subject{parsed ? &*parsed : value, nullptr};
        if (auto mismatch = match(entry.value, subject, "$headers." + entry.key, bindings)) return mismatch;
    }
    return std::nullopt;
}

std::optional<Mismatch> Judge::match_record(const Node& pattern, const Where& place) {
    const kafka::Record& record = target_.topics().at(place.topic, place.offset);
    const diff::DecodedRecord decoded = decoder_.decode(record);
    if (is_null(pattern)) {
        if (decoded.is_tombstone()) return std::nullopt;
        return Mismatch{"", "null (a tombstone)", diff::summary(decoded), ""};
    }
    Bindings bindings = bindings_;
    Json headers;
    headers.kind = Json::Kind::kObject;
    if (record.headers) {
        for (const auto& header : *record.headers) {
            headers.members.emplace_back(header.key, header.value ? json_string(*header.value) : Json{});
        }
    }
    const Json partition = json_number(record.partition), timestamp = json_number(record.timestamp_ms), topic = json_string(place.topic);
    const Json null;
    const auto part = [&](const std::string& key) -> Subject {
        if (key == "$key") return {&decoded.key.payload, decoded.key.schema.get()};
        if (key == "$value") return {&decoded.value.payload, decoded.value.schema.get()};
        if (key == "$schema") return {decoded.value.schema ? decoded.value.schema.get() : &null, nullptr};
        if (key == "$partition") return {&partition, nullptr};
        if (key == "$timestamp") return {&timestamp, nullptr};
        return {&topic, nullptr};
    };
    for (const auto& entry : pattern.entries) {
        if (entry.key == "$headers") {
            if (auto mismatch = match_headers(entry.value, headers, bindings)) return mismatch;
        } else if (entry.key.starts_with('$')) {
            if (auto mismatch = match(entry.value, part(entry.key), entry.key, bindings)) return mismatch;
        } else if (decoded.is_tombstone()) {
            return Mismatch{"", print_pattern(pattern), diff::summary(decoded), ""};
        } else {
            const Subject payload{&decoded.value.payload, decoded.value.schema.get()};
            Node one;
            one.kind = Node::Kind::kMapping;
            one.entries.push_back(entry);
            if (auto mismatch = match(one, payload, "", bindings)) return mismatch;
        }
    }
    bindings_ = std::move(bindings);
    return std::nullopt;
}

void Judge::describe_mismatch(Failure& failure, const Where& place, const Mismatch& mismatch) {
    const auto record = decoded(place);
    failure.details.emplace_back("at", fmt::format("{} offset {}{}{}", place.topic, place.offset, mismatch.path.empty() ? "" : ", ", mismatch.path));
    failure.details.emplace_back("expected", mismatch.expected);
    failure.details.emplace_back("actual", mismatch.actual);
    failure.details.emplace_back("caused by", cause_of(report_, target_.topics(), place).text);
    HintFacts facts;
    facts.mismatch = &mismatch;
    facts.record = &record;
    if (const std::string text = hint(facts); !text.empty()) failure.details.emplace_back("hint", text);
}

}  // namespace cdcsim::scenario
