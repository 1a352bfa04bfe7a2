// SPDX-License-Identifier: Apache-2.0
#include "base/shim/stop_order.hpp"

#include <cstring>

#include "base/shim/system.hpp"

namespace holdfast::base::shim {

std::int64_t read_stop_order(int run_folder, const Run& run) {
  char text[512];
  if (read_whole(run_folder, run_format::kStopFile, text, sizeof text) <= 0) return -1;
  Text<256> expected;
  expected.add(run_format::kStopHeader).add("\nrun=").add(run.nonce.c_str()).add("\ngrace=");
  // The record has exactly this beginning: there is one writer and one version.
  if (std::strncmp(text, expected.c_str(), expected.size()) != 0) return -1;
  const char* at = text + expected.size();
  const std::int64_t grace = take_number(at);
  return std::strncmp(at, "\nend\n", 5) == 0 ? grace : -1;
}

}  // namespace holdfast::base::shim
