#include "sim/pipeline/simulated_target.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/error.h"

namespace cdcsim {

using scenario::ConnectorAnswer;
using scenario::LateAnswer;
using scenario::Outcome;
using scenario::PsqlRun;
using scenario::SqlAnswer;

/// One psql: a session and the files beside the scenario.
class SimulatedTarget::Host : public scenario::PsqlHost {
  public:
    Host(Simulation& simulation, scenario::FileReader& files, const std::string& folder, const std::string& user, const std::string& name)
        : simulation_(simulation), files_(files), folder_(folder), user_(user.empty() ? simulation.options().user : user) {
        if (!name.empty()) label_ = "session " + name;
        open();
    }

    scenario::MessageAnswer execute(std::string_view sql, const CopyIn& copy_in) override {
        sql_ = sql;
        return simulation_.execute(*session_, sql_, copy_in);
    }
    scenario::MessageAnswer resume() override { return simulation_.resume(*session_, sql_); }
    void reconnect(const std::string& user) override {
        if (!user.empty()) user_ = user;
        session_.reset();
        open();
    }
    const std::string& database() const override { return simulation_.options().database; }
    const std::string& user() const override { return user_; }
    std::optional<std::string> read_file(const std::string& path) override {
        return files_.read(path.starts_with("/") ? path : folder_ + path);
    }

  private:
    void open() {
        session_ = simulation_.server().open_session(user_);
        session_->set_label(label_);
    }

    Simulation& simulation_;
    scenario::FileReader& files_;
    const std::string& folder_;
    std::string user_;
    std::string label_;
    std::string sql_;
    std::unique_ptr<pg::Session> session_;
};

/// A step's script on its way.
struct SimulatedTarget::Script {
    int step = 0;
    PsqlRun run;
    Host* host = nullptr;
    std::unique_ptr<Host> own;  ///< the session of a step without a name

    SqlAnswer answer() {
        SqlAnswer out;
        out.outcomes = run.outcomes();
        out.waiting = run.waiting();
        out.waits_for = run.waits_for();
        out.waiting_sql = run.current_sql();
        return out;
    }
};

SimulatedTarget::SimulatedTarget(Simulation& simulation, scenario::FileReader& files, std::string folder)
    : simulation_(simulation), files_(files), folder_(std::move(folder)) {}

SimulatedTarget::~SimulatedTarget() = default;

SimulatedTarget::Host* SimulatedTarget::host_for(const scenario::SqlStep& step, std::unique_ptr<Host>& own) {
    std::unique_ptr<Host>& host = step.session.empty() ? own : sessions_[step.session];
    if (!host) host = std::make_unique<Host>(simulation_, files_, folder_, step.user, step.session);
    return host.get();
}

SqlAnswer SimulatedTarget::run_sql(int step_number, const scenario::SqlStep& step) {
    PsqlRun::Options options;
    options.stop_on_error = step.stop_on_error;
    auto script = std::make_unique<Script>(Script{step_number, PsqlRun(step.scripts, options), nullptr, nullptr});
    try {
        script->host = host_for(step, script->own);
    } catch (const SqlError& error) {  // psql cannot connect
        SqlAnswer out;
        Outcome& outcome = out.outcomes.emplace_back();
        outcome.error = report_of(error, "FATAL", "");
        return out;
    }
    for (const auto& other : waiting_) {
        if (other->host == script->host) return still_waits(*other);
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

/// A step for a session whose last step has not ended.
SqlAnswer SimulatedTarget::still_waits(const Script& script) {
    SqlAnswer out;
    scenario::Report& report = out.outcomes.emplace_back().error.emplace();
    report.severity = "ERROR";
    report.sqlstate = "ZS002";
    report.message = "the session still waits in step " + std::to_string(script.step) + " for " + script.run.waits_for();
    return out;
}

void SimulatedTarget::advance(Script& script) {
    script.run.advance(*script.host, [&](Outcome& outcome) { after_statement(outcome); });
}

void SimulatedTarget::after_statement(Outcome& outcome) {
    drain();
    wake();
    outcome.records_after = simulation_.topics().total();
}

void SimulatedTarget::drain() {
    try {
        simulation_.drain();
    } catch (const NotSimulated& refusal) {
        refusals_.push_back(refusal.message());
    }
}

std::vector<std::string> SimulatedTarget::take_refusals() { return std::exchange(refusals_, {}); }

void SimulatedTarget::wake() {
    if (waking_) return;
    waking_ = true;
    for (bool progress = true; progress;) {
        progress = false;
        for (std::size_t i = 0; i < waiting_.size() && !progress; ++i) {
            Script& script = *waiting_[i];
            const std::size_t before = script.run.outcomes().size();
            advance(script);
            progress = script.run.outcomes().size() > before;
            if (script.run.waiting()) {
                // It waits for something else now: those that wait longer come first.
                if (progress) std::rotate(waiting_.begin() + static_cast<std::ptrdiff_t>(i), waiting_.begin() + static_cast<std::ptrdiff_t>(i) + 1, waiting_.end());
                continue;
            }
            late_.push_back({script.step, script.answer()});
            waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
            progress = true;
        }
    }
    waking_ = false;
}

std::vector<LateAnswer> SimulatedTarget::take_late() { return std::exchange(late_, {}); }

std::vector<LateAnswer> SimulatedTarget::still_waiting() {
    std::vector<LateAnswer> out;
    for (const auto& script : waiting_) out.push_back({script->step, script->answer()});
    return out;
}

ConnectorAnswer SimulatedTarget::run_connector(const scenario::ConnectorStep& step) {
    connect::Worker& worker = simulation_.worker();
    if (step.verb != "create") {
        struct Verb {
            std::string_view name;
            void (connect::Worker::*run)(const std::string&);
        };
        static constexpr Verb kVerbs[] = {{"stop", &connect::Worker::stop},
                                          {"pause", &connect::Worker::pause},
                                          {"resume", &connect::Worker::resume},
                                          {"restart", &connect::Worker::restart},
                                          {"delete", &connect::Worker::remove}};
        for (const Verb& verb : kVerbs) {
            if (verb.name == step.verb) return guarded(step.name, [&] { (worker.*verb.run)(step.name); });
        }
    }
    connect::ConnectorSettings settings = simulation_.connector_defaults();
    for (const auto& [option, value] : step.config) {
        if (value) {
            settings[option] = *value;
        } else {
            settings.erase(option);
        }
    }
    simulation_.set_connection(settings);
    return guarded(step.name, [&] { worker.put_config(step.name, settings); });
}

ConnectorAnswer SimulatedTarget::guarded(const std::string& name, const std::function<void()>& action) {
    ConnectorAnswer out;
    try {
        action();
        simulation_.drain();
        wake();
        simulation_.drain();
        return connector_state(name);
    } catch (const ConnectError& error) {
        out.http_status = error.http_status();
        out.message = error.what();
    } catch (const NotSimulated& error) {
        out.not_simulated = true;
        out.message = error.message();
    }
    return out;
}

ConnectorAnswer SimulatedTarget::connector_state(const std::string& name) {
    ConnectorAnswer out;
    if (!simulation_.worker().exists(name)) return out;
    const connect::ConnectorStatus status = simulation_.worker().status(name);
    out.state = status.task_state == "FAILED" ? status.task_state : status.connector_state;
    out.trace = status.trace;
    return out;
}

void SimulatedTarget::sleep(double seconds) {
    simulation_.clock().sleep(std::llround(seconds * 1e6));
    wake();
    drain();
}

}  // namespace cdcsim
