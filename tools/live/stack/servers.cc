#include "tools/live/stack/servers.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "core/base/error.h"
#include "tools/live/drive/http.h"
#include "tools/live/drive/pg_connection.h"
#include "tools/live/stack/process.h"
#include "tools/live/unavailable.h"
#include "tools/live/wait.h"

namespace cdcsim::live {

namespace fs = std::filesystem;

namespace {

struct Setting {
    std::string_view name, value;
};

constexpr auto kPostgresSettings = std::to_array<Setting>({
    {"listen_addresses", "127.0.0.1"},
    {"wal_level", "logical"},
    {"timezone", "UTC"},
    {"log_timezone", "UTC"},
    {"max_replication_slots", "50"},
    {"max_wal_senders", "50"},
    {"fsync", "off"},
    {"autovacuum", "off"},           // its transactions would burn xids in the middle of a scenario
    {"deadlock_timeout", "20ms"},
    {"unix_socket_directories", ""},
    {"lc_messages", "C"},
});

constexpr auto kBrokerSettings = std::to_array<Setting>({
    {"process.roles", "broker,controller"},
    {"node.id", "1"},
    {"controller.listener.names", "CONTROLLER"},
    {"listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"},
    {"num.partitions", "1"},
    {"auto.create.topics.enable", "true"},
    {"offsets.topic.num.partitions", "1"},
    {"offsets.topic.replication.factor", "1"},
    {"transaction.state.log.num.partitions", "1"},
    {"transaction.state.log.replication.factor", "1"},
    {"transaction.state.log.min.isr", "1"},
    {"share.coordinator.state.topic.num.partitions", "1"},
    {"share.coordinator.state.topic.replication.factor", "1"},
    {"share.coordinator.state.topic.min.isr", "1"},
    {"group.initial.rebalance.delay.ms", "0"},
});

constexpr auto kConnectSettings = std::to_array<Setting>({
    {"key.converter", "org.apache.kafka.connect.json.JsonConverter"},
    {"value.converter", "org.apache.kafka.connect.json.JsonConverter"},
    {"key.converter.schemas.enable", "true"},
    {"value.converter.schemas.enable", "true"},
    {"offset.flush.interval.ms", "1000"},
    {"plugin.discovery", "only_scan"},
});

constexpr const char* kPostgresBin = "/usr/lib/postgresql/15/bin";

int free_port() {
    const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool bound = bind(probe, reinterpret_cast<sockaddr*>(&address), size) == 0 && getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    close(probe);
    if (!bound) throw Unavailable("no port of the loopback interface is free");
    return ntohs(address.sin_port);
}

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

/// The end of a server's log, for the message that it did not start.
std::string log_tail(const std::string& path) {
    constexpr std::size_t kShown = 1000;
    const std::string text = read_file(path);
    return text.size() > kShown ? text.substr(text.size() - kShown) : text;
}

template <typename Settings>
void write_properties(const std::string& path, const Settings& settings, const std::string& more) {
    std::ofstream file(path);
    for (const Setting& setting : settings) file << setting.name << "=" << setting.value << "\n";
    file << more;
    if (!file.flush()) throw Unavailable("cannot write " + path);
}

struct Server {
    std::string name;    ///< of its files
    std::string title;   ///< for people
    std::string folder;
    double seconds;
};

void start_server(const Server& server, Program program, const std::function<bool()>& answers) {
    const std::string stem = server.folder + "/" + server.name;
    program.log = stem + ".log";
    write_pid_file(stem + ".pid", start_program(program));
    bool ended = false;
    const bool there = reached_within({"", server.seconds, 50}, [&] {
        ended = running_process(stem + ".pid") == 0;
        return ended || answers();
    });
    if (there && !ended) return;
    throw Unavailable(fmt::format("{} {}; the end of its log:\n{}", server.title, ended ? "ended while it started" : fmt::format("did not answer within {:g} s", server.seconds),
                                  log_tail(program.log)));
}

std::string postgres_program(const std::string& name) {
    const std::string debian = std::string(kPostgresBin) + "/" + name;
    if (!find_program(debian).empty()) return debian;
    if (const std::string found = find_program(name); !found.empty()) return found;
    throw Unavailable("PostgreSQL 15 is not installed (package postgresql-15)");
}

/// PostgreSQL refuses to run as root: its own account then.
std::string postgres_account(const std::string& data) {
    if (geteuid() != 0) return "";
    const passwd* account = getpwnam("postgres");
    if (account == nullptr) throw Unavailable("there is no user postgres, who runs PostgreSQL when root starts it (package postgresql-15)");
    if (chown(data.c_str(), account->pw_uid, account->pw_gid) != 0) throw Unavailable("cannot give " + data + " to the user postgres");
    return "postgres";
}

std::vector<std::string> java(const std::string& heap, const std::string& jars, std::vector<std::string> arguments) {
    std::vector<std::string> out{"java", "-Xmx" + heap, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Duser.timezone=UTC", "-Dfile.encoding=UTF-8",
                                 "-Dorg.slf4j.simpleLogger.showDateTime=true", "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS", "-cp", jars + "/*"};
    out.insert(out.end(), arguments.begin(), arguments.end());
    return out;
}

}  // namespace

void check_java() {
    if (find_program("java").empty()) throw Unavailable("Java 17 is not installed (package openjdk-17-jre-headless)");
}

bool postgres_answers(const std::string& uri) {
    try {
        return PgConnection({uri, "", ""}).value("SELECT 1") == "1";
    } catch (const SqlError&) {
        return false;
    }
}

bool kafka_answers(const std::string& brokers) {
    const std::string first = brokers.substr(0, brokers.find(','));
    const std::size_t colon = first.rfind(':');
    if (colon == std::string::npos) return false;
    addrinfo hints{}, *found = nullptr;
    hints.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(first.substr(0, colon).c_str(), first.substr(colon + 1).c_str(), &hints, &found) != 0) return false;
    bool connected = false;
    for (const addrinfo* one = found; one != nullptr && !connected; one = one->ai_next) {
        const int probe = socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        connected = ::connect(probe, one->ai_addr, one->ai_addrlen) == 0;
        close(probe);
    }
    freeaddrinfo(found);
    return connected;
}

