// SPDX-License-Identifier: Apache-2.0
// Watching objects: the hub tells every change as it happens, nothing is polled. A stream that ends is taken
// up again where it stood.
// Threads: one.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "hub/cli/api_client.hpp"
#include "hub/cli/console.hpp"

namespace holdfast::cli {

struct WatchOptions {
  ApiPath path;        ///< of the type, with selectors
  std::string name{};  ///< empty: all of them; else this one alone, whatever else the hub sends
  std::string accept{kJsonType};
  std::string from_version{};  ///< empty: everything that is there comes first
  std::optional<base::MonotonicTime> deadline{};
};

enum class WatchEnd {
  kStopped,  ///< on_change said so
  kDeadline,
  kExpired,  ///< the hub forgot what happened since from_version: list again
};

/// `kind`: "ADDED", "MODIFIED", "DELETED". Returns false to stop.
using OnChange = std::function<bool(const std::string& kind, const base::Json& object)>;

/// An error when the hub refuses or cannot be reached. With a deadline, a hub that was reached once and goes
/// away is waited for until then.
base::Result<WatchEnd> watch(ApiClient& hub, Console& console, WatchOptions options,
                             const OnChange& on_change);

}  // namespace holdfast::cli
