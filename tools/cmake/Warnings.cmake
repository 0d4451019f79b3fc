# Warnings and sanitizers, for this project's own targets only: cdcsim_options is linked PRIVATE.
option(CDCSIM_WERROR "Treat warnings as errors" OFF)
set(CDCSIM_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize takes them: address,undefined or thread")

add_library(cdcsim_options INTERFACE)
target_include_directories(cdcsim_options INTERFACE "$<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}>")
target_compile_options(cdcsim_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow=local)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13 AND CMAKE_BUILD_TYPE STREQUAL "Release")
    # GCC 12 is wrong about std::string's operator+ and moved-from variants when it optimises.
    target_compile_options(cdcsim_options INTERFACE -Wno-restrict -Wno-maybe-uninitialized)
endif()
if(CDCSIM_WERROR)
    target_compile_options(cdcsim_options INTERFACE -Werror)
endif()
if(CDCSIM_SANITIZE)
    # GCC's -Wmaybe-uninitialized is wrong about instrumented standard library code (<regex>).
    target_compile_options(cdcsim_options INTERFACE -fsanitize=${CDCSIM_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
        -Wno-maybe-uninitialized)
    target_link_options(cdcsim_options INTERFACE -fsanitize=${CDCSIM_SANITIZE})
endif()

# The tests are some fifty programs over the same libraries: linked by mold where it is installed.
find_program(CDCSIM_MOLD mold)
if(CDCSIM_MOLD)
    add_link_options(-fuse-ld=mold)
endif()
