// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/gpu_request.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "base/json.hpp"
#include "base/limits/node.hpp"
#include "edge_agent/gpu_device.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Status;

namespace {

constexpr std::string_view kCdiKind = "nvidia.com/gpu";
constexpr const char* kRuntime = "nvidia";

using Names = std::vector<std::string>;

/// Of a line as NVIDIA's toolkit writes them, without blanks and quotes: "- name: "0"" → "-name:0".
std::string bare(std::string_view line) {
  std::string out;
  for (const char c : line) {
    if (c != ' ' && c != '"' && c != '\'' && c != '\r') out.push_back(c);
  }
  return out;
}

/// nullopt: it is not of GPUs.
std::optional<Names> devices_in_yaml(std::string_view content) {
  bool is_of_gpus = false;
  Names names;
  while (!content.empty()) {
    const auto end = content.find('\n');
    std::string line = bare(content.substr(0, end));
    is_of_gpus = is_of_gpus || line == "kind:" + std::string(kCdiKind);
    if (line.starts_with('-')) line.erase(0, 1);
    constexpr std::string_view kName = "name:";
    if (line.starts_with(kName)) names.push_back(line.substr(kName.size()));
    if (end == std::string_view::npos) break;
    content.remove_prefix(end + 1);
  }
  return is_of_gpus ? std::optional(std::move(names)) : std::nullopt;
}

std::optional<Names> devices_in_json(std::string_view content) {
  auto limits = base::default_json_limits();
  limits.bytes_max = base::limits::kCdiFileBytesMax;
  const auto json = base::parse_json(content, limits);
  if (!json) return std::nullopt;
  std::string kind;
  Names names;
  base::ObjectReader in(*json, "");
  in.required("kind", kind);
  in.each("devices", [&](const base::Json& device, const std::string& at) {
    base::ObjectReader one(device, at);
    std::string name;
    one.required("name", name);
    names.push_back(std::move(name));
    return one.finish_open();
  });
  if (!in.finish_open() || kind != kCdiKind) return std::nullopt;
  return names;
}

/// Of the first specification of GPUs.
std::optional<Names> cdi_devices(const MachineTree& tree) {
  static constexpr std::array<const char*, 2> kFolders{"/etc/cdi/", "/var/run/cdi/"};
  for (const std::string folder : kFolders) {
    for (const auto& name : tree.names(folder)) {
      std::optional<Names> found;
      if (name.ends_with(".yaml")) found = devices_in_yaml(tree.large(folder + name));
      if (name.ends_with(".json")) found = devices_in_json(tree.large(folder + name));
      if (found) return found;
    }
  }
  return std::nullopt;
}

/// A GPU goes by its number, by its UUID, or both; "all" are all of them, and the only name that an early toolkit has for a Jetson's.
Names by_number(const Names& devices, std::uint32_t count) {
  Names out;
  for (std::uint32_t i = 0; i < count; ++i) out.push_back(std::to_string(i));
  const auto is_there = [&](const std::string& name) { return std::ranges::count(devices, name) > 0; };
  if (devices.empty() || std::ranges::all_of(out, is_there)) return out;
  Names others = devices;
  std::erase(others, "all");
  if (others.size() == count) return others;
  return count == 1 && is_there("all") ? Names{"all"} : out;
}

bool is_jetson(const MachineTree& tree) {
  const auto gpu = find_gpu(tree);
  return gpu && gpu->device.starts_with("/sys/class/devfreq/");
}

/// Of class 03, display controllers; a GPU has other functions (sound, USB) beside it.
std::uint32_t count_cards(const MachineTree& tree) {
  const std::string all = "/sys/bus/pci/devices/";
  return static_cast<std::uint32_t>(std::ranges::count_if(tree.names(all), [&](const std::string& name) {
    return tree.text(all + name + "/vendor") == "0x10de" &&
           tree.text(all + name + "/class").starts_with("0x03");
  }));
}

/// What the manifest says stands.
void add_env(base::ContainerSpec& spec, const std::string& name) {
  const auto is_there = [&](const auto& variable) { return variable.first == name; };
  if (std::ranges::none_of(spec.env, is_there)) spec.env.emplace_back(name, "all");
}

base::DeviceRequest request(const std::string& driver) {
  return {.driver = driver, .count = 0, .ids = {}, .capabilities = {}};
}

}  // namespace

GpuOffer gpu_offer(const MachineTree& tree) {
  GpuOffer offer{.count = 1, .is_jetson = is_jetson(tree), .cdi = {}};
  if (!offer.is_jetson) offer.count = count_cards(tree);
  if (offer.count == 0) return offer;
  if (const auto devices = cdi_devices(tree)) offer.cdi = by_number(*devices, offer.count);
  return offer;
}

Status give_gpus(const GpuOffer& offer, const base::EngineAbilities& engine,
                 const std::vector<std::uint32_t>& which, base::ContainerSpec& spec) {
  if (which.empty()) return {};
  if (!engine.gives_devices)
    return fail(Code::kUnsupported,
                "nvidia.com/gpu: the container engine is podman, which gives a container no GPU by this API; "
                "install Docker and NVIDIA's Container Toolkit, or place the application elsewhere");
  if (engine.knows_cdi && !offer.cdi.empty()) {
    auto cdi = request("cdi");
    for (const auto index : which)
      cdi.ids.push_back(std::string(kCdiKind) + "=" +
                        (index < offer.cdi.size() ? offer.cdi[index] : std::to_string(index)));
    spec.device_requests.push_back(std::move(cdi));
    return {};
  }
  if (offer.is_jetson) {
    if (!std::ranges::binary_search(engine.runtimes, kRuntime))
      return fail(Code::kUnsupported,
                  "nvidia.com/gpu: the container engine knows no runtime \"nvidia\", which gives a Jetson's "
                  "GPU; run: nvidia-ctk runtime configure, and restart the engine");
    spec.runtime = kRuntime;
    add_env(spec, "NVIDIA_VISIBLE_DEVICES");
    add_env(spec, "NVIDIA_DRIVER_CAPABILITIES");
    return {};
  }
  auto cards = request("nvidia");
  cards.capabilities = {"gpu"};
  for (const auto index : which) cards.ids.push_back(std::to_string(index));
  spec.device_requests.push_back(std::move(cards));
  return {};
}

}  // namespace holdfast::edge_agent
