// The library's surface over a Simulation. Every call that changes something is kept in a journal, so
// that restore() can play the beginning again: the same calls give the same bytes.
#include <fmt/format.h>

#include <functional>

#include "core/base/error.h"
#include "core/diff/json.h"
#include "core/scenario/psql_print.h"
#include "sim/include/cdcsim/pipeline.h"
#include "sim/pipeline/disk.h"
#include "sim/pipeline/simulated_target.h"
#include "sim/pipeline/simulation.h"
#ifdef CDCSIM_WITH_KAFKA
#include "sim/kafka/mock_cluster.h"
#endif

namespace cdcsim {

namespace {

SqlFailure failure_of(const scenario::Report& report, const std::string& sql) {
    SqlFailure out{report.severity, report.sqlstate, report.message, report.detail, report.hint, report.context, report.position, sql, ""};
    out.report = scenario::print_report(report, sql);
    return out;
}

SqlResult result_of(const scenario::StatementAnswer& answer) {
    SqlResult out;
    for (const auto& column : answer.result.columns) out.columns.push_back(column.name);
    out.rows = answer.result.rows;
    out.tag = answer.result.command_tag;
    return out;
}

/// The last result, with the notices of all statements.
SqlResult result_of(const scenario::MessageAnswer& answer) {
    SqlResult out;
    if (!answer.answers.empty()) out = result_of(answer.answers.back());
    for (const auto& statement : answer.answers) {
        for (const auto& notice : statement.notices) out.notices.push_back(scenario::print_report(notice, ""));
    }
    out.waiting = answer.waiting;
    return out;
}

void throw_if_failed(const scenario::MessageAnswer& answer, const std::string& sql) {
    if (!answer.error) return;
    if (answer.error->not_simulated) throw NotSimulatedError(answer.error->message);
    throw StatementError(failure_of(*answer.error, sql));
}

}  // namespace

struct Session::Impl {
    Pipeline::Impl& pipeline;
    std::string name;
};

struct Topic::Impl {
    const Pipeline::Impl& pipeline;
    std::string name;
    std::size_t position = 0;
    std::optional<Record> current;
};

struct Pipeline::Impl {
    using Action = std::function<void(Impl&)>;

    explicit Impl(const Pipeline::Options& given) : options(given) { start(); }

    Pipeline::Options options;
    std::vector<Action> journal;
    bool broken = false;
    std::map<std::string, std::unique_ptr<Session>> session_handles;
    std::map<std::string, std::unique_ptr<Topic>> topic_handles;
    Disk disk;
    std::unique_ptr<Simulation> simulation;
    std::unique_ptr<SimulatedTarget> target;  // after the simulation: its sessions end first
    std::map<std::string, std::unique_ptr<pg::Session>> sessions;
    scenario::MessageAnswer message_answer;  ///< of the action that ran last
    scenario::SqlAnswer script_answer;
#ifdef CDCSIM_WITH_KAFKA
    std::unique_ptr<kafka::MockCluster> cluster;
#endif

    void start() {
        sessions.clear();
        target.reset();
        simulation.reset();
#ifdef CDCSIM_WITH_KAFKA
        cluster.reset();
#endif
        SimulationOptions simulated;
        simulated.database = options.database;
        simulated.seed = options.seed;
        simulated.start = UnixMicros{options.start_time.count()};
        simulation = std::make_unique<Simulation>(simulated);
        target = std::make_unique<SimulatedTarget>(*simulation, disk, "");
    }

    pg::Session& session(const std::string& name) {
        auto& session = sessions[name];
        if (!session) session = simulation->server().open_session("");
        return *session;
    }

    /// Runs an action, remembers it, and turns our exceptions into those of the library.
    void perform(Action action) {
        journal.push_back(action);
        guarded([&] { action(*this); });
    }

    void guarded(const std::function<void()>& action) {
        if (broken) throw BrokenPipelineError("this Pipeline has met a bug of cdcsim and refuses further use");
        try {
            action();
            fill_cluster();
        } catch (const SqlError& error) {
            fill_cluster();
            if (error.is_not_simulated()) throw NotSimulatedError(error.message());
            throw StatementError(failure_of(report_of(error, "ERROR", ""), ""));
        } catch (const ConnectError& error) {
            throw ConnectorError(error.http_status(), error.what());
        } catch (const InternalError& error) {
            broken = true;
            throw BrokenPipelineError(error.what());
        }
    }

