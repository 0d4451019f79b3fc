#include "tools/live/drive/workspace.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "core/base/error.h"
#include "tools/live/drive/guardian.h"
#include "tools/live/unavailable.h"
#include "tools/live/wait.h"

namespace cdcsim::live {

namespace {

constexpr double kReleaseLimit = 20;

std::unique_ptr<PgConnection> open_admin(const std::string& uri) {
    try {
        return std::make_unique<PgConnection>(PgAddress{uri, "", ""});
    } catch (const SqlError& error) {
        throw Unavailable("PostgreSQL: " + error.message());
    }
}

std::vector<std::string> names(PgConnection& admin, const std::string& query) {
    std::vector<std::string> out;
    for (const auto& row : admin.rows(query)) out.push_back(row.at(0).value_or(""));
    return out;
}

std::vector<std::string> roles(PgConnection& admin) { return names(admin, "SELECT rolname FROM pg_roles WHERE oid >= 16384 ORDER BY 1"); }

/// What is in `there` and not in `before`.
std::vector<std::string> added(const std::vector<std::string>& there, const std::vector<std::string>& before) {
    std::vector<std::string> out;
    for (const std::string& name : there) {
        if (std::find(before.begin(), before.end(), name) == before.end()) out.push_back(name);
    }
    return out;
}

void delete_connectors(const WorkspaceNotes& notes) {
    ConnectRest connect(notes.connect);
    const auto ours = [&] {
        auto out = connect.connectors();
        std::erase_if(out, [&](const std::string& name) { return !notes.own && !name.ends_with(notes.suffix); });
        return out;
    };
    for (const std::string& name : ours()) connect.verb(name, "delete");
    wait_until({"Kafka Connect has deleted the scenario's connectors", kReleaseLimit, 20}, [&] { return ours().empty(); });
}

void drop_slots(PgConnection& admin, const WorkspaceNotes& notes) {
    const std::string ours = notes.own ? "true" : "database = " + admin.literal(notes.database);
    const std::string active = "FROM pg_replication_slots WHERE active AND " + ours;
    if (!reached_within({"", kReleaseLimit, 20}, [&] { return admin.value("SELECT count(*) " + active) == "0"; })) {
        admin.rows("SELECT pg_terminate_backend(active_pid) " + active);
        wait_until({"the scenario's slots are free", kReleaseLimit, 20}, [&] { return admin.value("SELECT count(*) " + active) == "0"; });
    }
    admin.rows("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE " + ours);
}

bool has_database_of_its_own(const WorkspaceNotes& notes) { return notes.database != "postgres"; }

}  // namespace

void clean(const WorkspaceNotes& notes) {
    delete_connectors(notes);
    const auto admin = open_admin(notes.postgres);
    drop_slots(*admin, notes);
    if (has_database_of_its_own(notes)) admin->command(fmt::format("DROP DATABASE IF EXISTS {} WITH (FORCE)", admin->identifier(notes.database)));
    for (const std::string& role : added(roles(*admin), notes.roles)) {
        const std::string name = admin->identifier(role);
        admin->command(fmt::format("DROP OWNED BY {0}; DROP ROLE {0}", name));
    }
    const std::vector<std::string> topics = added(list_topics(notes.kafka), notes.topics);
    if (!topics.empty()) delete_topics(notes.kafka, topics);
}

Workspace::Workspace(const Addresses& addresses, const std::string& database, const std::string& user) : connect_(addresses.connect) {
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    notes_.postgres = addresses.postgres;
    notes_.connect = addresses.connect;
    notes_.kafka = {addresses.kafka, addresses.kafka_options};
    notes_.lock = addresses.folder + ".lock";
    notes_.database = database;
    notes_.suffix = fmt::format("-{}-{}", getpid(), now);
    notes_.own = addresses.own;
    if (notes_.own) clean(notes_);
    admin_ = open_admin(notes_.postgres);
    if (!notes_.own) {
        notes_.roles = roles(*admin_);
        notes_.topics = list_topics(notes_.kafka);
    }
    refuse_existing_database();
    guardian_ = std::make_unique<Guardian>(notes_);
    create_database(user);
}

void Workspace::refuse_existing_database() {
    if (!has_database_of_its_own(notes_)) return;
    if (admin_->value("SELECT count(*) FROM pg_database WHERE datname = " + admin_->literal(notes_.database)) == "0") return;
    throw Unavailable(fmt::format("the database \"{}\" exists on {}; the scenario makes it, and removes it at its end", notes_.database, notes_.postgres));
}

void Workspace::create_database(const std::string& user) {
    if (admin_->value("SELECT count(*) FROM pg_roles WHERE rolname = " + admin_->literal(user)) == "0") {
        admin_->command(fmt::format("CREATE ROLE {} LOGIN SUPERUSER", admin_->identifier(user)));
    }
    if (has_database_of_its_own(notes_)) admin_->command(fmt::format("CREATE DATABASE {}", admin_->identifier(notes_.database)));
}

Workspace::~Workspace() {
    const Uninterrupted until_done;
    try {
        admin_.reset();
        clean(notes_);
    } catch (const std::exception& error) {
        std::fputs(fmt::format("cdcsim: the real stack was not cleaned: {}\n", error.what()).c_str(), stderr);
    }
}

}  // namespace cdcsim::live
