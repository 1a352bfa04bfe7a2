// SPDX-License-Identifier: Apache-2.0
// One holdfast-git-fetch: what it is given, and what it answers. Its deadline ends it and everything it started.
// Threads: the event loop's.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/child_call.hpp"

namespace holdfast::gitops {

struct FetchOrder {
  std::string program;
  std::string job;   ///< encode_fetch_job()
  std::string home;  ///< its HOME
  std::chrono::milliseconds timeout{};
};

/// `on_end` is called once, from the loop, unless the call is destroyed before; it may destroy the call.
base::Result<std::unique_ptr<base::ChildCall>> start_fetch(base::EventLoop& loop, const FetchOrder& order,
                                                           std::function<void(base::Status answer)> on_end);

}  // namespace holdfast::gitops
