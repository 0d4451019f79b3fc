#include "sim/debezium/offset_context.h"

namespace cdcsim::debezium {

OffsetContext OffsetContext::load(const SourceOffset& offset) {
    OffsetContext context;
    context.timestamp = {offset.ts_usec};
    context.tx_id = offset.tx_id;
    context.lsn = offset.lsn;
    context.last_processed = offset.lsn_proc;
    context.last_commit = offset.lsn_commit ? offset.lsn_commit : offset.lsn_proc;
    context.message_type = offset.message_type;
    context.transaction = offset.transaction;
    return context;
}

SourceOffset OffsetContext::store() const {
    SourceOffset offset;
    offset.ts_usec = timestamp.value;
    offset.tx_id = tx_id;
    offset.lsn = lsn;
    offset.lsn_proc = last_processed;
    offset.lsn_commit = last_commit;
    offset.message_type = message_type;
    offset.snapshot_running = snapshot_running;
    if (!snapshot_running) offset.transaction = transaction;
    return offset;
}

}  // namespace cdcsim::debezium
