// The virtual clock and the virtual dice of one simulation.
#pragma once

#include <cstdint>

#include "core/base/clock.h"

namespace cdcsim {

/// Moves by being read (1 us), by statements (1 ms) and by sleeping; never by itself.
class SimulatedClock : public Clock {
  public:
    explicit SimulatedClock(UnixMicros start) : now_(start) {}
    UnixMicros now() override { return UnixMicros{now_.value++}; }
    void sleep(std::int64_t microseconds) override { now_.value += microseconds; }
    void begin_statement() { now_.value += 1000; }

  private:
    UnixMicros now_;
};

/// SplitMix64: short, seedable, the same everywhere.
class SimulatedRandom : public Random {
  public:
    explicit SimulatedRandom(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() override {
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
        return z ^ (z >> 31);
    }

  private:
    std::uint64_t state_;
};

}  // namespace cdcsim
