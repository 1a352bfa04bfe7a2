// SPDX-License-Identifier: Apache-2.0
// EngineWorld: one machine with a container engine for the contract suite: the Engine under test, images and programs, and
// the hands that change things behind its back. Real: podman of its own, served by PodmanService. Fake: FakeEngine.
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/engine.hpp"

namespace holdfast::base {

class EngineWorld {
 public:
  virtual ~EngineWorld() = default;
  virtual Engine& engine() = 0;
  virtual bool is_real() const = 0;

  /// An archive with one image, and its name.
  virtual std::string archive() = 0;
  static std::string image_name() { return "holdfast.test/busybox:1"; }

  // Programs, each as ContainerSpec without a network.
  /// Logs "ready" when it listens; ends with 0 when it is told to stop.
  virtual ContainerSpec that_runs(const std::string& name) = 0;
  virtual ContainerSpec that_exits(const std::string& name, std::int64_t code) = 0;
  /// Logs "ready" when it does not listen.
  virtual ContainerSpec that_ignores_term(const std::string& name) = 0;
  /// Logs "line 1" to "line N", and ends.
  virtual ContainerSpec that_says(const std::string& name, int lines) = 0;
  virtual ContainerSpec that_is_missing(const std::string& name) = 0;

  // Commands.
  /// Prints "out" and "err", each a line on its stream, and ends.
  virtual ExecCommand that_ends(std::int64_t code) = 0;
  virtual ExecCommand that_prints(std::size_t bytes) = 0;
  virtual ExecCommand that_never_ends(std::chrono::milliseconds timeout) = 0;
  virtual ExecCommand that_takes(std::chrono::milliseconds time, std::chrono::milliseconds timeout) = 0;

  // Misfortunes.
  /// The engine ends and is there again; containers run on.
  virtual void restart_engine() = 0;
  virtual void take_engine_away() = 0;
  virtual void bring_engine_back() = 0;
  /// The agent dies and another begins: a new Engine. References from engine() are stale.
  virtual void new_agent() = 0;

  /// Lets time and events come until `condition`; false if it never does.
  virtual bool until(const std::function<bool()>& condition) = 0;
};

std::unique_ptr<EngineWorld> make_podman_world();
std::unique_ptr<EngineWorld> make_fake_engine_world();

}  // namespace holdfast::base
