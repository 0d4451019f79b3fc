#include "tools/live/stack/stack.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include "core/diff/json.h"
#include "tools/live/stack/jars.h"
#include "tools/live/stack/process.h"
#include "tools/live/stack/servers.h"
#include "tools/live/unavailable.h"
#include "tools/live/wait.h"

namespace cdcsim::live {

namespace fs = std::filesystem;

namespace {

constexpr double kLockLimit = 600;

struct Part {
    const char* name;
    int gentle;  ///< the signal that ends it in good order
};
constexpr Part kParts[] = {{"connect", SIGTERM}, {"kafka", SIGTERM}, {"postgres", SIGINT}};

/// As root PostgreSQL runs as another user, who could not enter root's runtime directory.
std::string base_folder() {
    const char* runtime = std::getenv("XDG_RUNTIME_DIR");
    const std::string parent = geteuid() == 0 || runtime == nullptr ? "/tmp" : runtime;
    return fmt::format("{}/cdcsim-live-{}", parent, getuid());
}

/// The folder of all stacks; nobody else may own it, as we start programs by what stands in it.
void make_base_folder() {
    const std::string base = base_folder();
    fs::create_directories(base);
    struct stat info{};
    if (lstat(base.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) || info.st_uid != geteuid()) throw Unavailable(base + " belongs to somebody else");
}

std::string addresses_file(const StackOptions& options) { return options.folder() + "/addresses.json"; }

std::optional<Addresses> read_addresses(const StackOptions& options) {
    std::ifstream file(addresses_file(options), std::ios::binary);
    const auto json = diff::parse_json(std::string(std::istreambuf_iterator<char>(file), {}));
    if (!json || !json->is_object()) return std::nullopt;
    const auto text = [&](std::string_view name) {
        const diff::Json* value = json->find(name);
        return value ? value->text : std::string();
    };
    const diff::Json* own = json->find("own");
    return Addresses{text("postgres"), text("kafka"), text("connect"), text("state"), own && own->is(diff::Json::Kind::kTrue), {}, {}};
}

bool fits(const std::string& given, const std::string& there) { return given.empty() || given == there; }

std::string unreachable(const Addresses& addresses) {
    std::string out;
    const auto note = [&](const char* name, const std::string& address, bool answers) {
        if (!answers) out += fmt::format("{}{} at {}", out.empty() ? "" : ", ", name, address);
    };
    note("PostgreSQL", addresses.postgres, postgres_answers(addresses.postgres));
    note("Kafka", addresses.kafka, kafka_answers(addresses.kafka));
    note("Kafka Connect", addresses.connect, connect_answers(addresses.connect));
    return out;
}

void remove_stack(const StackOptions& options) {
    const Uninterrupted until_done;
    for (const Part& part : kParts) end_process(options.folder() + "/" + part.name + ".pid", part.gentle);
    fs::remove_all(options.folder());
}

void remove_with_lock(const StackOptions& options) {
    const Uninterrupted until_done;
    remove_stack(options);
    fs::remove(options.folder() + ".lock");
    std::error_code not_empty;
    fs::remove(base_folder(), not_empty);
}

Addresses start(const StackOptions& options) {
    Addresses out;
    out.folder = options.folder();
    out.own = !options.attaches();
    fs::create_directories(out.folder);
    fs::permissions(out.folder, fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec | fs::perms::others_read | fs::perms::others_exec);
    const bool needs_jars = options.kafka.empty() || options.connect.empty();
    if (needs_jars) check_java();
    const std::string jars = needs_jars ? jars_folder(options.debezium) : "";
    out.postgres = options.postgres.empty() ? start_postgres(out.folder) : options.postgres;
    out.kafka = options.kafka.empty() ? start_kafka(out.folder, jars) : options.kafka;
    out.connect = options.connect.empty() ? start_connect({out.folder, jars, out.kafka}) : options.connect;
    if (const std::string away = unreachable(out); !away.empty()) throw Unavailable("cannot be reached: " + away);
    std::ofstream(addresses_file(options)) << print_addresses(out) << "\n";
    return out;
}

}  // namespace

std::string StackOptions::folder() const { return base_folder() + "/" + name; }

StackOptions side_by_side(const StackOptions& options, std::size_t n) {
    StackOptions out = options;
    if (n > 0) out.name += fmt::format("+{}", n);
    return out;
}

void take_down(const StackOptions& options) {
    remove_with_lock(options);
    for (std::size_t n = 1; fs::exists(side_by_side(options, n).folder()) || fs::exists(side_by_side(options, n).folder() + ".lock"); ++n) remove_with_lock(side_by_side(options, n));
}

namespace {

Addresses start_what_is_missing(const StackOptions& options) {
    const auto there = read_addresses(options);
    const bool same = there && fits(options.postgres, there->postgres) && fits(options.kafka, there->kafka) && fits(options.connect, there->connect);
    if (same && unreachable(*there).empty()) return *there;
    remove_stack(options);
    try {
        return start(options);
    } catch (const fs::filesystem_error& error) {
        remove_with_lock(options);
        throw Unavailable(error.what());
    } catch (...) {
        remove_with_lock(options);
        throw;
    }
}

}  // namespace

Addresses bring_up(const StackOptions& options) {
    Addresses out = start_what_is_missing(options);
    out.kafka_options = options.kafka_options;
    out.postgres_for_connect = options.postgres_for_connect;
    return out;
}

Addresses find_stack(const StackOptions& options) {
    Addresses out = read_addresses(options).value_or(Addresses{});
    if (options.attaches()) out.own = false;
    if (!options.postgres.empty()) out.postgres = options.postgres;
    if (!options.kafka.empty()) out.kafka = options.kafka;
    if (!options.connect.empty()) out.connect = options.connect;
    if (out.postgres.empty() || out.kafka.empty() || out.connect.empty()) throw Unavailable("the stack is not started (cdcsim live up)");
    if (const std::string away = unreachable(out); !away.empty()) throw Unavailable("cannot be reached: " + away);
    return out;
}

std::string print_addresses(const Addresses& addresses) {
    using diff::quote_json;
    return fmt::format(R"({{"postgres":{},"kafka":{},"connect":{},"state":{},"own":{}}})", quote_json(addresses.postgres), quote_json(addresses.kafka),
                       quote_json(addresses.connect), quote_json(addresses.folder), addresses.own);
}

StackLock::StackLock(const StackOptions& options) : StackLock(options.folder() + ".lock") {}

StackLock::StackLock(const std::string& path) {
    make_base_folder();
    wait_until({"nobody else uses the stack of " + path, kLockLimit, 50}, [&] {
        file_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        struct stat mine{}, there{};
        if (file_ < 0) throw Unavailable("cannot open " + path);
        // `down` removes the file: then it is not the one that others see.
        if (flock(file_, LOCK_EX | LOCK_NB) == 0 && fstat(file_, &mine) == 0 && stat(path.c_str(), &there) == 0 && mine.st_ino == there.st_ino) return true;
        close(file_);
        file_ = -1;
        return false;
    });
}

StackLock::~StackLock() {
    if (file_ >= 0) close(file_);
}

}  // namespace cdcsim::live
