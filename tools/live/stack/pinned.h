// pom.xml and jars.sha256 as parts of the program; pinned.cc is written by CMake from both files.
#pragma once

#include <string_view>

namespace cdcsim::live {

extern const std::string_view kPom;
/// Lines of a SHA-256 in hexadecimal and a file name.
extern const std::string_view kJarSums;

}  // namespace cdcsim::live
