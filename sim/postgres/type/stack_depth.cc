#include "sim/postgres/type/stack_depth.h"

#include "core/base/error.h"

namespace cdcsim::pg {

void throw_stack_depth() {
    throw SqlError("54001", "stack depth limit exceeded")
        .hint("Increase the configuration parameter \"max_stack_depth\" (currently 2048kB), after "
              "ensuring the platform's stack depth limit is adequate.");
}

}  // namespace cdcsim::pg
