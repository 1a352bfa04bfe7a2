// SPDX-License-Identifier: Apache-2.0
// SimEngine: the container engine as an agent in the simulator has it: the fake, watched. The agent may die before it asks for
// a change, and before it hears how it ended. Threads: one.
#pragma once

#include "base/fake_engine.hpp"
#include "test/sim/container_rules.hpp"
#include "test/sim/fuse.hpp"

namespace holdfast::sim {

class SimEngine final : public base::Engine {
 public:
  /// All outlive it.
  SimEngine(base::FakeEngine& inner, Fuse& fuse, ContainerRules& rules)
      : inner_(inner), fuse_(fuse), rules_(rules) {}

  CallId version(OnEnd<base::EngineVersion> on_end) override { return inner_.version(std::move(on_end)); }
  CallId folder(OnEnd<std::string> on_end) override { return inner_.folder(std::move(on_end)); }
  CallId abilities(OnEnd<base::EngineAbilities> on_end) override {
    return inner_.abilities(std::move(on_end));
  }
  CallId ping(OnEnd<void> on_end) override { return inner_.ping(std::move(on_end)); }
  CallId list(const base::LabelFilter& labels, OnEnd<std::vector<base::ContainerSummary>> on_end) override {
    return inner_.list(labels, std::move(on_end));
  }
  CallId inspect(const base::ContainerId& id, OnEnd<base::ContainerState> on_end) override {
    return inner_.inspect(id, std::move(on_end));
  }
  CallId create(const base::ContainerSpec& spec, OnEnd<base::ContainerId> on_end) override;
  CallId start(const base::ContainerId& id, OnEnd<void> on_end) override;
  CallId stop(const base::ContainerId& id, std::chrono::milliseconds grace, OnEnd<void> on_end) override;
  CallId kill(const base::ContainerId& id, OnEnd<void> on_end) override;
  CallId remove(const base::ContainerId& id, OnEnd<void> on_end) override;
  CallId logs(const base::ContainerId& id, const base::LogOptions& options,
              OnEnd<base::ContainerLog> on_end) override {
    return inner_.logs(id, options, std::move(on_end));
  }
  CallId exec(const base::ContainerId& id, const base::ExecCommand& command,
              OnEnd<base::ExecEnd> on_end) override {
    return inner_.exec(id, command, std::move(on_end));
  }
  CallId images(OnEnd<std::vector<base::ImageInfo>> on_end) override {
    return inner_.images(std::move(on_end));
  }
  CallId image(const std::string& reference, OnEnd<base::ImageInfo> on_end) override {
    return inner_.image(reference, std::move(on_end));
  }
  CallId load_image(ReadArchive archive, OnEnd<void> on_end) override {
    return inner_.load_image(std::move(archive), std::move(on_end));
  }
  CallId remove_image(const std::string& reference, OnEnd<void> on_end) override {
    return inner_.remove_image(reference, std::move(on_end));
  }
  CallId watch(EventListener listener) override { return inner_.watch(std::move(listener)); }
  void cancel(CallId call) override { inner_.cancel(call); }

 private:
  template <class T>
  OnEnd<T> heard(OnEnd<T> on_end);

  base::FakeEngine& inner_;
  Fuse& fuse_;
  ContainerRules& rules_;
};

}  // namespace holdfast::sim
