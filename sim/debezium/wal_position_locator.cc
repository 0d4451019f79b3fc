#include "sim/debezium/wal_position_locator.h"

#include "sim/debezium/type_registry.h"

namespace cdcsim::debezium {

std::optional<Lsn> WalPositionLocator::resume_from(Lsn current, MessageType type) {
    seen_.insert(current);
    if (!first_received_) first_received_ = current;
    if (store_next_) {
        if (current == last_event_) {
            bool whole = !last_type_ || last_type_ == MessageType::kBegin ||
                         last_type_ == MessageType::kCommit;
            return transaction_start_ && whole ? found(transaction_start_) : std::nullopt;
        }
        after_last_event_ = current;
        store_next_ = false;
        return found(current);
    }
    if (current == last_event_) store_next_ = true;
    if (!last_commit_) return found(first_received_);
    if (last_type_ == MessageType::kMessage && last_commit_ == last_event_)
        return found(first_received_);
    if (type == MessageType::kBegin) {
        transaction_start_ = current;
    } else if (type == MessageType::kCommit && current > *last_commit_) {
        if (after_last_event_) return found(after_last_event_);
        return found(transaction_start_ ? transaction_start_ : first_received_);
    }
    return std::nullopt;
}

bool WalPositionLocator::skip(Lsn lsn) {
    if (pass_) return false;
    if (!start_ || start_ == lsn) {
        pass_ = true;
        seen_.clear();
        return false;
    }
    if (lsn.value != 0 && !seen_.contains(lsn))
        throw TaskFailure("io.debezium.DebeziumException: Message with LSN 'LSN{" + lsn.text() +
                          "}' not present among LSNs seen in the location phase. This is "
                          "unexpected and can lead to an infinite loop or a data loss.");
    return true;
}

}  // namespace cdcsim::debezium
