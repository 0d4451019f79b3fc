// Finds, after a restart, the message from which events count again. Mirrors WalPositionLocator:
// a first pass over the stream searches, a second skips until the place found.
#pragma once

#include <optional>
#include <set>

#include "core/base/ids.h"
#include "sim/debezium/offset_context.h"

namespace cdcsim::debezium {

class WalPositionLocator {
  public:
    WalPositionLocator() = default;
    WalPositionLocator(std::optional<Lsn> last_commit, std::optional<Lsn> last_event,
                       std::optional<MessageType> last_type)
        : last_commit_(last_commit), last_event_(last_event), last_type_(last_type) {}

    bool searching_enabled() const { return last_event_.has_value(); }
    std::optional<Lsn> last_event() const { return last_event_; }

    /// Feeds a message of the search; the place to resume from once it is known.
    std::optional<Lsn> resume_from(Lsn current, MessageType type);
    void enable_filtering() { pass_ = false; }
    /// True while messages before that place are to be skipped. Throws TaskFailure for a message
    /// that the search did not see.
    bool skip(Lsn lsn);

  private:
    std::optional<Lsn> found(std::optional<Lsn> lsn) { return start_ = lsn; }

    std::optional<Lsn> last_commit_, last_event_;
    std::optional<MessageType> last_type_;
    std::optional<Lsn> transaction_start_, after_last_event_, first_received_, start_;
    bool pass_ = true;
    bool store_next_ = false;
    std::set<Lsn> seen_;
};

}  // namespace cdcsim::debezium
