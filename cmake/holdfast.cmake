# SPDX-License-Identifier: Apache-2.0
# How a folder becomes targets. Files are found by name, so a new file needs no line anywhere:
#
#   name.cpp           source of the folder's library
#   name_test.cpp      unit test, beside its source          → one program a folder, ctest label "unit"
#   name_contract.cpp  contract suite run on real and fake   → one program a folder, ctest label "contract"
#   name_fuzz.cpp      libFuzzer target                       → one program each, preset "asan" only
#   fake_name.cpp      fake of a seam                         → library <target>_fakes, for tests and simulator
#   main_name.cpp      main of a program                      → named by holdfast_program()
#
#   holdfast_library(sync_wire USES base sync_model LINKS zstd)
#   holdfast_program(holdfast-agent MAIN main_agent.cpp USES edge_agent)
#
# FOLDERS: sources in folders beneath join the target. TEST_USES, TEST_LINKS: for its tests alone. FAKES: the
# library is itself for tests only, and links the fakes of all that it uses.
#
# A target links what USES and LINKS name and nothing else; its link check (all of its objects against that
# list) fails on a use of a folder that it may not use. test/style holds the same rule for includes.

add_custom_target(programs) # what a release is made of
add_custom_target(tests)    # unit tests and contract suites
add_custom_target(link_checks)
add_custom_target(sim)      # the simulator
add_custom_target(fuzzers)

