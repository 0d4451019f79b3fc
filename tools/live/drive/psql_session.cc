#include "tools/live/drive/psql_session.h"

#include <fmt/format.h>

#include <regex>

#include "tools/live/unavailable.h"
#include "tools/live/wait.h"

namespace cdcsim::live {

namespace {

constexpr int kPatienceMs = 100;          // longer than deadlock_timeout, and than a lock takes to be handed on
constexpr double kTimeoutPatience = 11;   // the longest lock_timeout or statement_timeout that is waited for
constexpr double kStatementLimit = 120;

/// Whether the text sets or resets a timeout; the last one counts.
void follow_timeouts(const std::string& sql, bool& has_timeout) {
    static const std::regex kSet(R"((?:lock|statement)_timeout\s*(?:=|to)\s*'?(\w+))", std::regex::icase);
    for (std::sregex_iterator at(sql.begin(), sql.end(), kSet), end; at != end; ++at) {
        has_timeout = (*at)[1] != "0" && (*at)[1] != "default" && (*at)[1] != "DEFAULT";
    }
}

}  // namespace

PsqlSession::PsqlSession(Setup setup) : setup_(std::move(setup)), connection_(std::make_unique<PgConnection>(setup_.address)) {}

scenario::MessageAnswer PsqlSession::execute(std::string_view sql, const CopyIn& copy_in) {
    sql_ = sql;
    follow_timeouts(sql_, has_timeout_);
    setup_.before(sql_);
    connection_->send(sql_, copy_in);
    return await();
}

scenario::MessageAnswer PsqlSession::resume() { return await(); }

scenario::MessageAnswer PsqlSession::await() {
    const double begin = now_seconds();
    const double patient_until = begin + (has_timeout_ ? kTimeoutPatience : 0);
    bool ended = connection_->ends_within(kPatienceMs);
    while (!ended) {
        check_interrupted();
        if (now_seconds() > patient_until) {
            if (const std::string holders = blockers(); !holders.empty()) {
                scenario::MessageAnswer out;
                out.waiting = true;
                out.waits_for = "a lock that process " + holders + " holds";
                return out;
            }
        }
        if (now_seconds() > begin + kStatementLimit) throw Unavailable(fmt::format("waited {:g} s in vain for the end of: {}", kStatementLimit, sql_));
        ended = connection_->ends_within(30);
    }
    return connection_->take();
}

/// The processes that hold what it waits for, or "".
std::string PsqlSession::blockers() {
    return setup_.admin.value(fmt::format("SELECT array_to_string(pg_blocking_pids({}), ', ')", connection_->backend_pid()));
}

void PsqlSession::reconnect(const std::string& user) {
    PgAddress address = setup_.address;
    if (!user.empty()) address.user = user;
    connection_ = std::make_unique<PgConnection>(address);
    setup_.address = std::move(address);
    has_timeout_ = false;
}

std::optional<std::string> PsqlSession::read_file(const std::string& path) {
    return setup_.files.read(path.starts_with("/") ? path : setup_.folder + path);
}

}  // namespace cdcsim::live
