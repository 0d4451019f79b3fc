// Time and chance come in from outside; nothing in core or sim reads the system's.
#pragma once

#include <cstdint>

#include "core/base/ids.h"

namespace cdcsim {

class Clock {
  public:
    virtual ~Clock() = default;
    /// The current instant. A simulated clock may move forward by being read.
    virtual UnixMicros now() = 0;
    /// Lets time pass, as pg_sleep does. A simulated clock jumps.
    virtual void sleep(std::int64_t microseconds) { static_cast<void>(microseconds); }
};

class Random {
  public:
    virtual ~Random() = default;
    virtual std::uint64_t next() = 0;
};

}  // namespace cdcsim
