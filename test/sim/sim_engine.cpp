// SPDX-License-Identifier: Apache-2.0
#include "test/sim/sim_engine.hpp"

#include <algorithm>

namespace holdfast::sim {

using base::Engine;

template <class T>
Engine::OnEnd<T> SimEngine::heard(OnEnd<T> on_end) {
  return [this, on_end = std::move(on_end)](base::Result<T> result) {
    fuse_.point();
    on_end(std::move(result));
  };
}

/// What a program does is written in its arguments, as for processes.
Engine::CallId SimEngine::create(const base::ContainerSpec& spec, OnEnd<base::ContainerId> on_end) {
  fuse_.point();
  rules_.before_create(spec);
  const auto says = [&](const char* word) {
    return spec.entrypoint && std::ranges::find(*spec.entrypoint, word) != spec.entrypoint->end();
  };
  base::FakeContainerProgram program;
  if (says("exits")) {
    program.exits_with = 1;
    program.exits_after = std::chrono::milliseconds{50};
  }
  if (says("slow")) program.stop_takes = std::chrono::seconds{2};
  inner_.set_program(spec.name, program);
  return inner_.create(spec, heard(std::move(on_end)));
}

Engine::CallId SimEngine::start(const base::ContainerId& id, OnEnd<void> on_end) {
  fuse_.point();
  return inner_.start(id, heard(std::move(on_end)));
}

Engine::CallId SimEngine::stop(const base::ContainerId& id, std::chrono::milliseconds grace,
                               OnEnd<void> on_end) {
  fuse_.point();
  rules_.before_stop(id);
  return inner_.stop(id, grace, heard(std::move(on_end)));
}

Engine::CallId SimEngine::kill(const base::ContainerId& id, OnEnd<void> on_end) {
  fuse_.point();
  rules_.before_stop(id);
  return inner_.kill(id, heard(std::move(on_end)));
}

Engine::CallId SimEngine::remove(const base::ContainerId& id, OnEnd<void> on_end) {
  fuse_.point();
  rules_.before_remove(id);
  return inner_.remove(id, heard(std::move(on_end)));
}

}  // namespace holdfast::sim
