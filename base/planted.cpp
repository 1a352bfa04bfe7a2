// SPDX-License-Identifier: Apache-2.0
#include "base/planted.hpp"

#ifdef HOLDFAST_PLANTED
namespace holdfast::base {
namespace {

std::string_view& current() {
  static std::string_view name;
  return name;
}

}  // namespace

bool planted(std::string_view name) { return !current().empty() && current() == name; }
void plant(std::string_view name) { current() = name; }

}  // namespace holdfast::base
#endif