    void fill_cluster() {
#ifdef CDCSIM_WITH_KAFKA
        if (cluster) cluster->fill(simulation->topics());
#endif
    }

    void connector(const std::function<void(connect::Worker&)>& request) {
        request(simulation->worker());
        simulation->drain();
    }

    connect::ConnectorSettings settings_of(const ConnectorConfig& config) const {
        connect::ConnectorSettings out = simulation->connector_defaults();
        for (const auto& [option, value] : config) out[option] = value;
        simulation->set_connection(out);
        return out;
    }

    void replay(std::size_t steps) {
        journal.resize(steps);
        start();
        for (const Action& action : journal) {
            try {
                action(*this);
            } catch (const SqlError&) {  // it failed the first time, too
            } catch (const ConnectError&) {
            }
        }
        target->take_refusals();
    }
};

// --- Session

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::~Session() = default;

SqlResult Session::sql(std::string_view text) {
    const std::string statement(text);
    impl_->pipeline.perform([name = impl_->name, statement](Pipeline::Impl& p) {
        p.message_answer = p.simulation->execute(p.session(name), statement);
        p.simulation->drain();
    });
    const scenario::MessageAnswer answer = std::move(impl_->pipeline.message_answer);
    throw_if_failed(answer, statement);
    return result_of(answer);
}

SqlResult Session::resume() {
    impl_->pipeline.perform([name = impl_->name](Pipeline::Impl& p) {
        p.message_answer = p.simulation->resume(p.session(name), "");
        p.simulation->drain();
    });
    const scenario::MessageAnswer answer = std::move(impl_->pipeline.message_answer);
    throw_if_failed(answer, "");
    return result_of(answer);
}

// --- Topic

Topic::Topic(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Topic::~Topic() = default;
const std::string& Topic::name() const { return impl_->name; }
std::size_t Topic::size() const { return impl_->pipeline.simulation->topics().size(impl_->name); }

Record Topic::make(std::size_t offset) const {
    struct Storage {
        std::optional<std::string> key, value;
    };
    const kafka::Record& record = impl_->pipeline.simulation->topics().at(impl_->name, offset);
    const auto storage = std::make_shared<Storage>(Storage{record.key.text(), record.value.text()});
    Record out;
    out.topic = impl_->name;
    out.partition = record.partition;
    out.offset = record.offset;
    out.timestamp_ms = record.timestamp_ms;
    if (storage->key) out.key = *storage->key;
    if (storage->value) out.value = *storage->value;
    for (const auto& header : record.headers ? *record.headers : kafka::Headers{}) out.headers.push_back({header.key, header.value});
    out.storage_ = storage;
    return out;
}

const Record* Topic::poll() {
    if (impl_->position >= size()) return nullptr;
    impl_->current = make(impl_->position++);
    return &*impl_->current;
}

std::vector<Record> Topic::drain() {
    std::vector<Record> out;
    for (; impl_->position < size(); ++impl_->position) out.push_back(make(impl_->position));
    return out;
}

std::vector<Record> Topic::all() const {
    std::vector<Record> out;
    for (std::size_t i = 0; i < size(); ++i) out.push_back(make(i));
    return out;
}

void Topic::seek(std::int64_t offset) {
    if (offset < 0) throw std::out_of_range("a topic's offsets begin at 0");
    impl_->position = static_cast<std::size_t>(offset);
}

// --- Pipeline

Pipeline::Pipeline(const Options& options) {
    try {
        impl_ = std::make_unique<Impl>(options);
    } catch (const NotSimulated& refusal) {
        throw NotSimulatedError(refusal.message());
    }
}
Pipeline::~Pipeline() = default;
Pipeline::Pipeline(Pipeline&&) noexcept = default;
Pipeline& Pipeline::operator=(Pipeline&&) noexcept = default;

SqlResult Pipeline::sql(std::string_view text) { return session("").sql(text); }

ScriptResult Pipeline::run_script(std::string_view text) {
    ScriptResult out;
    scenario::SqlStep step;
    step.scripts.emplace_back(text);
    impl_->perform([step](Impl& p) {
        p.script_answer = p.target->run_sql(0, step);
        p.target->take_late();
    });
    const scenario::SqlAnswer answer = std::move(impl_->script_answer);
    const auto refusals = impl_->target->take_refusals();
    std::string refusal = refusals.empty() ? "" : refusals.front();
    for (const scenario::Outcome& outcome : answer.outcomes) {
        out.transcript += scenario::print_outcome(outcome);
        if (!outcome.answers.empty()) out.last = result_of(outcome.answers.back());
        if (!outcome.error) continue;
        if (outcome.error->not_simulated) refusal = outcome.error->message;
        out.errors.push_back(failure_of(*outcome.error, outcome.sql));
    }
    out.last.waiting = answer.waiting;
    if (!refusal.empty()) throw NotSimulatedError(refusal);
    return out;
}

Session& Pipeline::session(const std::string& name) {
    auto& handle = impl_->session_handles[name];
    if (!handle) handle.reset(new Session(std::make_unique<Session::Impl>(Session::Impl{*impl_, name})));
    return *handle;
}

void Pipeline::create_connector(const std::string& name, const ConnectorConfig& config) {
    impl_->perform([name, config](Impl& p) { p.connector([&](connect::Worker& w) { w.create(name, p.settings_of(config)); }); });
}
void Pipeline::configure_connector(const std::string& name, const ConnectorConfig& config) {
    impl_->perform([name, config](Impl& p) { p.connector([&](connect::Worker& w) { w.put_config(name, p.settings_of(config)); }); });
}
void Pipeline::stop_connector(const std::string& name) {
    impl_->perform([name](Impl& p) { p.connector([&](connect::Worker& w) { w.stop(name); }); });
}
void Pipeline::pause_connector(const std::string& name) {
    impl_->perform([name](Impl& p) { p.connector([&](connect::Worker& w) { w.pause(name); }); });
}
void Pipeline::resume_connector(const std::string& name) {
    impl_->perform([name](Impl& p) { p.connector([&](connect::Worker& w) { w.resume(name); }); });
}
void Pipeline::restart_connector(const std::string& name) {
    impl_->perform([name](Impl& p) { p.connector([&](connect::Worker& w) { w.restart(name); }); });
}
void Pipeline::delete_connector(const std::string& name) {
    impl_->perform([name](Impl& p) { p.connector([&](connect::Worker& w) { w.remove(name); }); });
}

ConnectorStatus Pipeline::connector_status(const std::string& name) const {
    const scenario::ConnectorAnswer answer = impl_->target->connector_state(name);
    return {answer.state, answer.trace};
}

Topic& Pipeline::topic(const std::string& name) {
    auto& handle = impl_->topic_handles[name];
    if (!handle) handle.reset(new Topic(std::make_unique<Topic::Impl>(Topic::Impl{*impl_, name, 0, std::nullopt})));
    return *handle;
}

std::vector<std::string> Pipeline::topics() const { return impl_->simulation->topics().names(); }

void Pipeline::advance(std::chrono::microseconds duration) {
    impl_->perform([duration](Impl& p) {
        p.simulation->clock().sleep(duration.count());
        p.simulation->drain();
    });
}

Pipeline::Mark Pipeline::mark() const {
    Mark out;
    out.steps_ = impl_->journal.size();
    for (const auto& [name, topic] : impl_->topic_handles) out.positions_[name] = topic->impl_->position;
    return out;
}

void Pipeline::restore(const Mark& mark) {
    if (mark.steps_ > impl_->journal.size()) throw std::logic_error("the mark is of another Pipeline or of a time that was undone");
    impl_->guarded([&] { impl_->replay(mark.steps_); });
    for (const auto& [name, topic] : impl_->topic_handles) {
        const auto found = mark.positions_.find(name);
        topic->impl_->position = found == mark.positions_.end() ? 0 : found->second;
    }
}

std::string Pipeline::bootstrap_servers() {
#ifdef CDCSIM_WITH_KAFKA
    if (!impl_->cluster) {
        impl_->cluster = std::make_unique<kafka::MockCluster>();
        impl_->fill_cluster();
    }
    return impl_->cluster->bootstrap_servers();
#else
    throw NotSimulatedError("not simulated: Kafka's protocol (built with CDCSIM_WITH_KAFKA=OFF)");
#endif
}

}  // namespace cdcsim
