// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/gpu_device.hpp"

#include <algorithm>
#include <array>

namespace holdfast::edge_agent {

namespace {

/// The first entry of `compatible`, without its maker: "brcm,2711-v3d" → "2711-v3d".
std::string chip_of(const MachineTree& tree, const std::string& device) {
  const auto compatible = tree.bytes(device + "/of_node/compatible");
  const auto first = compatible.substr(0, compatible.find('\0'));
  return first.substr(first.find(',') + 1);
}

/// Node names of Jetson's GPUs: "gpu" since Orin, the chip before.
bool is_gpu_node(const std::string& name) {
  static constexpr std::array<std::string_view, 5> kNames{"gpu", "ga10b", "gv11b", "gp10b", "gm20b"};
  return std::ranges::find(kNames, name) != kNames.end();
}

std::optional<GpuDevice> by_devfreq(const MachineTree& tree) {
  const std::string all = "/sys/class/devfreq/";
  for (const auto& name : tree.names(all)) {
    const auto device = all + name + "/device";
    if (!is_gpu_node(tree.text(device + "/of_node/name"))) continue;
    constexpr std::int64_t kPerMille = 1'000;
    return GpuDevice{chip_of(tree, device), device, tree.exists(device + "/load") ? device + "/load" : "",
                     kPerMille};
  }
  return std::nullopt;
}

/// "0x8086", "0x5a85" → "intel-5a85": under the number a person finds it (`lspci -nn`).
std::string pci_model(const std::string& vendor, const std::string& device) {
  constexpr std::string_view kHex = "0x";
  if (!vendor.starts_with(kHex) || !device.starts_with(kHex)) return {};
  const auto maker = vendor == "0x8086"   ? std::string("intel")
                     : vendor == "0x10de" ? std::string("nvidia")
                     : vendor == "0x1002" ? std::string("amd")
                                          : vendor.substr(kHex.size());
  return maker + "-" + device.substr(kHex.size());
}

std::optional<GpuDevice> by_drm(const MachineTree& tree) {
  const std::string all = "/sys/class/drm/";
  for (const auto& name : tree.names(all, "card")) {
    if (name.find('-') != std::string::npos) continue;  // a connector
    const auto device = all + name + "/device";
    auto model = pci_model(tree.text(device + "/vendor"), tree.text(device + "/device"));
    if (model.empty()) {
      model = chip_of(tree, device);
      if (!model.ends_with("-v3d")) continue;  // a display controller
    }
    constexpr std::int64_t kPercent = 100;
    const auto load = device + "/gpu_busy_percent";
    return GpuDevice{std::move(model), device, tree.exists(load) ? load : "", kPercent};
  }
  return std::nullopt;
}

}  // namespace

std::optional<GpuDevice> find_gpu(const MachineTree& tree) {
  auto found = by_devfreq(tree);
  return found ? found : by_drm(tree);
}

std::optional<double> gpu_load(const MachineTree& tree, const GpuDevice& gpu) {
  if (gpu.load_file.empty()) return std::nullopt;
  if (tree.text(gpu.device + "/power/runtime_status") == "suspended") return 0.0;
  const auto load = tree.number(gpu.load_file);
  if (!load) return std::nullopt;
  return std::clamp(static_cast<double>(*load) / static_cast<double>(gpu.load_of), 0.0, 1.0);
}

}  // namespace holdfast::edge_agent
