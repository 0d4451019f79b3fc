#include "sim/postgres/storage/pglz.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>

namespace cdcsim::pg {
namespace {

// PGLZ_strategy_default.
constexpr std::int64_t kMinInput = 32, kMinRate = 25, kFirstSuccessBy = 1024;
constexpr int kGoodMatch = 128, kGoodDrop = 10;
constexpr int kMaxMatch = 273, kMaxOffset = 0x0fff, kHistory = 4096;

struct Match {
    int length = 0, offset = 0;
};

/// The last 4095 positions in lists by the hash of four bytes, newest first. Entry 0 means none.
class History {
  public:
    explicit History(std::string_view source) : begin_(source.data()), end_(begin_ + source.size()) {
        auto size = source.size();
        mask_ = size < 128 ? 511 : size < 256 ? 1023 : size < 512 ? 2047 : size < 1024 ? 4095 : 8191;
    }

    void add(const char* position) {
        int index = hash(position);
        Entry& entry = entries_[next_];
        if (recycle_) unlink(entry);
        entry = {.next = start_[index], .prev = 0, .index = index, .position = position};
        if (start_[index] != 0) entries_[start_[index]].prev = next_;
        start_[index] = static_cast<std::int16_t>(next_);
        if (++next_ >= kHistory + 1) next_ = 1, recycle_ = true;
    }

    /// The longest match, content with less the more entries it has looked at.
    Match find(const char* input) const {
        Match best;
        int good = kGoodMatch;
        for (int i = start_[hash(input)]; i != 0;) {
            const Entry& entry = entries_[i];
            auto offset = input - entry.position;
            if (offset >= kMaxOffset) break;
            int length = common_length(input, entry.position, best.length);
            if (length > best.length) best = {length, static_cast<int>(offset)};
            i = entry.next;
            if (i != 0) {
                if (best.length >= good) break;
                good -= (good * kGoodDrop) / 100;
            }
        }
        return best;
    }

  private:
    struct Entry {
        int next = 0, prev = 0, index = 0;
        const char* position = nullptr;
    };

    /// Characters count as signed, as on the reference machine.
    int hash(const char* s) const {
        auto at = [&](int i) { return static_cast<int>(static_cast<signed char>(s[i])); };
        int value = end_ - s < 4 ? at(0)
                                 : (at(0) * 64) ^ (at(1) * 16) ^ (at(2) * 4) ^ at(3);
        return value & mask_;
    }

    int common_length(const char* input, const char* old, int best) const {
        int length = 0;
        if (best >= 16) {
            if (std::memcmp(input, old, static_cast<std::size_t>(best)) != 0) return 0;
            length = best;
        }
        while (input + length < end_ && input[length] == old[length] && length < kMaxMatch) {
            ++length;
        }
        return length;
    }

    void unlink(const Entry& entry) {
        if (entry.prev == 0) {
            start_[entry.index] = static_cast<std::int16_t>(entry.next);
        } else {
            entries_[entry.prev].next = entry.next;
        }
        if (entry.next != 0) entries_[entry.next].prev = entry.prev;
    }

    const char* begin_;
    const char* end_;
    int mask_ = 0, next_ = 1;
    bool recycle_ = false;
    std::array<std::int16_t, 8192> start_{};
    std::array<Entry, kHistory + 1> entries_{};
};

}  // namespace

std::optional<int> pglz_compressed_size(std::string_view source) {
    auto size = static_cast<std::int64_t>(source.size());
    if (size < kMinInput) return std::nullopt;
    std::int64_t limit = size > INT32_MAX / 100 ? size / 100 * (100 - kMinRate)
                                                : size * (100 - kMinRate) / 100;
    auto history = std::make_unique<History>(source);
    std::int64_t written = 0;
    int control_bits = 0;
    bool found = false;
    for (const char *at = source.data(), *end = at + size; at < end;) {
        if (written >= limit || (!found && written >= kFirstSuccessBy)) return std::nullopt;
        Match match = history->find(at);
        if (control_bits == 0) ++written, control_bits = 8;
        --control_bits;
        int consumed = 1;
        if (match.length > 2) {
            found = true;
            written += match.length > 17 ? 3 : 2;
            consumed = match.length;
        } else {
            ++written;
        }
        while (consumed-- > 0) history->add(at++);
    }
    if (written >= limit) return std::nullopt;
    return static_cast<int>(written);
}

}  // namespace cdcsim::pg
