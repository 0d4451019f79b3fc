// Runs our connector on a real PostgreSQL and prints its records as `kcat -J` would:
//   connector_on_postgres CONNINFO CONFIG.json [CONVERSATION]
// writes the whole conversation with the server into CONVERSATION for later replay. Reads commands
// on standard input: `poll` drains what is ready and answers `polled`; `restart` stops and starts
// the task with its offset; end of input ends it.
#include <chrono>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/kafka/kcat_json.h"
#include "sim/connect/worker.h"
#include "tests/live/recording_server.h"

namespace {

using namespace cdcsim;

class SystemClock : public Clock {
  public:
    UnixMicros now() override {
        using namespace std::chrono;
        return {duration_cast<microseconds>(system_clock::now().time_since_epoch()).count()};
    }
};

class Counter : public Random {
  public:
    std::uint64_t next() override { return value_ += 0x9E3779B97F4A7C15ULL; }

  private:
    std::uint64_t value_ = 1;
};

class Printer : public kafka::RecordSink {
  public:
    void send(kafka::ProducerRecord record) override {
        kafka::Record stored{0,
                             offsets_[record.topic]++,
                             record.timestamp_ms,
                             record.key,
                             record.value,
                             record.headers};
        std::string line;
        kafka::append_kcat_json(line, record.topic, stored);
        std::cout << line << "\n";
    }

  private:
    std::map<std::string, std::int64_t> offsets_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) return 2;
    std::ofstream log(argc > 3 ? argv[3] : "/dev/null");
    auto server = make_recording_server(argv[1], log);
    SystemClock clock;
    Counter random;
    connect::Worker worker({*server, clock, random});
    Printer printer;
    std::string command;
    try {
        std::ifstream file(argv[2]);
        std::string body((std::istreambuf_iterator<char>(file)), {});
        auto name = worker.create_from_json(body);
        while (std::getline(std::cin, command)) {
            log << nlohmann::json{{"cmd", command}}.dump() << "\n";
            if (command == "restart") worker.restart(name);
            if (command == "stop") worker.stop(name);
            if (command == "resume") worker.resume(name);
            worker.run_until_idle(printer);
            log.flush();
            std::cout << "polled " << worker.status(name).task_state << " "
                      << nlohmann::json(worker.status(name).trace).dump() << std::endl;
        }
        worker.remove(name);
    } catch (const ConnectError& error) {
        std::cout << "refused " << error.what() << std::endl;
    } catch (const SqlError& error) {
        std::cout << "error " << error.message() << std::endl;
    }
}
