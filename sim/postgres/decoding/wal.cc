#include "sim/postgres/decoding/wal.h"

#include <algorithm>

#include "core/base/error.h"

namespace cdcsim::pg {

Lsn WriteAheadLog::append(std::size_t bytes) {
    Lsn start = position_;
    position_.value += (bytes + 7) / 8 * 8;
    return start;
}

void WriteAheadLog::add(LogEntry entry) {
    if (slots_.empty()) {
        // Nobody will ever read it.
        first_number_ += entries_.size() + 1;
        entries_.clear();
        return;
    }
    entries_.push_back(std::move(entry));
}

std::uint64_t WriteAheadLog::first_after(Lsn lsn) const {
    auto it = std::ranges::find_if(entries_, [&](const LogEntry& entry) { return entry.end_lsn > lsn; });
    return first_number_ + static_cast<std::uint64_t>(it - entries_.begin());
}

const LogEntry* WriteAheadLog::entry(std::uint64_t number) const {
    CDCSIM_CHECK(number >= first_number_);
    std::uint64_t index = number - first_number_;
    return index < entries_.size() ? &entries_[index] : nullptr;
}

void WriteAheadLog::prune() {
    while (!entries_.empty()) {
        const LogEntry& oldest = entries_.front();
        bool needed = std::ranges::any_of(slots_, [&](const auto& slot) { return std::max(slot.second.confirmed_flush, slot.second.released) < oldest.end_lsn; });
        if (needed) return;
        entries_.pop_front();
        ++first_number_;
    }
}

}  // namespace cdcsim::pg
