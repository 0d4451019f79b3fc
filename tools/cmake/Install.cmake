# cmake --install: the program, the library with its two public headers, the scenario schema, and
# what find_package(cdcsim) needs.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(CDCSIM_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/cdcsim)
set_target_properties(cdcsim_sim PROPERTIES EXPORT_NAME cdcsim)
set_target_properties(cdcsim_core PROPERTIES EXPORT_NAME core)

install(TARGETS cdcsim RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
if(TARGET cdcsim-live)
    install(TARGETS cdcsim-live RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/cdcsim)
endif()
install(TARGETS cdcsim_sim cdcsim_core EXPORT cdcsimTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY sim/include/cdcsim DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT cdcsimTargets NAMESPACE cdcsim:: DESTINATION ${CDCSIM_CMAKE_DIR})

configure_package_config_file(tools/cmake/cdcsimConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/cdcsimConfig.cmake
    INSTALL_DESTINATION ${CDCSIM_CMAKE_DIR})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/cdcsimConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES
    ${CMAKE_CURRENT_BINARY_DIR}/cdcsimConfig.cmake
    ${CMAKE_CURRENT_BINARY_DIR}/cdcsimConfigVersion.cmake
    tools/cmake/Dependencies.cmake
    tools/cmake/FindPgQuery.cmake
    DESTINATION ${CDCSIM_CMAKE_DIR})

add_custom_command(OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/scenario.schema.json
    COMMAND cdcsim schema > ${CMAKE_CURRENT_BINARY_DIR}/scenario.schema.json
    DEPENDS cdcsim VERBATIM)
add_custom_target(cdcsim_schema ALL DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/scenario.schema.json)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/scenario.schema.json DESTINATION ${CMAKE_INSTALL_DATADIR}/cdcsim)
