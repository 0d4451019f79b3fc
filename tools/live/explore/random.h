// The explorer's own pseudo-random numbers (splitmix64): the same seed gives the same scenarios on
// every machine, which the standard library's distributions do not promise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace cdcsim::explore {

class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    /// The stream of scenario `index` of `seed`.
    Random(std::uint64_t seed, std::uint64_t index) : state_(seed * 0x9E3779B97F4A7C15ULL ^ (index + 1) * 0xD1B54A32D192ED03ULL) {
        next();
    }

    std::uint64_t next() {
        std::uint64_t z = state_ += 0x9E3779B97F4A7C15ULL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
        return z ^ (z >> 31);
    }
    /// 0 to n - 1. REQUIRES: n > 0.
    std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() % n); }
    bool percent(unsigned p) { return below(100) < p; }

    template <typename T>
    auto& pick(T&& items) {
        return items[below(std::size(items))];
    }
    /// Picks a row by its member `weight`.
    template <typename Row>
    const Row& weighted(std::span<const Row> rows) {
        std::size_t sum = 0;
        for (const Row& row : rows) sum += row.weight;
        std::size_t at = below(sum);
        for (const Row& row : rows) {
            if (at < row.weight) return row;
            at -= row.weight;
        }
        return rows.back();
    }

  private:
    std::uint64_t state_;
};

}  // namespace cdcsim::explore
