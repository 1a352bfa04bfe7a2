// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/fake_hooks.hpp"

#include <algorithm>

namespace holdfast::edge_agent {

FakeMeta hook(const std::string& stage, const std::string& policy, std::int64_t wave) {
  FakeMeta meta;
  meta.wave = wave;
  meta.hook = stage;
  meta.hook_delete_policy = policy;
  return meta;
}

std::string once(const std::string& program, const std::string& restart) {
  return R"({"command":["/usr/bin/)" + program + R"("],"restartPolicy":")" + restart + "\"}";
}

FakeApp versioned(const std::string& version) {
  return FakeApp("app").file("a", "/etc/a", version).process("web", {"/usr/bin/web", version});
}

void HookNode::ends(const std::string& name, std::int32_t code, std::chrono::milliseconds after) {
  base::FakeProgram program;
  program.exits_with = code;
  program.exits_after = after;
  host.set_program(process(name), program);
}

std::vector<std::string> HookNode::started() const {
  std::vector<std::string> out;
  for (const auto& change : host.changes()) {
    if (!change.starts_with("start ")) continue;
    const auto dot = change.find('.') + 1;
    out.push_back(change.substr(dot, change.rfind('-') - dot));
  }
  return out;
}

std::size_t HookNode::starts_of(const std::string& name) const {
  const auto all = started();
  return static_cast<std::size_t>(std::ranges::count(all, name));
}

bool HookNode::begins_with(const FakeApp& first) {
  desire({first});
  pass(std::chrono::minutes{2});
  forget_touched();
  return section(first.name()).phase == sync::SectionPhase::kSynced;
}

}  // namespace holdfast::edge_agent
