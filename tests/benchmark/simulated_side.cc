#include <stdexcept>

#include "sim/pipeline/simulation.h"
#include "tests/benchmark/sides.h"
#include "tests/benchmark/workload.h"

namespace cdcsim::benchmark {

namespace {

constexpr const char* kTopic = "cdc.public.transactions";

class Side {
  public:
    Side() : simulation_(SimulationOptions{}), session_(simulation_.server().open_session("")) {
        connect::ConnectorSettings settings = simulation_.connector_defaults();
        simulation_.set_connection(settings);
        settings["decimal.handling.mode"] = "string";
        execute(kCreateTable);
        simulation_.worker().create("connector", settings);
        simulation_.drain();
    }

    void execute(const std::string& text) {
        const scenario::MessageAnswer answer = simulation_.execute(*session_, text);
        if (answer.error) throw std::runtime_error(answer.error->message);
        simulation_.drain();
    }

    /// Measures `work`, which must write `records` records.
    template <class Work>
    Sample measure(std::size_t records, const Work& work) {
        const std::size_t expected = topics().size(kTopic) + records;
        const double memory = resident_bytes();
        Sample sample;
        sample.seconds = work();
        sample.bytes = resident_bytes() - memory;
        if (topics().size(kTopic) != expected) throw std::runtime_error("records are missing");
        return sample;
    }

    Sample texts(std::size_t count, const std::function<std::string(std::size_t)>& text_of) {
        return measure(count, [&] { return time_texts(count, text_of, [&](const std::string& text) { execute(text); }); });
    }

    const kafka::TopicLog& topics() const { return simulation_.topics(); }

  private:
    Simulation simulation_;
    std::unique_ptr<pg::Session> session_;
};

}  // namespace

Sample Simulated::inserts(std::size_t count) {
    Side side;
    return side.texts(count, insert_text);
}

Sample Simulated::insert_select(std::size_t rows) {
    Side side;
    return side.measure(rows, [&] {
        const double start = now_seconds();
        side.execute(insert_select_text(rows));
        return now_seconds() - start;
    });
}

Sample Simulated::trigger_updates(std::size_t count, std::size_t rows) {
    Side side;
    for (std::size_t i = 0; i < rows; ++i) side.execute(insert_text(i));
    side.execute(change_info_trigger());
    return side.texts(count, [&](std::size_t i) { return update_text(i, rows); });
}

Sample Simulated::record_texts(std::size_t count) {
    Side side;
    side.texts(count, insert_text);
    std::size_t bytes = 0;
    const double start = now_seconds();
    for (std::size_t i = 0; i < count; ++i) bytes += side.topics().at(kTopic, i).value.text()->size();
    Sample sample;
    sample.seconds = now_seconds() - start;
    sample.bytes = static_cast<double>(bytes);
    return sample;
}

}  // namespace cdcsim::benchmark
