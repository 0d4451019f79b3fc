// Where a producer puts its records: the simulated topic log, or a test's vector.
#pragma once

#include "core/kafka/record.h"

namespace cdcsim::kafka {

class RecordSink {
  public:
    virtual ~RecordSink() = default;
    /// Appends the record to its topic. The sink keeps what `record` shares.
    virtual void send(ProducerRecord record) = 0;
};

}  // namespace cdcsim::kafka
