#include "tools/live/stack/jars.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "core/base/digest.h"
#include "tools/live/stack/pinned.h"
#include "tools/live/stack/process.h"
#include "tools/live/unavailable.h"

namespace cdcsim::live {

namespace fs = std::filesystem;

namespace {

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

std::string hex_sha256(const std::string& bytes) {
    std::string out;
    for (const char c : digest::sha256(bytes)) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return out;
}

std::string read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

fs::path cache_folder() {
    const std::string given = environment("XDG_CACHE_HOME");
    return (given.empty() ? fs::path(environment("HOME")) / ".cache" : fs::path(given)) / "cdcsim";
}

/// Every pinned jar is there with its bytes, and no other.
void check_sums(const fs::path& folder) {
    std::istringstream lines{std::string(kJarSums)};
    std::size_t expected = 0;
    for (std::string sum, name; lines >> sum >> name; ++expected) {
        if (hex_sha256(read_file(folder / name)) != sum) throw Unavailable(fmt::format("{} has not the checksum of tools/live/jars.sha256", name));
    }
    const auto count = std::distance(fs::directory_iterator(folder), fs::directory_iterator());
    if (static_cast<std::size_t>(count) != expected) {
        throw Unavailable(fmt::format("Maven fetched {} jars instead of the {} of tools/live/jars.sha256", count, expected));
    }
}

std::string tail(const std::string& text) {
    constexpr std::size_t kShown = 800;
    return text.size() > kShown ? text.substr(text.size() - kShown) : text;
}

void fetch(const fs::path& partial, const std::string& debezium) {
    if (find_program("mvn").empty()) throw Unavailable("Maven is not installed (package maven); it fetches Kafka and Debezium once");
    fs::remove_all(partial);
    fs::create_directories(partial);
    const fs::path pom = partial.string() + ".pom.xml", log = partial.string() + ".log";
    std::ofstream(pom, std::ios::binary) << kPom;
    std::fputs("fetching Kafka and Debezium (60 MB, once)\n", stderr);
    Program maven{{"mvn", "-B", "--strict-checksums", "-f", pom.string(), "dependency:copy-dependencies",
                   "-DoutputDirectory=" + partial.string(), "-DincludeScope=runtime"},
                  log.string(),
                  ""};
    if (!debezium.empty()) maven.command.push_back("-Ddebezium.version=" + debezium);
    const bool fetched = run_program(maven);
    const std::string said = read_file(log);
    fs::remove(pom);
    fs::remove(log);
    if (!fetched) throw Unavailable("Maven could not fetch the jars of tools/live/pom.xml:\n" + tail(said));
    if (debezium.empty()) check_sums(partial);
}

}  // namespace

std::string jars_folder(const std::string& debezium) {
    if (const std::string given = environment("CDCSIM_LIVE_LIB"); !given.empty() && debezium.empty()) return given;
    const std::string name = "live-" + hex_sha256(std::string(kPom) + std::string(kJarSums) + debezium).substr(0, 12);
    const fs::path folder = cache_folder() / name;
    if (fs::exists(folder)) return folder.string();
    const fs::path partial = folder.string() + fmt::format(".{}", getpid());
    try {
        fetch(partial, debezium);
        fs::rename(partial, folder);
    } catch (const fs::filesystem_error& error) {
        throw Unavailable(error.what());
    } catch (...) {
        fs::remove_all(partial);
        throw;
    }
    return folder.string();
}

}  // namespace cdcsim::live
