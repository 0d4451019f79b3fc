#include "tools/live/drive/live_target.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "tools/live/drive/psql_session.h"
#include "tools/live/wait.h"

namespace cdcsim::live {

namespace {

/// `0/1A2B3C8` as one number.
std::uint64_t lsn_of(const std::string& text) {
    const std::size_t slash = text.find('/');
    return slash == std::string::npos ? 0 : std::stoull(text.substr(0, slash), nullptr, 16) << 32 | std::stoull(text.substr(slash + 1), nullptr, 16);
}

/// Behind blanks and comments.
std::string_view without_comments(std::string_view sql) {
    while (true) {
        const std::size_t begin = sql.find_first_not_of(" \t\r\n");
        if (begin == std::string_view::npos) return "";
        sql.remove_prefix(begin);
        const char* end = sql.starts_with("--") ? "\n" : sql.starts_with("/*") ? "*/" : nullptr;
        if (end == nullptr) return sql;
        sql.remove_prefix(std::min(sql.size(), sql.find(end)));
        if (sql.starts_with("*/")) sql.remove_prefix(2);
    }
}

bool begins_with(std::string_view sql, std::string_view words) {
    return sql.size() > words.size() && std::equal(words.begin(), words.end(), sql.begin(), [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
}

template <std::size_t N>
bool begins_with_any(std::string_view sql, const std::array<std::string_view, N>& list) {
    return std::any_of(list.begin(), list.end(), [&](std::string_view words) { return begins_with(sql, words); });
}

/// ALTER and DROP, and unique indexes, which may be a key; what else CREATE makes no row before it knows.
constexpr auto kChangesTable = std::to_array<std::string_view>({"alter", "drop", "create unique"});
/// What writes no row.
constexpr auto kWritesNothing = std::to_array<std::string_view>({"alter", "drop", "create unique", "create index", "create type", "create schema", "create function", "create trigger", "create sequence",
                                                                 "begin", "start transaction", "savepoint", "release", "rollback", "set", "reset", "show", "comment", "grant", "revoke", "lock"});

}  // namespace

LiveTarget::LiveTarget(const Options& options, scenario::FileReader& files)
    : options_(options),
      files_(files),
      workspace_(options.addresses, options.database, options.user),
      log_({options.addresses.kafka, options.addresses.kafka_options}),
      arrivals_(workspace_, log_),
      connectors_(workspace_, arrivals_, options.addresses.postgres_for_connect),
      scripts_([this](const scenario::SqlStep& step) { return open(step); }, [this](scenario::Outcome& outcome) { after_statement(outcome); }) {}

std::unique_ptr<scenario::PsqlHost> LiveTarget::open(const scenario::SqlStep& step) {
    PgAddress address{workspace_.notes().postgres, options_.database, step.user.empty() ? options_.user : step.user, "psql"};
    return std::make_unique<PsqlSession>(PsqlSession::Setup{std::move(address), workspace_.admin(), files_, options_.folder, [this](const std::string& sql) { before_statement(sql); }});
}

void LiveTarget::begin(const scenario::Step& step) {
    const std::size_t index = static_cast<std::size_t>(step.number) - 1;
    before_ = guide_ ? std::optional(guide_->at_end) : std::nullopt;
    guide_ = index < options_.guides.size() ? &options_.guides[index] : nullptr;
    statements_ = 0;
    arrivals_.expect(guide_ ? std::optional(guide_->at_end) : std::nullopt, index + 1 >= options_.guides.size());
}

scenario::SqlAnswer LiveTarget::run_sql(int step_number, const scenario::SqlStep& step) {
    scenario::SqlAnswer out = scripts_.run(step_number, step);
    if (guide_ && !guide_->settles) return out;
    settle();
    if (out.outcomes.size() == 1) out.outcomes[0].records_after = log_.total();
    return out;
}

/// The connector asks the catalog as it is when it sees a row; a change of a table must not overtake
/// the rows before it.
void LiveTarget::before_statement(const std::string& text) {
    const std::string_view sql = without_comments(text);
    if (!begins_with_any(sql, kWritesNothing)) rows_unsettled_ = true;
    if (!begins_with_any(sql, kChangesTable) || !rows_unsettled_ || !connectors_.any() || scripts_.any_waiting()) return;
    const bool known = guide_ && statements_ > 0 && statements_ <= guide_->after_statement.size();
    arrivals_.catch_up(known ? std::optional(guide_->after_statement[statements_ - 1]) : guide_ && statements_ == 0 ? before_ : std::nullopt);
    rows_unsettled_ = false;
}

void LiveTarget::after_statement(scenario::Outcome& outcome) {
    ++statements_;
    if (!outcome.answers.empty()) outcome.answers.back().wal_end = lsn_of(workspace_.admin().value("SELECT pg_current_wal_insert_lsn()"));
    if (scripts_.any_waiting()) scripts_.wake();
}

std::vector<scenario::LateAnswer> LiveTarget::take_late() {
    if (scripts_.any_waiting()) {
        scripts_.wake();
        if (!guide_ || guide_->settles) settle();
    }
    return scripts_.take_late();
}

std::vector<scenario::LateAnswer> LiveTarget::still_waiting() { return scripts_.still_waiting(); }

void LiveTarget::sleep(double seconds) {
    const double end = now_seconds() + seconds;
    reached_within({"", seconds + 1, 20}, [&] { return now_seconds() >= end; });
    settle();
}

diff::Golden LiveTarget::versions() {
    diff::Golden out;
    out.postgres = workspace_.admin().value("SELECT split_part(current_setting('server_version'), ' ', 1)");
    out.connector = workspace_.connect().plugin_version(kConnectorClass);
    out.kafka = workspace_.connect().version();
    return out;
}

void LiveTarget::settle() {
    if (connectors_.any()) arrivals_.settle();
    rows_unsettled_ = false;
}

}  // namespace cdcsim::live
