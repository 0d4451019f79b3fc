#include "core/base/error.h"

#include <fmt/format.h>

namespace cdcsim {

InternalError::InternalError(const char* file, int line, const std::string& what)
    : std::logic_error(fmt::format("internal error at {}:{}: {}", file, line, what)) {}

}  // namespace cdcsim
