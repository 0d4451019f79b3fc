// When all has arrived: waits until every event of what was committed so far is in its topic.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tools/live/drive/workspace.h"
#include "tools/live/read/kafka_log.h"

namespace cdcsim::live {

class Arrivals {
  public:
    Arrivals(Workspace& workspace, KafkaLog& log) : workspace_(workspace), log_(log) {}

    /// How many records the simulated run has at the end of the present step; it is waited for as many.
    /// Behind the last step nothing comes that would show what came late.
    void expect(std::optional<std::size_t> records, bool last) {
        expected_ = records;
        last_ = last;
    }

    /// Waits until all streaming slots have sent everything that was committed, then until the topics
    /// hold what is expected and have not grown for a moment (300 ms behind the last step; longer where
    /// nothing is expected, or less came than that), and reads them. Costs nothing if nothing was written since the last time.
    void settle();
    /// Slots from which a running connector streams; names which still must be streamed from. A slot
    /// that is none of them may be idle.
    using StreamingSlots = std::function<std::vector<std::string>()>;
    void follow(StreamingSlots slots) { streaming_slots_ = std::move(slots); }

    /// Waits only until what was committed so far is in the topics: `records` of them, if that is known.
    void catch_up(std::optional<std::size_t> records);

    /// The next settle() waits even if nothing was written.
    void unsettle() { settled_at_.clear(); }
    /// The same where no slot tells what was sent.
    void settle_by_silence();

  private:
    bool all_received();
    void wait_for_silence(double seconds);
    double quiet_seconds(std::size_t records) const;

    Workspace& workspace_;
    KafkaLog& log_;
    std::optional<std::size_t> expected_;
    bool last_ = true;
    StreamingSlots streaming_slots_;
    std::string settled_at_;  ///< the end of the write-ahead log
};

}  // namespace cdcsim::live
