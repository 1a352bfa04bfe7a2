// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/pod_labels.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/json.hpp"
#include "base/limits/agent.hpp"

namespace holdfast::edge_agent {
namespace {

constexpr std::string_view kSleep = "sleep ";

std::string_view to_string(ContainerRole role) {
  switch (role) {
    case ContainerRole::kNetwork: return "network";
    case ContainerRole::kInit: return "init";
    case ContainerRole::kSidecar: return "sidecar";
    case ContainerRole::kMain: return "main";
  }
  return "main";
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size() || out < 0) return std::nullopt;
  return out;
}

std::string pre_stop_text(const sync::PreStop& hook) {
  if (const auto* seconds = std::get_if<std::chrono::seconds>(&hook))
    return std::string(kSleep) + std::to_string(seconds->count());
  const auto* exec = std::get_if<sync::ExecAction>(&hook);
  return exec == nullptr ? "" : base::Json(exec->command).dump();
}

}  // namespace

std::map<std::string, std::string> labels_of(const PodWanted& pod, const PodContainer& container,
                                             const base::ContainerId& network, const Marks& marks) {
  auto out = pod.labels;
  out[pod_labels::kPod] = pod.id.text();
  out[pod_labels::kContainer] = container.name;
  out[pod_labels::kRole] = to_string(container.role);
  const auto in_order = std::ranges::find(pod.containers, container.name, &PodContainer::name);
  out[pod_labels::kOrder] = std::to_string(in_order - pod.containers.begin());
  out[pod_labels::kMark] = marks.make({sync::ClaimKind::kContainer, container.spec.name.str()}, pod.owner);
  out[pod_labels::kDigest] = pod.digest.hex();
  out[pod_labels::kGrace] = std::to_string(std::chrono::ceil<std::chrono::seconds>(pod.grace).count());
  if (!network.empty()) out[pod_labels::kNetwork] = network.str();
  if (!container.node_ports.empty()) out[pod_labels::kPorts] = container.node_ports;
  if (auto hook = pre_stop_text(container.pre_stop); !hook.empty())
    out[pod_labels::kPreStop] = std::move(hook);
  return out;
}

const std::string& label(const base::ContainerState& state, const char* name) {
  static const std::string kNone;
  const auto found = state.labels.find(name);
  return found == state.labels.end() ? kNone : found->second;
}

std::optional<PodId> pod_of(const base::ContainerState& state) {
  const auto& text = label(state, pod_labels::kPod);
  const auto slash = text.find('/');
  if (slash == std::string::npos) return std::nullopt;
  return PodId{text.substr(0, slash), text.substr(slash + 1)};
}

std::optional<sync::ResourceKey> owner_of(const base::ContainerState& state, const Marks& marks) {
  const auto& made_as = state.was_named.empty() ? state.name : state.was_named;
  return marks.owner(label(state, pod_labels::kMark), {sync::ClaimKind::kContainer, made_as.str()});
}

ContainerRole role_of(const base::ContainerState& state) {
  const auto& text = label(state, pod_labels::kRole);
  for (const auto role : {ContainerRole::kNetwork, ContainerRole::kInit, ContainerRole::kSidecar}) {
    if (text == to_string(role)) return role;
  }
  return ContainerRole::kMain;
}

std::size_t order_of(const base::ContainerState& state) {
  return static_cast<std::size_t>(number(label(state, pod_labels::kOrder)).value_or(0));
}

bool holds_port(const base::ContainerState& state, const std::string& port) {
  const std::string all = "," + label(state, pod_labels::kPorts) + ",";
  return all.find("," + port + ",") != std::string::npos;
}

std::chrono::milliseconds grace_of(const base::ContainerState& state) {
  const auto seconds = number(label(state, pod_labels::kGrace));
  return seconds ? std::chrono::seconds(*seconds) : base::limits::kTerminationGraceDefault;
}

sync::PreStop pre_stop_of(const base::ContainerState& state) {
  const std::string_view text = label(state, pod_labels::kPreStop);
  if (text.starts_with(kSleep)) {
    const auto seconds = number(text.substr(kSleep.size()));
    if (seconds) return std::chrono::seconds(*seconds);
    return {};
  }
  const auto words =
      text.empty() ? base::Result<base::Json>(base::fail(base::Code::kNotFound, "")) : base::parse_json(text);
  if (!words || !words->is_array()) return {};
  sync::ExecAction exec;
  for (const auto& word : *words) {
    if (!word.is_string()) return {};
    exec.command.push_back(word.get<std::string>());
  }
  return exec;
}

}  // namespace holdfast::edge_agent
