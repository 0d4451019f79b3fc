// cdcsim itself needs neither libpq nor libcurl: what drives the real stack is done by cdcsim-live,
// the same program with those commands in it, which stands beside it or in libexec.
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "tools/cdcsim/command.h"

namespace cdcsim::cli {

namespace {

constexpr const char* kProgram = "cdcsim-live";

Status hand_over(std::string command, const Arguments& arguments) {
    std::error_code error;
    const std::filesystem::path here = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
    std::vector<std::string> words = {"cdcsim", std::move(command)};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    for (const auto& folder : {here, here / "../libexec/cdcsim"}) {
        const std::string program = folder / kProgram;
        if (access(program.c_str(), X_OK) != 0) continue;
        execv(program.c_str(), argv.data());
        write_error("cdcsim " + words[1] + ": " + program + ": " + std::strerror(errno) + "\n");
        return Status::kNoLiveStack;
    }
    write_error("cdcsim " + words[1] + ": " + kProgram + " is neither in " + here.string() + " nor in ../libexec/cdcsim: install it with cdcsim\n");
    return Status::kNoLiveStack;
}

}  // namespace

Status record_command(const Arguments& arguments) { return hand_over("record", arguments); }
Status diff_command(const Arguments& arguments) { return hand_over("diff", arguments); }
Status live_command(const Arguments& arguments) { return hand_over("live", arguments); }
Status explore_command(const Arguments& arguments) { return hand_over("explore", arguments); }

}  // namespace cdcsim::cli
