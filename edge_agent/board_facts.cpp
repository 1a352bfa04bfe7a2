// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/board_facts.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "base/limits/model.hpp"
#include "base/limits/node.hpp"
#include "edge_agent/gpu_device.hpp"
#include "edge_agent/hardware.hpp"
#include "edge_agent/jetpack.hpp"
#include "edge_agent/memory_info.hpp"

namespace holdfast::edge_agent {

namespace limits = base::limits;

namespace {

using Facts = std::map<std::string, std::string>;

/// Firmware leaves any bytes; a fact is a text that a person can read on one line, or none.
bool is_telling(const std::string& text) {
  return text.size() <= limits::kMachineTextLengthMax &&
         std::ranges::all_of(text, [](unsigned char c) { return c >= ' ' && c < 0x7f; });
}

void put(Facts& out, const std::string& name, std::string text) {
  if (!text.empty() && is_telling(text)) out[name] = std::move(text);
}

std::string dmi(const MachineTree& tree, const std::string& name) {
  auto text = tree.text("/sys/class/dmi/id/" + name);
  // What makers leave in of the model, beside what they leave in of serials.
  const bool is_left_in = text == "System Product Name" || text == "System manufacturer";
  return is_left_in || is_placeholder(text) ? std::string() : text;
}

std::string model_of(const MachineTree& tree) {
  auto model = tree.text("/proc/device-tree/model");
  if (!model.empty()) return model;
  const auto maker = dmi(tree, "sys_vendor");
  model = dmi(tree, "product_name");
  return maker.empty() || model.empty() || model.starts_with(maker) ? model : maker + " " + model;
}

std::string serial_of(const MachineTree& tree) {
  const auto serial = tree.text("/proc/device-tree/serial-number");
  if (!is_placeholder(serial)) return serial;
  const auto product = dmi(tree, "product_serial");
  return product.empty() ? dmi(tree, "board_serial") : product;
}

/// The last, so most general, entry of the root's `compatible`: "nvidia,tegra234" → "tegra234".
std::string soc_of(const MachineTree& tree) {
  auto compatible = tree.bytes("/proc/device-tree/compatible");
  while (compatible.ends_with('\0')) compatible.pop_back();
  const auto last = compatible.substr(compatible.rfind('\0') + 1);
  return last.substr(last.find(',') + 1);
}

/// Of "0-3,8": 5. Those that are switched off count: they are there.
std::uint64_t count_of_list(std::string_view list) {
  std::uint64_t out = 0;
  while (!list.empty()) {
    const auto part = list.substr(0, list.find(','));
    list.remove_prefix(std::min(part.size() + 1, list.size()));
    std::uint64_t first = 0;
    const char* const end = part.data() + part.size();
    const auto read = std::from_chars(part.data(), end, first);
    std::uint64_t last = first;
    if (read.ec != std::errc{}) return 0;
    if (read.ptr != end && (*read.ptr != '-' || std::from_chars(read.ptr + 1, end, last).ptr != end))
      return 0;
    if (last < first) return 0;
    out += last - first + 1;
  }
  return out;
}

std::string kind_of_interface(const MachineTree& tree, const std::string& folder) {
  constexpr std::int64_t kEthernet = 1;  // ARPHRD_ETHER and ARPHRD_CAN of <linux/if_arp.h>
  constexpr std::int64_t kCan = 280;
  const auto said = tree.text(folder + "/uevent");
  if (said.find("DEVTYPE=wlan") != std::string::npos) return "wifi";
  if (said.find("DEVTYPE=wwan") != std::string::npos) return "wwan";
  const auto type = tree.number(folder + "/type");
  return type == kEthernet ? "ethernet" : type == kCan ? "can" : "other";
}

/// Those with a device of their own; bridges, tunnels and the ends of containers have none.
void add_interfaces(const MachineTree& tree, Facts& out) {
  const std::string all = "/sys/class/net";
  std::size_t count = 0;
  for (const auto& name : tree.names(all)) {
    const auto folder = all + "/" + name;
    if (count == limits::kInterfaceFactsMax) return;
    if (!is_telling(name) || !tree.exists(folder + "/device")) continue;
    out["network." + name] = kind_of_interface(tree, folder);
    ++count;
  }
}

}  // namespace

std::string label_form(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_kept = byte < 0x80 && (std::isalnum(byte) != 0 || c == '.');
    if (is_kept) {
      out += static_cast<char>(std::tolower(byte));
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
  }
  out.resize(std::min(out.size(), limits::kLabelLengthMax));
  while (out.ends_with('-') || out.ends_with('.')) out.pop_back();
  const auto begin = out.find_first_not_of("-.");
  return begin == std::string::npos ? std::string() : out.substr(begin);
}

std::string mebibytes_text(std::uint64_t bytes) { return std::to_string(bytes >> 20U) + "Mi"; }

Facts board_facts(const MachineTree& tree) {
  Facts out;
  const auto model = model_of(tree);
  put(out, "model", model);
  if (out.contains("model")) put(out, "board", label_form(model));
  put(out, "serial", serial_of(tree));
  put(out, "soc", soc_of(tree));
  const auto l4t = l4t_release(tree.bytes("/etc/nv_tegra_release"));
  put(out, "l4t", l4t);
  put(out, "jetpack", std::string(jetpack_of(l4t)));
  if (const auto cpus = count_of_list(tree.text("/sys/devices/system/cpu/present")); cpus > 0)
    out["cpus"] = std::to_string(cpus);
  if (const auto memory = memory_info(tree.bytes("/proc/meminfo")))
    out["memory"] = mebibytes_text(memory->total);
  if (const auto gpu = find_gpu(tree)) put(out, "gpu", gpu->model);
  add_interfaces(tree, out);
  return out;
}

}  // namespace holdfast::edge_agent
