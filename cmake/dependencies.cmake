# SPDX-License-Identifier: Apache-2.0
# The libraries of Debian that Holdfast stands on. Each is linked by its plain -l name, so that a program
# linked with -static takes the archive of the same library and every other program the shared one.
#
#   holdfast_dependency(<name> PACKAGE <debian package> HEADER <header> [LINK <library>…])
#
# makes the target dep_<name>. A missing header stops the configure step with the one command that helps.
set(holdfast_missing_packages "")

function(holdfast_dependency name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "PACKAGE;HEADER" "LINK")
  find_path(HOLDFAST_INCLUDE_${name} ${arg_HEADER})
  mark_as_advanced(HOLDFAST_INCLUDE_${name})
  if(NOT HOLDFAST_INCLUDE_${name})
    list(APPEND holdfast_missing_packages ${arg_PACKAGE})
    set(holdfast_missing_packages "${holdfast_missing_packages}" PARENT_SCOPE)
  endif()
  add_library(dep_${name} INTERFACE)
  target_link_libraries(dep_${name} INTERFACE ${arg_LINK})
endfunction()

holdfast_dependency(expected PACKAGE libexpected-dev HEADER tl/expected.hpp)
holdfast_dependency(json PACKAGE nlohmann-json3-dev HEADER nlohmann/json.hpp)
holdfast_dependency(sodium PACKAGE libsodium-dev HEADER sodium.h LINK sodium)
holdfast_dependency(zstd PACKAGE libzstd-dev HEADER zstd.h LINK zstd)
holdfast_dependency(lmdb PACKAGE liblmdb-dev HEADER lmdb.h LINK lmdb)
holdfast_dependency(openssl PACKAGE libssl-dev HEADER openssl/ssl.h LINK ssl crypto)
holdfast_dependency(mosquitto PACKAGE libmosquitto-dev HEADER mosquitto.h LINK mosquitto)
holdfast_dependency(yaml PACKAGE libyaml-cpp-dev HEADER yaml-cpp/yaml.h LINK yaml-cpp)
holdfast_dependency(git2 PACKAGE libgit2-dev HEADER git2.h LINK git2)
holdfast_dependency(httplib PACKAGE libcpp-httplib-dev HEADER httplib.h LINK cpp-httplib)
holdfast_dependency(spdlog PACKAGE libspdlog-dev HEADER spdlog/spdlog.h LINK spdlog fmt)
holdfast_dependency(dbus PACKAGE libdbus-1-dev HEADER dbus-1.0/dbus/dbus.h LINK dbus-1)
holdfast_dependency(cli11 PACKAGE libcli11-dev HEADER CLI/CLI.hpp)
if(HOLDFAST_TESTS)
  holdfast_dependency(gtest PACKAGE libgmock-dev HEADER gmock/gmock.h LINK gmock_main gmock gtest)
endif()

if(holdfast_missing_packages)
  list(JOIN holdfast_missing_packages " " packages)
  message(FATAL_ERROR "Missing Debian packages: ${packages}\nRun: deploy/install-packages build test")
endif()

# Debian builds these two as compiled, not header-only, libraries.
target_compile_definitions(dep_spdlog INTERFACE SPDLOG_COMPILED_LIB SPDLOG_FMT_EXTERNAL SPDLOG_SHARED_LIB)
# The definitions of its .pc file: they are part of its binary interface.
target_compile_definitions(dep_httplib INTERFACE CPPHTTPLIB_OPENSSL_SUPPORT CPPHTTPLIB_ZLIB_SUPPORT CPPHTTPLIB_BROTLI_SUPPORT)
target_link_libraries(dep_httplib INTERFACE dep_openssl)
# Its headers lie in two folders, one of them by architecture; without C++ in them their casts are as they are.
find_path(HOLDFAST_INCLUDE_dbus_arch dbus/dbus-arch-deps.h PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/dbus-1.0/include
          PATH_SUFFIXES dbus-1.0/include)
mark_as_advanced(HOLDFAST_INCLUDE_dbus_arch)
target_include_directories(dep_dbus SYSTEM INTERFACE ${HOLDFAST_INCLUDE_dbus}/dbus-1.0 ${HOLDFAST_INCLUDE_dbus_arch})
find_package(Threads REQUIRED)
