#include "tools/live/drive/arrivals.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/live/unavailable.h"
#include "tools/live/wait.h"

namespace cdcsim::live {

namespace {

constexpr double kReceiveLimit = 30;
constexpr double kCatchUpLimit = 3;
constexpr double kGrowthLimit = 120;
constexpr double kQuiet = 0.3;          // all that the simulated run has is there
constexpr double kBriefQuiet = 0.12;    // the same in the middle: what comes later is seen at the end
constexpr double kUnguidedQuiet = 0.5;  // all was received, and nothing says how many records come of it
constexpr double kMissingQuiet = 2.0;  // the simulated run has more
constexpr double kLongQuiet = 1.5;     // nothing says what was received

}  // namespace

bool Arrivals::all_received() {
    // A slot that streams for a connector; write_lsn is what its task has taken.
    const auto slots = workspace_.admin().rows(
        "SELECT s.slot_name, r.state = 'streaming' AND r.write_lsn >= pg_current_wal_flush_lsn() "
        "FROM pg_replication_slots s JOIN pg_stat_replication r ON r.pid = s.active_pid "
        "WHERE s.database = " + workspace_.admin().literal(workspace_.notes().database));
    if (!std::all_of(slots.begin(), slots.end(), [](const auto& slot) { return slot.at(1) == "t"; })) return false;
    const std::vector<std::string> needed = streaming_slots_();
    return std::all_of(needed.begin(), needed.end(), [&](const std::string& name) {
        return std::any_of(slots.begin(), slots.end(), [&](const auto& slot) { return slot.at(0) == name; });
    });
}

void Arrivals::settle() {
    const std::string end = workspace_.admin().value("SELECT pg_current_wal_insert_lsn()");
    if (end == settled_at_) return;
    settled_at_ = end;
    const bool received = reached_within({"", kReceiveLimit, 10}, [&] { return all_received(); });
    wait_for_silence(received ? 0 : kLongQuiet);
}

void Arrivals::catch_up(std::optional<std::size_t> records) {
    if (!records) return settle();
    reached_within({"", kCatchUpLimit, 10}, [&] { return all_received() && KafkaLog::records_in(log_.ends()) >= *records; });
}

void Arrivals::settle_by_silence() {
    settled_at_.clear();
    wait_for_silence(expected_ ? 0 : kLongQuiet);
}

double Arrivals::quiet_seconds(std::size_t records) const {
    if (!expected_) return kUnguidedQuiet;
    return records < *expected_ ? kMissingQuiet : last_ ? kQuiet : kBriefQuiet;
}

void Arrivals::wait_for_silence(double at_least) {
    KafkaLog::Ends ends = log_.ends();
    double since = now_seconds();
    const auto is_quiet = [&] {
        const KafkaLog::Ends now = log_.ends();
        if (now != ends) since = now_seconds();
        ends = now;
        return now_seconds() - since >= std::max(at_least, quiet_seconds(KafkaLog::records_in(ends)));
    };
    wait_until({"the topics stop growing", kGrowthLimit, 25}, is_quiet);
    log_.read_to(ends);
}

}  // namespace cdcsim::live
