// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/machine_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "base/handle.hpp"
#include "base/limits/node.hpp"

namespace holdfast::edge_agent {

namespace limits = base::limits;

std::string MachineTree::read(const std::string& path, std::size_t bytes_max) const {
  const base::Fd file(::open((root_ + path).c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file) return {};
  ++reads_;
  std::string out;
  std::array<char, limits::kMachineFileBytesMax> bytes{};
  while (out.size() < bytes_max) {
    const auto got = ::read(file.get(), bytes.data(), std::min(bytes.size(), bytes_max - out.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return {};  // a sensor whose device sleeps
    if (got == 0) break;
    out.append(bytes.data(), static_cast<std::size_t>(got));
  }
  return out;
}

std::string MachineTree::bytes(const std::string& path) const {
  return read(path, limits::kMachineFileBytesMax);
}

std::string MachineTree::large(const std::string& path) const { return read(path, limits::kCdiFileBytesMax); }

std::string MachineTree::text(const std::string& path) const {
  auto text = bytes(path);
  std::erase(text, '\0');
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::optional<std::int64_t> MachineTree::number(const std::string& path) const {
  const auto text = this->text(path);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string> MachineTree::names(const std::string& folder, std::string_view prefix) const {
  std::vector<std::string> out;
  const base::Handle<DIR, ::closedir> entries(::opendir((root_ + folder).c_str()));
  if (!entries) return out;
  for (std::size_t seen = 0; seen < limits::kMachineNamesMax; ++seen) {
    const dirent* const entry = ::readdir(entries.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name.starts_with(prefix) && !name.starts_with('.')) out.emplace_back(name);
  }
  std::ranges::sort(out);
  return out;
}

bool MachineTree::exists(const std::string& path) const {
  return ::access((root_ + path).c_str(), F_OK) == 0;
}

}  // namespace holdfast::edge_agent
