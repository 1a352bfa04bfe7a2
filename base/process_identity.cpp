// SPDX-License-Identifier: Apache-2.0
#include "base/process_identity.hpp"

#include <dirent.h>

#include <array>
#include <charconv>

#include "base/handle.hpp"
#include "base/plain_file.hpp"

namespace holdfast::base {
namespace {

constexpr std::size_t kStatBytesMax = 4096;

template <class Number>
bool to_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

}  // namespace

std::string read_boot_id() {
  auto text = read_plain_file("/proc/sys/kernel/random/boot_id", 256);
  if (!text) return {};
  while (!text->empty() && text->back() == '\n') text->pop_back();
  return *text;
}

std::optional<ProcessStat> parse_process_stat(std::string_view line) {
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string_view::npos || name_end + 2 >= line.size()) return std::nullopt;
  constexpr std::size_t kFirstField = 3;
  constexpr std::size_t kStartTimeField = 22;
  std::array<std::string_view, kStartTimeField - kFirstField + 1> fields;
  std::string_view rest = line.substr(name_end + 2);
  for (std::string_view& field : fields) {
    const std::size_t space = rest.find_first_of(" \n");
    field = rest.substr(0, space);
    rest.remove_prefix(space == std::string_view::npos ? rest.size() : space + 1);
  }
  ProcessStat stat;
  if (fields[0].size() != 1) return std::nullopt;
  stat.state = fields[0][0];
  const bool complete = to_number(fields[4 - kFirstField], stat.parent) &&
                        to_number(fields[6 - kFirstField], stat.session) &&
                        to_number(fields[kStartTimeField - kFirstField], stat.start_time);
  return complete ? std::optional(stat) : std::nullopt;
}

std::optional<ProcessStat> read_process_stat(std::int64_t pid) {
  const auto text = read_plain_file("/proc/" + std::to_string(pid) + "/stat", kStatBytesMax);
  return text ? parse_process_stat(*text) : std::nullopt;
}

bool is_alive(const ProcessIdentity& identity, std::string_view boot_id_now) {
  // Without a boot id nothing tells an earlier boot's process from one of today.
  if (identity.pid <= 0 || identity.boot_id.empty() || identity.boot_id != boot_id_now) return false;
  const auto stat = read_process_stat(identity.pid);
  return stat && stat->start_time == identity.start_time && stat->state != 'Z' && stat->state != 'X';
}

std::vector<std::int64_t> pids_of_session(std::int64_t session) {
  std::vector<std::int64_t> pids;
  const Handle<DIR, ::closedir> proc(::opendir("/proc"));
  if (!proc) return pids;
  while (const dirent* entry = ::readdir(proc.get())) {
    std::int64_t pid = 0;
    if (!to_number(std::string_view(entry->d_name), pid)) continue;
    const auto stat = read_process_stat(pid);
    if (stat && stat->session == session) pids.push_back(pid);
  }
  return pids;
}

}  // namespace holdfast::base
