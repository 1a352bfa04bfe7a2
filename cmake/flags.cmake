# SPDX-License-Identifier: Apache-2.0
# Language, warnings, hardening, and the flags of each build type. Assertions stay on in every type.
include(CheckCXXCompilerFlag)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
# -fPIE is given below; pie at link time too, but for the programs that are static on purpose.
set(CMAKE_POSITION_INDEPENDENT_CODE OFF)

# -O1 compiles here in the time of -O0, and the simulator runs in this build.
set(CMAKE_CXX_FLAGS_DEV "-O1 -g1")
# Most of what an agent holds in memory is its code: ours is 40 % smaller so than with -O2.
set(CMAKE_CXX_FLAGS_RELEASE "-Os")
set(CMAKE_CXX_FLAGS_ASAN "-O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer")
if(HOLDFAST_FUZZ)
  string(APPEND CMAKE_CXX_FLAGS_ASAN " -fsanitize=fuzzer-no-link")
endif()
set(CMAKE_CXX_FLAGS_TSAN "-O1 -g1 -fsanitize=thread -fno-omit-frame-pointer")
foreach(type IN ITEMS DEV RELEASE ASAN TSAN)
  set(CMAKE_EXE_LINKER_FLAGS_${type} "")
endforeach()

# Everything that is ours is compiled and linked through this target.
add_library(holdfast_flags INTERFACE)
target_include_directories(holdfast_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(holdfast_flags INTERFACE _GLIBCXX_ASSERTIONS HOLDFAST_VERSION="${PROJECT_VERSION}")
target_compile_options(
  holdfast_flags
  INTERFACE -fPIE
            # The same object whatever folder it is built in: reproducible, and ccache serves all build folders.
            -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.
            -ffile-prefix-map=${CMAKE_BINARY_DIR}=.)

if(CMAKE_BUILD_TYPE STREQUAL "Dev")
  # The mistakes that the simulator must catch (base/planted.hpp), off unless it plants one; no other build has them.
  target_compile_definitions(holdfast_flags INTERFACE HOLDFAST_PLANTED)
endif()

# ---- warnings ----
target_compile_options(
  holdfast_flags
  INTERFACE -Wall
            -Wextra
            -Wpedantic
            -Wcast-align
            -Wconversion
            -Wdouble-promotion
            -Wformat=2
            -Wimplicit-fallthrough
            -Wmissing-declarations
            -Wnon-virtual-dtor
            -Wold-style-cast
            -Woverloaded-virtual
            -Wredundant-decls
            -Wundef
            -Wunused
            -Wvla
            # An options struct names the members it sets; the rest have defaults.
            -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # No -Wshadow here: g++ also counts HF_CHECK in a lambda inside another HF_CHECK. clang's is exact, and
  # clang-tidy reports it (test/run style).
  target_compile_options(
    holdfast_flags
    INTERFACE -Wcast-qual
              -Wduplicated-branches
              -Wduplicated-cond
              -Wextra-semi
              -Wsuggest-override
              -fdiagnostics-color=auto)
else()
  # No -Wcast-qual: clang also finds it inside OpenSSL's macros.
  target_compile_options(
    holdfast_flags INTERFACE -Wshadow -Wextra-semi -Wsuggest-override -Wno-unknown-warning-option
                             -Wno-missing-designated-field-initializers -Wno-gnu-zero-variadic-macro-arguments
                             # std::stable_sort of libstdc++ 12 uses what C++17 calls deprecated.
                             -Wno-deprecated-declarations)
endif()
if(HOLDFAST_WERROR)
  target_compile_options(holdfast_flags INTERFACE -Werror)
endif()

# ---- hardening ----
set(sanitized_types Asan Tsan)
if(CMAKE_BUILD_TYPE IN_LIST sanitized_types)
  target_compile_definitions(holdfast_flags INTERFACE HOLDFAST_SANITIZED)
else()
  target_compile_options(holdfast_flags INTERFACE -fstack-protector-strong -fstack-clash-protection)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64|AMD64")
    target_compile_options(holdfast_flags INTERFACE -fcf-protection)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    target_compile_options(holdfast_flags INTERFACE -mbranch-protection=standard)
  endif()
  if(NOT CMAKE_BUILD_TYPE STREQUAL "Dev")
    target_compile_options(holdfast_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
  endif()
endif()
target_link_options(holdfast_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(holdfast_flags INTERFACE -ffunction-sections -fdata-sections)
endif()

# Position independent unless the program says that it is static.
add_library(holdfast_flags_pie INTERFACE)
target_link_options(holdfast_flags_pie INTERFACE -pie)
