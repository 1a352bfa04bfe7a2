// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/hardware.hpp"

#include <dirent.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>

#include "base/digest.hpp"
#include "base/handle.hpp"
#include "edge_agent/machine_tree.hpp"

namespace holdfast::edge_agent {

namespace {

constexpr std::size_t kInterfacesMax = 64;  ///< looked at
constexpr std::size_t kFactLengthMin = 3;

void free_text(char* text) { std::free(text); }

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

/// IEEE 802: one that somebody chose is not the maker's, and virtual machines share theirs.
bool is_locally_given(const std::string& address) {
  const auto second = address.size() > 1 ? std::string_view("0123456789abcdef").find(address[1]) : 2;
  return second == std::string_view::npos || (second & 2U) != 0;
}

/// Of interfaces with a device of their own that is soldered on: what sits on USB is carried from machine to machine.
void add_addresses(const std::string& root, const MachineTree& tree,
                   std::map<std::string, std::string>& out) {
  const std::string folder = root + "/sys/class/net";
  const base::Handle<DIR, ::closedir> names(::opendir(folder.c_str()));
  if (!names) return;
  for (std::size_t seen = 0; seen < kInterfacesMax; ++seen) {
    const dirent* const entry = ::readdir(names.get());
    if (entry == nullptr) return;
    const std::string path = std::string("/sys/class/net/") + entry->d_name;
    const base::Handle<char, free_text> device(::realpath((root + path + "/device").c_str(), nullptr));
    if (!device || std::string_view(device.get()).find("/usb") != std::string_view::npos) continue;
    constexpr std::string_view kPermanent = "0";  // NET_ADDR_PERM
    const auto address = lower(tree.text(path + "/address"));
    if (tree.text(path + "/addr_assign_type") != kPermanent || is_placeholder(address) ||
        is_locally_given(address))
      continue;
    out["mac." + address] = address;
  }
}

}  // namespace

bool is_placeholder(std::string text) {
  text = lower(std::move(text));
  static constexpr std::array<std::string_view, 8> kWords{"to be filled",   "default string", "not specified",
                                                          "system serial",  "serial number",  "none",
                                                          "not applicable", "123456789"};
  if (text.size() < kFactLengthMin) return true;
  const auto is_one_of = [&](std::string_view all) {
    return text.find_first_not_of(all) == std::string::npos;
  };
  if (is_one_of("0-:. ") || is_one_of("f-:. ") || is_one_of("x-:. ")) return true;
  return std::ranges::any_of(kWords, [&](std::string_view word) { return text.starts_with(word); });
}

std::map<std::string, std::string> hardware_facts(const std::string& root) {
  const MachineTree tree(root);
  std::map<std::string, std::string> out;
  static constexpr std::array<std::pair<const char*, const char*>, 5> kFiles{
      {{"product_uuid", "/sys/class/dmi/id/product_uuid"},
       {"product_serial", "/sys/class/dmi/id/product_serial"},
       {"board_serial", "/sys/class/dmi/id/board_serial"},
       {"chassis_serial", "/sys/class/dmi/id/chassis_serial"},
       {"device_tree_serial", "/proc/device-tree/serial-number"}}};
  for (const auto& [name, file] : kFiles) {
    if (auto text = lower(tree.text(file)); !is_placeholder(text)) out[name] = std::move(text);
  }
  add_addresses(root, tree, out);
  return out;
}

std::string fingerprint_of(const std::map<std::string, std::string>& facts,
                           const std::vector<std::string>& names) {
  std::string all;
  for (const auto& name : names) {
    const auto fact = facts.find(name);
    if (fact == facts.end()) return {};
    all += name + "=" + fact->second + "\n";
  }
  return all.empty() ? "" : base::Digest::of(all).hex();
}

std::uint64_t hardware_number(const std::string& fingerprint) {
  const auto digest = base::Digest::from_hex(fingerprint);
  if (!digest) return 0;
  std::uint64_t out = 0;
  for (std::size_t i = 8; i > 0; --i) out = out << 8U | digest->bytes().at(i - 1);
  return out;
}

}  // namespace holdfast::edge_agent
