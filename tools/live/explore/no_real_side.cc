// Stands for real_side.cc where libpq is not installed.
#include "tools/live/explore/script.h"

namespace cdcsim::explore {

std::unique_ptr<Side> real_side(const std::string&) { throw LiveUnavailable{"built without libpq"}; }
bool has_real_side() { return false; }

}  // namespace cdcsim::explore
