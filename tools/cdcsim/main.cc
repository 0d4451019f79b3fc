// The command line: finds the subcommand, turns exceptions into exit statuses.
#include <csignal>
#include <exception>
#include <new>
#include <string>

#include "core/base/error.h"
#include "core/scenario/yaml_node.h"
#include "tools/cdcsim/command.h"
#include "tools/cdcsim/help.h"

namespace {

using namespace cdcsim::cli;

Status dispatch(const Arguments& arguments) {
    if (arguments.empty()) {
        write_error(help_text());
        return Status::kBadUsage;
    }
    const std::string& word = arguments[0];
    if (word == "--help" || word == "-h" || word == "help") {
        write_out(help_text());
        return Status::kHeld;
    }
    if (word == "--version" || word == "-V" || word == "version") {
        write_out(version_text());
        return Status::kHeld;
    }
    for (const Command& command : commands()) {
        if (command.name == word) return command.run(Arguments(arguments.begin() + 1, arguments.end()));
    }
    throw UsageError{unknown_command(word)};
}

Status guarded(const Arguments& arguments) {
    try {
        return dispatch(arguments);
    } catch (const UsageError& error) {
        write_error("cdcsim: " + error.message + "\n");
        return Status::kBadUsage;
    } catch (const cdcsim::scenario::ScenarioError& error) {
        write_error(std::string(error.what()) + "\n");
        return Status::kBadUsage;
    } catch (const std::bad_alloc&) {
        write_error("cdcsim: out of memory\n");
    } catch (const std::exception& error) {
        write_error(std::string("cdcsim: ") + error.what() + "\n");
    }
    return Status::kInternal;
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    const Status status = guarded(Arguments(argv + 1, argv + argc));
    flush_out();
    return static_cast<int>(status);
}
