// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/gpu_request.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "edge_agent/gpu_device.hpp"

namespace holdfast::edge_agent {

namespace {

constexpr std::string_view kCdiKind = "nvidia.com/gpu";

/// A line of YAML or JSON that says so: kind: nvidia.com/gpu, or "kind": "nvidia.com/gpu",
bool says_kind(std::string_view line) {
  std::string bare;
  for (const char c : line) {
    if (c != ' ' && c != '"' && c != '\'' && c != ',' && c != '\r') bare.push_back(c);
  }
  return bare == "kind:" + std::string(kCdiKind);
}

bool is_cdi_specification(const MachineTree& tree, const std::string& path) {
  const auto content = tree.large(path);
  std::string_view rest = content;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    if (says_kind(rest.substr(0, end))) return true;
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return false;
}

bool has_cdi(const MachineTree& tree) {
  static constexpr std::array<const char*, 2> kFolders{"/etc/cdi/", "/var/run/cdi/"};
  return std::ranges::any_of(kFolders, [&](const std::string folder) {
    return std::ranges::any_of(tree.names(folder), [&](const std::string& name) {
      return (name.ends_with(".yaml") || name.ends_with(".json")) &&
             is_cdi_specification(tree, folder + name);
    });
  });
}

bool is_jetson(const MachineTree& tree) {
  const auto gpu = find_gpu(tree);
  return gpu && gpu->device.starts_with("/sys/class/devfreq/");
}

/// What the manifest says stands.
void add_env(base::ContainerSpec& spec, const std::string& name) {
  const auto is_there = [&](const auto& variable) { return variable.first == name; };
  if (std::ranges::none_of(spec.env, is_there)) spec.env.emplace_back(name, "all");
}

}  // namespace

std::uint32_t count_gpus(const MachineTree& tree) {
  if (is_jetson(tree)) return 1;
  // Of class 03, display controllers; a GPU has other functions (sound, USB) beside it.
  const std::string all = "/sys/bus/pci/devices/";
  return static_cast<std::uint32_t>(std::ranges::count_if(tree.names(all), [&](const std::string& name) {
    return tree.text(all + name + "/vendor") == "0x10de" &&
           tree.text(all + name + "/class").starts_with("0x03");
  }));
}

base::Status request_gpus(const MachineTree& tree, std::uint32_t count, base::ContainerSpec& spec) {
  if (count == 0) return {};
  const auto there = count_gpus(tree);
  if (there == 0)
    return base::fail(
        base::Code::kUnsupported,
        "nvidia.com/gpu is asked for, and this node has no GPU of NVIDIA's; place it by the label "
        "facts.holdfast.dev/gpu");
  if (there < count)
    return base::fail(base::Code::kUnsupported, "nvidia.com/gpu: " + std::to_string(count) +
                                                    " are asked for, and this node has " +
                                                    std::to_string(there));
  if (has_cdi(tree)) {
    base::DeviceRequest request{.driver = "cdi", .count = 0, .ids = {}, .capabilities = {}};
    for (std::uint32_t i = 0; i < count; ++i)
      request.ids.push_back(std::string(kCdiKind) + "=" + std::to_string(i));
    spec.device_requests.push_back(std::move(request));
  } else if (is_jetson(tree)) {
    spec.runtime = "nvidia";
    add_env(spec, "NVIDIA_VISIBLE_DEVICES");
    add_env(spec, "NVIDIA_DRIVER_CAPABILITIES");
  } else {
    spec.device_requests.push_back(
        {.driver = "nvidia", .count = static_cast<std::int64_t>(count), .ids = {}, .capabilities = {"gpu"}});
  }
  return {};
}

}  // namespace holdfast::edge_agent
