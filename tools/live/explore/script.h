// What the explorer generates, and the two sides that answer it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/scenario/psql_run.h"

namespace cdcsim::explore {

/// One server that answers simple-query messages, from an empty database on.
class Side {
  public:
    virtual ~Side() = default;
    /// An empty database and a fresh session.
    virtual void reset() = 0;
    virtual scenario::MessageAnswer execute(std::string_view sql) = 0;
};

std::unique_ptr<Side> simulated_side();
/// Over libpq. Everything is done in the schema public of the database that `uri` names, which is
/// emptied by each reset(). Throws LiveUnavailable.
std::unique_ptr<Side> real_side(const std::string& uri);

/// Thrown where the real server cannot be reached; the message says why.
struct LiveUnavailable {
    std::string message;
};

}  // namespace cdcsim::explore