# The files of `kind` (sources|test|contract|fuzz|fakes) in the current folder and FOLDERS beneath it.
function(holdfast_glob out kind)
  set(patterns "")
  foreach(folder IN ITEMS . ${ARGN})
    set(at ${CMAKE_CURRENT_SOURCE_DIR}/${folder})
    if(kind STREQUAL "sources")
      list(APPEND patterns ${at}/*.cpp)
    elseif(kind STREQUAL "fakes")
      list(APPEND patterns ${at}/fake_*.cpp)
    else()
      list(APPEND patterns ${at}/*_${kind}.cpp)
    endif()
  endforeach()
  file(GLOB found CONFIGURE_DEPENDS ${patterns})
  if(kind STREQUAL "sources")
    list(FILTER found EXCLUDE REGEX "(_test|_contract|_fuzz)\\.cpp$|/(fake|main)_[^/]*\\.cpp$")
  elseif(kind STREQUAL "fakes")
    list(FILTER found EXCLUDE REGEX "(_test|_contract|_fuzz)\\.cpp$")
  endif()
  set(${out} "${found}" PARENT_SCOPE)
endfunction()

# Tests, and the fakes of a library: under the address sanitizer not optimized, which halves the time of compiling them,
# and not counted by fuzzers.
function(holdfast_compile_for_tests target)
  if(CMAKE_BUILD_TYPE STREQUAL "Asan")
    target_compile_options(${target} PRIVATE -O0)
    if(HOLDFAST_FUZZ)
      target_compile_options(${target} PRIVATE -fno-sanitize=fuzzer-no-link)
    endif()
  endif()
endfunction()

# What nearly every file reads, compiled once for each target of CI's largest build. The other builds do without, so a
# missing include is still found by them.
function(holdfast_precompile target)
  get_target_property(sources ${target} SOURCES)
  list(LENGTH sources count)
  if(CMAKE_BUILD_TYPE STREQUAL "Asan" AND count GREATER_EQUAL 6)
    target_precompile_headers(
      ${target} PRIVATE <algorithm> <array> <chrono> <functional> <map> <memory> <optional> <set> <string> <string_view>
      <utility> <variant> <vector> <tl/expected.hpp> ${ARGN})
  endif()
endfunction()

function(holdfast_prefixed out prefix)
  list(TRANSFORM ARGN PREPEND ${prefix})
  set(${out} "${ARGN}" PARENT_SCOPE)
endfunction()

# A test program with ctest label LABEL; working folder is the source root, so that test data is found.
function(holdfast_test_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LABEL" "SOURCES;LINKS")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE holdfast_flags holdfast_flags_pie ${arg_LINKS} dep_gtest Threads::Threads)
  holdfast_compile_for_tests(${name})
  holdfast_precompile(${name} <gtest/gtest.h>)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  # Temporary files stay in the build folder; TEST_TMPDIR is what testing::TempDir() gives.
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/tmp)
  set_tests_properties(
    ${name}
    PROPERTIES LABELS ${arg_LABEL}
               TIMEOUT 900
               ENVIRONMENT
               "HOLDFAST_BIN=${CMAKE_BINARY_DIR}/bin;TMPDIR=${CMAKE_BINARY_DIR}/tmp;TEST_TMPDIR=${CMAKE_BINARY_DIR}/tmp/")
  add_dependencies(tests ${name})
  # ctest begins with the longest; where it has measured none, with the one of most sources.
  list(LENGTH arg_SOURCES cost)
  set_tests_properties(${name} PROPERTIES COST ${cost})
  # Tests of the real Host start processes under the real shim.
  if(TARGET holdfast-shim)
    add_dependencies(${name} holdfast-shim)
  endif()
endfunction()

function(holdfast_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "FAKES" "" "USES;LINKS;FOLDERS;TEST_USES;TEST_LINKS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "holdfast_library(${name}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  set(target holdfast_${name})
  holdfast_prefixed(uses holdfast_ ${arg_USES})
  if(arg_FAKES)
    list(TRANSFORM uses APPEND _fakes)
  endif()
  holdfast_prefixed(links dep_ ${arg_LINKS})

  holdfast_glob(sources sources ${arg_FOLDERS})
  if(NOT sources)
    set(sources ${CMAKE_SOURCE_DIR}/cmake/empty.cpp)
  endif()
  add_library(${target} STATIC ${sources})
  target_link_libraries(${target} PUBLIC ${uses} ${links} PRIVATE holdfast_flags Threads::Threads)
  holdfast_precompile(${target})

  if(HOLDFAST_FUZZ)
    holdfast_fuzzers(${name} ${arg_FOLDERS})
  endif()
  if(NOT HOLDFAST_TESTS)
    return()
  endif()

  holdfast_glob(fakes fakes ${arg_FOLDERS})
  if(NOT fakes)
    set(fakes ${CMAKE_SOURCE_DIR}/cmake/empty.cpp)
  endif()
  add_library(${target}_fakes STATIC ${fakes})
  holdfast_prefixed(uses_fakes holdfast_ ${arg_USES})
  list(TRANSFORM uses_fakes APPEND _fakes)
  target_link_libraries(${target}_fakes PUBLIC ${target} ${uses_fakes} PRIVATE holdfast_flags)
  holdfast_compile_for_tests(${target}_fakes)

  add_executable(${target}_links EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/cmake/empty_main.cpp)
  target_link_libraries(${target}_links PRIVATE holdfast_flags holdfast_flags_pie $<LINK_LIBRARY:WHOLE_ARCHIVE,${target}>)
  set_target_properties(${target}_links PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/links)
  add_dependencies(link_checks ${target}_links)

  holdfast_prefixed(test_uses holdfast_ ${arg_TEST_USES})
  set(test_fakes ${test_uses})
  list(TRANSFORM test_fakes APPEND _fakes)
  holdfast_prefixed(test_links dep_ ${arg_TEST_LINKS})
  foreach(kind IN ITEMS test contract)
    holdfast_glob(tests ${kind} ${arg_FOLDERS})
    if(tests)
      string(REPLACE test unit label ${kind})
      holdfast_test_program(${target}_${kind} LABEL ${label} SOURCES ${tests}
                            LINKS ${target}_fakes ${target} ${test_fakes} ${test_uses} ${test_links})
    endif()
  endforeach()
endfunction()

# Each *_fuzz.cpp is a program; its seed corpus is test/fuzz/<name without _fuzz>/.
function(holdfast_fuzzers name)
  holdfast_glob(fuzzers fuzz ${ARGN})
  foreach(source IN LISTS fuzzers)
    get_filename_component(stem ${source} NAME_WE)
    string(REGEX REPLACE "_fuzz$" "" stem ${stem})
    set(target fuzz_${stem})
    add_executable(${target} ${source})
    target_link_libraries(${target} PRIVATE holdfast_flags holdfast_flags_pie holdfast_${name} Threads::Threads)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzzers OUTPUT_NAME ${stem})
    add_dependencies(fuzzers ${target})
  endforeach()
endfunction()

# A program of bin/. STATIC links it wholly static (see cmake/static.cmake). FOLDERS: sources there are the
# program's own, in no library. A main that is not written yet is left out with a notice, so that the rest of
# the tree builds.
function(holdfast_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "STATIC" "MAIN" "USES;LINKS;FOLDERS")
  file(GLOB main CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${arg_MAIN})
  if(NOT main)
    message(STATUS "${name}: ${arg_MAIN} is not there yet")
    return()
  endif()
  holdfast_prefixed(uses holdfast_ ${arg_USES})
  holdfast_prefixed(links dep_ ${arg_LINKS})
  set(sources "")
  foreach(folder IN LISTS arg_FOLDERS)
    file(GLOB found CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cpp)
    list(APPEND sources ${found})
  endforeach()
  list(FILTER sources EXCLUDE REGEX "(_test|_contract|_fuzz)\\.cpp$|/(fake|main)_[^/]*\\.cpp$")
  add_executable(${name} ${main} ${sources})
  # Only here: a link check that threw unused sections away would miss what they use.
  target_link_options(${name} PRIVATE -Wl,--gc-sections)
  target_link_libraries(${name} PRIVATE holdfast_flags ${uses} ${links} Threads::Threads)
  if(arg_STATIC)
    holdfast_link_static(${name})
  else()
    target_link_libraries(${name} PRIVATE holdfast_flags_pie)
  endif()
  add_dependencies(programs ${name})
endfunction()
