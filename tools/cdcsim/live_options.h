// The options by which live, record and diff say which real stack they mean.
#pragma once

#include <functional>

#include "tools/cdcsim/command.h"
#include "tools/cdcsim/option_set.h"
#include "tools/live/stack/stack.h"

namespace cdcsim::cli {

void add_stack_options(OptionSet& options);

/// Throws UsageError.
live::StackOptions stack_options(const OptionSet& options);

/// Runs what needs the stack: signals are watched, and what went wrong with it becomes a status.
Status with_stack(const char* command, const std::function<Status()>& run);

}  // namespace cdcsim::cli
