// What the subcommands share: exit statuses, the standard streams, the list of subcommands.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cdcsim::cli {

/// Exit statuses. With several results the worst counts, in the order of kSeverity.
enum class Status : int {
    kHeld = 0,
    kFailed = 1,        ///< an expectation or a difference
    kBadUsage = 2,      ///< a bad file or usage
    kNotSimulated = 3,  ///< and nothing failed
    kNoLiveStack = 4,   ///< not there, or timed out
    kInternal = 70,     ///< a bug of ours
};

/// The worse of two.
Status worse(Status a, Status b);

/// A usage error; the message goes to standard error, the status is 2.
struct UsageError {
    std::string message;
};

/// The arguments after the subcommand's name.
using Arguments = std::vector<std::string>;

struct Command {
    std::string_view name;
    std::string_view synopsis;
    std::string_view summary;
    Status (*run)(const Arguments&);
};

std::span<const Command> commands();

// One file each.
Status run_command(const Arguments& arguments);
Status test_command(const Arguments& arguments);
Status record_command(const Arguments& arguments);
Status diff_command(const Arguments& arguments);
Status live_command(const Arguments& arguments);
Status explore_command(const Arguments& arguments);
Status schema_command(const Arguments& arguments);
Status support_command(const Arguments& arguments);

/// Writes to standard output; a reader that has gone away (`| head`) ends the program quietly, by SIGPIPE.
void write_out(std::string_view text);
/// For who reads along, and before the end.
void flush_out();
void write_error(std::string_view text);

}  // namespace cdcsim::cli