bool connect_answers(const std::string& url) {
    try {
        return ask_http({"GET", url + "/connectors", "", 2}).status == 200;
    } catch (const Unavailable&) {
        return false;
    }
}

std::string start_postgres(const std::string& folder) {
    const std::string data = folder + "/postgres-data";
    const std::string initdb = postgres_program("initdb"), postgres = postgres_program("postgres");
    fs::create_directory(data);
    fs::permissions(data, fs::perms::owner_all);
    const std::string account = postgres_account(data), log = folder + "/initdb.log";
    if (!run_program({{initdb, "-D", data, "-A", "trust", "-U", "postgres", "--locale=C.UTF-8", "-E", "UTF8", "--no-sync"}, log, account})) {
        throw Unavailable("initdb failed:\n" + log_tail(log));
    }
    const std::string port = std::to_string(free_port());
    std::vector<std::string> command{postgres, "-D", data, "-c", "port=" + port};
    for (const Setting& setting : kPostgresSettings) command.insert(command.end(), {"-c", fmt::format("{}={}", setting.name, setting.value)});
    const std::string uri = "postgresql://postgres@127.0.0.1:" + port + "/postgres";
    start_server({"postgres", "PostgreSQL", folder, 30}, {command, "", account}, [&] { return postgres_answers(uri); });
    return uri;
}

std::string start_kafka(const std::string& folder, const std::string& jars) {
    const std::string address = fmt::format("127.0.0.1:{}", free_port()), controller = fmt::format("127.0.0.1:{}", free_port());
    const std::string settings = folder + "/kafka.properties", log = folder + "/kafka-format.log";
    write_properties(settings, kBrokerSettings,
                     fmt::format("controller.quorum.bootstrap.servers={1}\nlisteners=PLAINTEXT://{0},CONTROLLER://{1}\nadvertised.listeners=PLAINTEXT://{0}\nlog.dirs={2}/kafka-data\n",
                                 address, controller, folder));
    const std::vector<std::string> format{"kafka.tools.StorageTool", "format", "--standalone", "-t", "cdcsimcdcsimcdcsimcdcQ", "-c", settings};
    if (!run_program({java("128m", jars, format), log, ""})) throw Unavailable("formatting Kafka's storage failed:\n" + log_tail(log));
    start_server({"kafka", "Kafka", folder, 60}, {java("512m", jars, {"kafka.Kafka", settings}), "", ""}, [&] { return kafka_answers(address); });
    return address;
}

std::string start_connect(const ConnectPlan& plan) {
    const std::string url = fmt::format("http://127.0.0.1:{}", free_port()), settings = plan.folder + "/connect.properties";
    fs::create_directory(plan.folder + "/plugins");
    write_properties(settings, kConnectSettings,
                     fmt::format("bootstrap.servers={}\nlisteners={}\noffset.storage.file.filename={}/connect-offsets\nplugin.path={}/plugins\n", plan.kafka, url, plan.folder, plan.folder));
    start_server({"connect", "Kafka Connect", plan.folder, 120}, {java("768m", plan.jars, {"org.apache.kafka.connect.cli.ConnectStandalone", settings}), "", ""},
                 [&] { return connect_answers(url); });
    return url;
}

}  // namespace cdcsim::live
