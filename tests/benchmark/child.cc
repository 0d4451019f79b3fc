#include "tests/benchmark/child.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace cdcsim::benchmark {

namespace {

struct Report {
    Sample sample;
    char error[512] = {};
};

}  // namespace

double now_seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    double pages = 0, resident = 0;
    statm >> pages >> resident;
    return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

Sample in_child(const std::function<Sample()>& measure) {
    int pipe_ends[2];
    if (pipe(pipe_ends) != 0) throw std::runtime_error("pipe");
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        Report report;
        try {
            report.sample = measure();
        } catch (const std::exception& error) {
            std::strncpy(report.error, error.what(), sizeof report.error - 1);
        }
        const bool written = write(pipe_ends[1], &report, sizeof report) == sizeof report;
        _exit(written ? 0 : 1);  // destroying a million records is not measured
    }
    close(pipe_ends[1]);
    Report report;
    const bool complete = read(pipe_ends[0], &report, sizeof report) == sizeof report;
    close(pipe_ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    if (!complete) throw std::runtime_error("a measurement crashed");
    if (report.error[0] != 0) throw std::runtime_error(report.error);
    return report.sample;
}

ProcessResult run_process(const std::vector<std::string>& arguments) {
    std::vector<char*> argv;
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    const double start = now_seconds();
    const pid_t child = fork();
    if (child == 0) {
        const int sink = open("/dev/null", O_WRONLY);
        dup2(sink, STDOUT_FILENO);
        dup2(sink, STDERR_FILENO);
        execv(argv[0], argv.data());
        _exit(127);
    }
    ProcessResult result;
    rusage usage{};
    wait4(child, &result.status, 0, &usage);
    result.seconds = now_seconds() - start;
    result.peak_bytes = static_cast<double>(usage.ru_maxrss) * 1024;
    return result;
}

double time_texts(std::size_t count, const std::function<std::string(std::size_t)>& text_of,
                  const std::function<void(const std::string&)>& execute) {
    constexpr std::size_t kChunk = 4096;
    double seconds = 0;
    std::vector<std::string> texts;
    for (std::size_t begin = 0; begin < count; begin += kChunk) {
        texts.clear();
        for (std::size_t i = begin; i < std::min(count, begin + kChunk); ++i) texts.push_back(text_of(i));
        const double start = now_seconds();
        for (const std::string& text : texts) execute(text);
        seconds += now_seconds() - start;
    }
    return seconds;
}

}  // namespace cdcsim::benchmark
