# SPDX-License-Identifier: Apache-2.0
# What a build can be told. CMakePresets.json sets these; nobody else needs to.
option(HOLDFAST_TESTS "Build unit tests, contract suites, fakes and the simulator" ON)
option(HOLDFAST_FUZZ "Build the libFuzzer targets (type Asan, clang only)" OFF)
option(HOLDFAST_WERROR "Warnings are errors" ON)
option(HOLDFAST_AGENT_STATIC "Link holdfast-agent wholly static (needs cmake/build-static-mosquitto)" OFF)

# Build types are named after the presets; each is a fixed set of flags in flags.cmake.
set(HOLDFAST_BUILD_TYPES Dev Release Asan Tsan)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Dev CACHE STRING "One of ${HOLDFAST_BUILD_TYPES}" FORCE)
endif()
if(NOT CMAKE_BUILD_TYPE IN_LIST HOLDFAST_BUILD_TYPES)
  message(FATAL_ERROR "CMAKE_BUILD_TYPE is '${CMAKE_BUILD_TYPE}'; it must be one of: ${HOLDFAST_BUILD_TYPES}")
endif()

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(HOLDFAST_CCACHE ccache)
  mark_as_advanced(HOLDFAST_CCACHE)
  if(HOLDFAST_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${HOLDFAST_CCACHE})
  endif()
endif()
