#include "core/scenario/scripts.h"

#include <algorithm>
#include <utility>

#include "core/base/error.h"

namespace cdcsim::scenario {

/// A step's script on its way.
struct Scripts::Script {
    int step = 0;
    PsqlRun run;
    PsqlHost* host = nullptr;
    std::unique_ptr<PsqlHost> own;  ///< the session of a step without a name

    SqlAnswer answer() {
        SqlAnswer out;
        out.outcomes = run.outcomes();
        out.waiting = run.waiting();
        out.waits_for = run.waits_for();
        out.waiting_sql = run.current_sql();
        return out;
    }
};

namespace {

SqlAnswer error_answer(Report report) {
    SqlAnswer out;
    out.outcomes.emplace_back().error = std::move(report);
    return out;
}

/// psql cannot connect.
SqlAnswer refused_connection(const SqlError& error) {
    Report report;
    report.severity = "FATAL";
    report.sqlstate = error.sqlstate();
    report.message = error.message();
    report.detail = error.detail();
    report.hint = error.hint();
    report.not_simulated = error.is_not_simulated();
    return error_answer(std::move(report));
}

}  // namespace

Scripts::Scripts(OpenHost open, AfterStatement after_statement) : open_(std::move(open)), after_statement_(std::move(after_statement)) {}
Scripts::~Scripts() = default;

SqlAnswer Scripts::run(int step_number, const SqlStep& step) {
    PsqlRun::Options options;
    options.stop_on_error = step.stop_on_error;
    auto script = std::make_unique<Script>(Script{step_number, PsqlRun(step.scripts, options), nullptr, nullptr});
    try {
        std::unique_ptr<PsqlHost>& host = step.session.empty() ? script->own : sessions_[step.session];
        if (!host) host = open_(step);
        script->host = host.get();
    } catch (const SqlError& error) {
        return refused_connection(error);
    }
    for (const auto& other : waiting_) {
        if (other->host != script->host) continue;  // else its last step has not ended
        Report report;
        report.sqlstate = "ZS002";
        report.message = "the session still waits in step " + std::to_string(other->step) + " for " + other->run.waits_for();
        return error_answer(std::move(report));
    }
    advance(*script);
    SqlAnswer out = script->answer();
    if (script->run.waiting()) {
        waiting_.push_back(std::move(script));
    } else {
        script.reset();  // the session ends: an open transaction is rolled back, locks become free
        wake();
    }
    return out;
}

void Scripts::advance(Script& script) {
    script.run.advance(*script.host, [&](Outcome& outcome) { after_statement_(outcome); });
}

void Scripts::wake() {
    if (waking_) return;
    waking_ = true;
    for (bool progress = true; progress;) {
        progress = false;
        for (std::size_t i = 0; i < waiting_.size() && !progress; ++i) progress = wake_one(i);
    }
    waking_ = false;
}

bool Scripts::wake_one(std::size_t index) {
    Script& script = *waiting_[index];
    const std::size_t before = script.run.outcomes().size();
    advance(script);
    const bool progress = script.run.outcomes().size() > before;
    const auto place = waiting_.begin() + static_cast<std::ptrdiff_t>(index);
    if (script.run.waiting()) {
        // It waits for something else now: those that wait longer come first.
        if (progress) std::rotate(place, place + 1, waiting_.end());
        return progress;
    }
    late_.push_back({script.step, script.answer()});
    waiting_.erase(place);
    return true;
}

std::vector<LateAnswer> Scripts::take_late() { return std::exchange(late_, {}); }

std::vector<LateAnswer> Scripts::still_waiting() {
    std::vector<LateAnswer> out;
    for (const auto& script : waiting_) out.push_back({script->step, script->answer()});
    return out;
}

}  // namespace cdcsim::scenario
