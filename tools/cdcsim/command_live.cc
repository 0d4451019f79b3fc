// cdcsim live: starts, stops and shows the real stack.
#include "tools/cdcsim/command.h"
#include "tools/cdcsim/live_options.h"
#include "tools/live/drive/guardian.h"

namespace cdcsim::cli {

namespace {

constexpr const char* kHelp = R"(Starts, stops and shows the real stack on this machine: PostgreSQL 15, Kafka 4.3.0 and Kafka
Connect with Debezium 3.6.3.Final, on free ports of the loopback interface, in a folder of its own.
`up` starts what is not there and prints the addresses as JSON, `status` prints them, `down` ends
what was started and removes its files. The first `up` fetches 60 MB with Maven.
)";

}  // namespace

Status live_command(const Arguments& arguments) {
    OptionSet options("live up|down|status", kHelp);
    add_stack_options(options);
    if (!options.parse(arguments)) return Status::kHeld;
    if (options.paths() == std::vector<std::string>{"tidy"}) {  // not for people: what a killed run left behind
        live::guard();
        return Status::kHeld;
    }
    const std::string verb = options.paths().size() == 1 ? options.paths()[0] : "";
    if (verb != "up" && verb != "down" && verb != "status") throw UsageError{"live takes one word: up, down or status; see cdcsim live --help"};
    const live::StackOptions wanted = stack_options(options);
    return with_stack("live", [&] {
        if (verb == "status") {
            write_out(live::print_addresses(live::find_stack(wanted)) + "\n");
            return Status::kHeld;
        }
        const live::StackLock lock(wanted);
        if (verb == "up") {
            write_out(live::print_addresses(live::bring_up(wanted)) + "\n");
        } else {
            live::take_down(wanted);
        }
        return Status::kHeld;
    });
}

}  // namespace cdcsim::cli
