// SPDX-License-Identifier: Apache-2.0
// What a child is started with: a program of ours, its input, an environment, a word or none and none of our descriptors.
// base/child_call.hpp waits for one on an event loop.
// Threads: any.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "base/handle.hpp"
#include "base/result.hpp"

namespace holdfast::base {

struct ChildOrder {
  std::string program;
  std::string name;                      ///< in messages: "the fetching child"
  std::string input;                     ///< lies in memory that no file system holds
  std::vector<std::string> environment;  ///< "NAME=value"
  std::chrono::milliseconds timeout{};
  std::size_t answer_bytes_max = 0;      ///< one that says more is ended, and what it said is cut there
  std::vector<std::string> arguments{};  ///< others see them: words that tell what it is to do, and no more
};

struct StartedChild {
  pid_t pid = 0;  ///< leads a process group of its own; to be waited for
  Fd output;      ///< its standard output; does not block
};
Result<StartedChild> start_child(const ChildOrder& order);

}  // namespace holdfast::base
