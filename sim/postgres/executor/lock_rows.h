// SELECT ... FOR UPDATE: a plan around the plain one. Inner header of executor/.
#pragma once

#include <memory>

#include "sim/postgres/executor/select.h"

namespace cdcsim::pg {

/// REQUIRES: the query has row marks.
std::shared_ptr<const SelectPlan> plan_lock_rows(std::shared_ptr<const Query> query, std::shared_ptr<const SelectPlan> plain);

}  // namespace cdcsim::pg
