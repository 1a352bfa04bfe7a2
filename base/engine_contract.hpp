// SPDX-License-Identifier: Apache-2.0
// What all parts of the Engine contract suite stand on: one test body, run on a real podman and on the fake.
// Threads: one.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "base/engine_world_contract.hpp"

namespace holdfast::base {

struct EngineKind {
  std::string name;
  std::function<std::unique_ptr<EngineWorld>()> make;
};
inline void PrintTo(const EngineKind& kind, std::ostream* out) { *out << kind.name; }

class EngineContract : public testing::TestWithParam<EngineKind> {
 protected:
  EngineWorld& world() { return *world_; }
  Engine& engine() { return world_->engine(); }

  /// Makes a call and waits for its end.
  template <class T>
  Result<T> wait(const std::function<void(Engine::OnEnd<T>)>& call) {
    auto end = std::make_shared<std::optional<Result<T>>>();
    call([end](Result<T> result) { end->emplace(std::move(result)); });
    world().until([&] { return end->has_value(); });
    if (!end->has_value()) return fail(Code::kInternal, "the call never ended");
    return **end;
  }
  Status start(const ContainerId& id) {
    return wait<void>([&](auto end) { engine().start(id, end); });
  }
  Status stop(const ContainerId& id, std::chrono::milliseconds grace) {
    return wait<void>([&](auto end) { engine().stop(id, grace, end); });
  }
  Status kill(const ContainerId& id) {
    return wait<void>([&](auto end) { engine().kill(id, end); });
  }
  Status remove(const ContainerId& id) {
    return wait<void>([&](auto end) { engine().remove(id, end); });
  }
  Result<ContainerId> create(const ContainerSpec& spec) {
    return wait<ContainerId>([&](auto end) { engine().create(spec, end); });
  }
  Result<ContainerState> inspect(const ContainerId& id) {
    return wait<ContainerState>([&](auto end) { engine().inspect(id, end); });
  }
  Result<std::vector<ContainerSummary>> list(const LabelFilter& labels = {}) {
    return wait<std::vector<ContainerSummary>>([&](auto end) { engine().list(labels, end); });
  }
  Result<ContainerLog> log_lines(const ContainerId& id, LogOptions options = {}) {
    return wait<ContainerLog>([&](auto end) { engine().logs(id, options, end); });
  }
  /// The same as one text.
  Result<ContainerOutput> logs(const ContainerId& id, LogOptions options = {}) {
    HF_TRY(const auto log, log_lines(id, options));
    ContainerOutput out{"", log.is_cut};
    for (const auto& line : log.lines) out.text += line.text + "\n";
    return out;
  }
  Result<ExecEnd> exec(const ContainerId& id, const ExecCommand& command) {
    return wait<ExecEnd>([&](auto end) { engine().exec(id, command, end); });
  }
  Result<ImageInfo> image(const std::string& reference) {
    return wait<ImageInfo>([&](auto end) { engine().image(reference, end); });
  }
  Status remove_image(const std::string& reference) {
    return wait<void>([&](auto end) { engine().remove_image(reference, end); });
  }
  Status load(const std::string& bytes);
  /// The test's image, loaded if it is not there.
  void have_image();
  /// Has the image, makes the container and starts it; nobody() where that fails.
  ContainerId started(const ContainerSpec& spec);
  /// Both are false at once for nobody.
  bool until_says(const ContainerId& id, const std::string& text);
  bool until_phase(const ContainerId& id, ContainerPhase phase);

  static ContainerId nobody() { return ContainerId(std::string(64, '0')); }

 private:
  std::unique_ptr<EngineWorld> world_ = GetParam().make();
};

#define EXPECT_DONE(expression)                                               \
  do {                                                                        \
    const auto hf_result = (expression);                                      \
    EXPECT_TRUE(hf_result) << (hf_result ? "" : hf_result.error().message()); \
  } while (false)

#define EXPECT_REFUSED(expected, expression)                                                            \
  do {                                                                                                  \
    const auto hf_result = (expression);                                                                \
    ASSERT_FALSE(hf_result) << "it worked";                                                             \
    EXPECT_EQ(to_string(hf_result.error().code()), to_string(expected)) << hf_result.error().message(); \
  } while (false)

inline auto all_engine_kinds() {
  return testing::Values(EngineKind{"Podman", [] { return make_podman_world(); }},
                         EngineKind{"Fake", [] { return make_fake_engine_world(); }});
}
inline std::string engine_kind_name(const testing::TestParamInfo<EngineKind>& info) {
  return info.param.name;
}

}  // namespace holdfast::base
