#include "sim/pipeline/simulated_target.h"

#include <cmath>
#include <utility>

#include "core/base/error.h"

namespace cdcsim {

using scenario::ConnectorAnswer;
using scenario::LateAnswer;
using scenario::Outcome;
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

SimulatedTarget::SimulatedTarget(Simulation& simulation, scenario::FileReader& files, std::string folder)
    : simulation_(simulation),
      files_(files),
      folder_(std::move(folder)),
      scripts_([this](const scenario::SqlStep& step) { return std::make_unique<Host>(simulation_, files_, folder_, step.user, step.session); },
               [this](Outcome& outcome) { after_statement(outcome); }) {}

SimulatedTarget::~SimulatedTarget() = default;

SqlAnswer SimulatedTarget::run_sql(int step_number, const scenario::SqlStep& step) { return scripts_.run(step_number, step); }

void SimulatedTarget::after_statement(Outcome& outcome) {
    drain();
    scripts_.wake();
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

std::vector<LateAnswer> SimulatedTarget::take_late() { return scripts_.take_late(); }
std::vector<LateAnswer> SimulatedTarget::still_waiting() { return scripts_.still_waiting(); }

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
        scripts_.wake();
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
    scripts_.wake();
    drain();
}

}  // namespace cdcsim
