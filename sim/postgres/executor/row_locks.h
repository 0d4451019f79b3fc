// Locking a row version against other sessions, and what to do if one of them has changed it. Inner
// header of executor/. Mirrors heapam.c's heap_lock_tuple and the waiting parts of heap_update and
// heap_delete. In READ COMMITTED the newest version is found (the caller looks whether it still
// qualifies, as EvalPlanQual does); in REPEATABLE READ and SERIALIZABLE a changed row is 40001.
#pragma once

#include <string_view>

#include "sim/postgres/executor/backend.h"
#include "sim/postgres/executor/modify.h"

namespace cdcsim::pg {

enum class RowOutcome : std::uint8_t {
    kLocked,        ///< this version
    kMoved,         ///< another session has committed a newer version: it is locked, and given back
    kGone,          ///< another session has deleted it
    kSelfModified,  ///< this transaction has ended the version itself
    kSkipped        ///< SKIP LOCKED
};

struct RowRequest {
    RowLockMode mode = RowLockMode::kUpdate;
    std::string_view verb = "locking";   ///< "while locking tuple (0,1) in relation"
    RowWait wait = RowWait::kBlock;
    bool keep = true;                    ///< false: the caller ends the version at once
};

/// Locks `version` until the end of the transaction. Throws 40001, 40P01, 55P03, 57014.
/// REQUIRES: backend.keeps_locks().
RowOutcome lock_row(Backend& backend, const Relation& relation, RowVersion& version, const RowRequest& request);

/// The lock that an UPDATE takes: kUpdate if a column of a unique key changes.
RowLockMode update_lock_mode(const Relation& relation, const Row& before, const Row& after);
/// The same by the columns that SET names, as for BEFORE triggers.
RowLockMode update_lock_mode(const Relation& relation, const std::vector<bool>& set_columns);
/// The locks of others on a version go on to the one that replaces it.
void inherit_row_locks(Backend& backend, const Relation& relation, std::int64_t from, std::int64_t to);
/// Waits until the transaction of another session that has written `version` (or ended it) is over.
/// False: there is none.
bool wait_for_writer(Backend& backend, const RowVersion& version, std::string_view what, std::string context);
/// Keeps for those who wait how the versions that this transaction ended go on.
void keep_successors(Backend& backend);

}  // namespace cdcsim::pg
