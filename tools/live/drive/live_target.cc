#include "tools/live/drive/live_target.h"

#include <algorithm>
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

/// ALTER and DROP, and unique indexes, which may be a key; what else CREATE makes no row before it knows.
bool changes_table(std::string_view sql) {
    const auto is = [&](std::string_view word) {
        return sql.size() > word.size() && std::equal(word.begin(), word.end(), sql.begin(), [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
    };
    return is("alter") || is("drop") || is("create unique");
}

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
    guide_ = index < options_.guides.size() ? &options_.guides[index] : nullptr;
    statements_ = 0;
    arrivals_.expect(guide_ ? std::optional(guide_->at_end) : std::nullopt);
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
void LiveTarget::before_statement(const std::string& sql) {
    if (!changes_table(sql)) {
        rows_unsettled_ = true;
    } else if (rows_unsettled_ && connectors_.any() && !scripts_.any_waiting()) {
        const bool known = guide_ && statements_ > 0 && statements_ <= guide_->after_statement.size();
        arrivals_.catch_up(known ? std::optional(guide_->after_statement[statements_ - 1]) : std::nullopt);
        rows_unsettled_ = false;
    }
}

void LiveTarget::after_statement(scenario::Outcome& outcome) {
    ++statements_;
    if (!outcome.answers.empty()) outcome.answers.back().wal_end = lsn_of(workspace_.admin().value("SELECT pg_current_wal_insert_lsn()"));
    if (scripts_.any_waiting()) scripts_.wake();
}

std::vector<scenario::LateAnswer> LiveTarget::take_late() {
    if (scripts_.any_waiting()) {
        scripts_.wake();
        settle();
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
