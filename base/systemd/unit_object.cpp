// SPDX-License-Identifier: Apache-2.0
#include "base/systemd/unit_object.hpp"

#include <array>
#include <map>

#include "base/digest.hpp"

namespace holdfast::base {
namespace {

constexpr std::string_view kFolder = "/org/freedesktop/systemd1/unit/";
constexpr std::string_view kHex = "0123456789abcdef";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct TypeRow {
  std::string_view suffix;
  std::string_view interface;
};
/// Those that say how they ended.
constexpr std::array kTypes{TypeRow{".service", "org.freedesktop.systemd1.Service"},
                            TypeRow{".socket", "org.freedesktop.systemd1.Socket"},
                            TypeRow{".timer", "org.freedesktop.systemd1.Timer"},
                            TypeRow{".path", "org.freedesktop.systemd1.Path"},
                            TypeRow{".mount", "org.freedesktop.systemd1.Mount"},
                            TypeRow{".automount", "org.freedesktop.systemd1.Automount"},
                            TypeRow{".swap", "org.freedesktop.systemd1.Swap"}};

}  // namespace

std::string unit_object_path(std::string_view unit) {
  std::string path(kFolder);
  for (std::size_t i = 0; i < unit.size(); ++i) {
    const char c = unit[i];
    if (is_letter(c) || (is_digit(c) && i > 0)) {
      path += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      path.append(1, '_').append(1, kHex[byte >> 4U]).append(1, kHex[byte & 15U]);
    }
  }
  return path;
}

std::optional<std::string> unit_of_object_path(std::string_view path) {
  if (!path.starts_with(kFolder)) return std::nullopt;
  path.remove_prefix(kFolder.size());
  std::string unit;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '_') {
      unit += path[i];
      continue;
    }
    const auto high = i + 2 < path.size() ? kHex.find(path[i + 1]) : std::string_view::npos;
    const auto low = i + 2 < path.size() ? kHex.find(path[i + 2]) : std::string_view::npos;
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    unit += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (unit.empty()) return std::nullopt;
  return unit;
}

std::string unit_type_interface(std::string_view unit) {
  for (const auto& row : kTypes) {
    if (unit.ends_with(row.suffix)) return std::string(row.interface);
  }
  return "";
}

std::vector<std::string> unit_type_properties(std::string_view unit) {
  if (unit.ends_with(".service"))
    return {"Result", "Type", "MainPID", "ExecMainStatus", "ExecMainExitTimestampMonotonic", "NRestarts"};
  if (unit_type_interface(unit).empty()) return {};
  return {"Result"};
}

void read_unit_properties(DBusMessage& reply, UnitState& state) {
  // A result counts where there was a check.
  std::map<std::string, std::int64_t> checked_at;
  std::map<std::string, bool> results;
  BusValue(reply).each_property([&](const std::string& name, const BusValue& value) {
    if (name == "Id") state.id = value.text();
    if (name == "LoadState") state.load = value.text();
    if (name == "ActiveState") state.active = value.text();
    if (name == "SubState") state.sub = value.text();
    if (name == "FragmentPath") state.fragment = value.text();
    if (name == "DropInPaths") state.drop_ins = value.texts();
    if (name == "NeedDaemonReload") state.needs_reload = value.flag();
    if (name == "InvocationID") state.invocation = to_hex(value.bytes());
    if (name == "ActiveExitTimestampMonotonic") state.active_exit_us = value.number();
    if (name == "ConditionTimestampMonotonic") checked_at["Condition"] = value.number();
    if (name == "AssertTimestampMonotonic") checked_at["Assert"] = value.number();
    if (name == "ConditionResult") results["Condition"] = value.flag();
    if (name == "AssertResult") results["Assert"] = value.flag();
    if (name == "Job") state.has_job = value.first().number() != 0;
    if (name == "LoadError") {
      BusValue error = value.first();
      error.next();
      state.load_error = error.text();
    }
  });
  for (const auto& [check, is_met] : results)
    state.is_unmet = state.is_unmet || (checked_at[check] > 0 && !is_met);
}

void read_type_property(std::string_view name, DBusMessage& reply, UnitState& state) {
  const BusValue value = BusValue(reply).inner();
  if (name == "Result") state.result = value.text();
  if (name == "Type") state.type = value.text();
  if (name == "MainPID") state.main_pid = value.number();
  if (name == "ExecMainStatus") state.exit_status = static_cast<std::int32_t>(value.number());
  if (name == "ExecMainExitTimestampMonotonic") state.main_exit_us = value.number();
  if (name == "NRestarts") state.restarts = static_cast<std::uint32_t>(value.number());
}

}  // namespace holdfast::base
