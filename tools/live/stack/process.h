// Starts and ends the programs of the real stack. A server outlives the command that started it, so
// its identity (process id and start time) is kept in a file.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace cdcsim::live {

struct Program {
    std::vector<std::string> command;  ///< the first word is looked up in PATH
    std::string log;                   ///< both streams are appended here
    /// The user who runs it when we are root, as PostgreSQL refuses root; "": ourselves.
    std::string user;
};

/// The path of a program, or "".
std::string find_program(const std::string& name);

/// Starts it in a session of its own, in the folder /. Throws Unavailable.
pid_t start_program(const Program& program);

/// Runs it to its end. True if it exits with 0.
bool run_program(const Program& program);

/// Writes the identity of a process that we started.
void write_pid_file(const std::string& path, pid_t pid);

/// The process of a file, if it is still the one that was started; else 0.
pid_t running_process(const std::string& pid_file);

/// Ends it by `gentle`, after 10 s by SIGKILL, and waits until it is gone.
void end_process(const std::string& pid_file, int gentle);

}  // namespace cdcsim::live
