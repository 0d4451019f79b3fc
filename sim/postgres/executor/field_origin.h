// Where a field's value comes from, as far as TOAST asks: whether it is the old row's as it lies out of line.
#pragma once

#include <cstdint>

namespace cdcsim::pg {

enum class FieldOrigin : std::uint8_t {
    kAsGiven,  ///< NEW's, as the statement gave it
    kStored,   ///< OLD's, as it is stored
    kFresh,    ///< made by an expression, or read and brought in
    kUnsure,   ///< it may have been handed on unread
};

}  // namespace cdcsim::pg
