// Which types stand for any type in a function's declaration.
#pragma once

#include "core/base/ids.h"

namespace cdcsim::pg {

bool is_polymorphic(Oid type);

}  // namespace cdcsim::pg
