#include "core/base/error.h"
#include "sim/postgres/executor/select.h"

namespace cdcsim::pg {

std::shared_ptr<const SelectPlan> plan_select(std::shared_ptr<const Query>, Host&) {
    throw NotSimulated("SELECT");
}

}  // namespace cdcsim::pg
