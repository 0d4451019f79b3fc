// Plans that run in SQLite.
#pragma once

#include <memory>
#include <vector>

#include "sim/postgres/executor/select.h"

namespace cdcsim::pg {

/// A SELECT as one SQLite statement. Throws as plan_select does.
std::shared_ptr<const SelectPlan> compile_select(std::shared_ptr<const Query> query, Host& host);

}  // namespace cdcsim::pg
