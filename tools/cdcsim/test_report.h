// The results of `cdcsim test` for other programs: JUnit XML and TAP.
#pragma once

#include <string>
#include <vector>

#include "tools/cdcsim/test_case.h"

namespace cdcsim::cli {

std::string junit_report(const std::vector<TestResult>& results);
std::string tap_report(const std::vector<TestResult>& results);

}  // namespace cdcsim::cli
