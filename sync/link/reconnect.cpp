// SPDX-License-Identifier: Apache-2.0
#include "sync/link/reconnect.hpp"

#include <algorithm>

#include "base/limits/wire.hpp"

namespace holdfast::sync {

using std::chrono::milliseconds;

namespace {

constexpr int kFailuresInWindow = 10;

}  // namespace

milliseconds reconnect_window(milliseconds given, int failures) {
  const auto most = std::max<milliseconds>(given, base::limits::kReconnectWindowMax);
  for (int i = kFailuresInWindow; i < failures && given < most; ++i) given *= 2;
  return std::min(given, most);
}

milliseconds reconnect_wait(milliseconds given, int failures, base::Random& random) {
  return random.jitter(reconnect_window(given, failures));
}

}  // namespace holdfast::sync
