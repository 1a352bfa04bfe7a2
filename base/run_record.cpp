// SPDX-License-Identifier: Apache-2.0
#include "base/run_record.hpp"

#include <charconv>

#include "base/run_format.hpp"

namespace holdfast::base {
namespace {

void add_line(std::string& out, std::string_view key, std::string_view value) {
  out.append(key).push_back('=');
  for (const char c : value) {
    if (c == '\n') {
      out.append("\\n");
    } else if (c == '\\') {
      out.append("\\\\");
    } else {
      out.push_back(c);
    }
  }
  out.push_back('\n');
}

std::string unescaped(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\' && i + 1 < value.size()) {
      ++i;
      out.push_back(value[i] == 'n' ? '\n' : value[i]);
    } else {
      out.push_back(value[i]);
    }
  }
  return out;
}

Error corrupt(std::string_view header, std::string_view what) {
  return {Code::kCorrupt, "record '" + std::string(header) + "': " + std::string(what)};
}

/// Calls `take(key, value)` for each line between header and end.
template <class Take>
Status read_lines(std::string_view text, std::string_view header, Take take) {
  bool first = true;
  while (true) {
    const std::size_t newline = text.find('\n');
    if (newline == std::string_view::npos) return fail(corrupt(header, "it is cut off"));
    const std::string_view line = text.substr(0, newline);
    text.remove_prefix(newline + 1);
    if (first) {
      if (line != header) return fail(corrupt(header, "it is not one of this version"));
      first = false;
      continue;
    }
    if (line == run_format::kEnd) return {};
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return fail(corrupt(header, "a line has no value"));
    const std::string_view key = line.substr(0, equals);
    if (!take(key, unescaped(line.substr(equals + 1)))) {
      return fail(corrupt(header, "bad value of " + std::string(key)));
    }
  }
}

template <class Number>
bool take_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

template <class First, class Second>
bool take_numbers(std::string_view text, First& first, Second& second) {
  const std::size_t space = text.find(' ');
  return space != std::string_view::npos && take_number(text.substr(0, space), first) &&
         take_number(text.substr(space + 1), second);
}

bool take_time(std::string_view text, WallTime& out) {
  std::int64_t ms = 0;
  if (!take_number(text, ms)) return false;
  out = WallTime(std::chrono::milliseconds(ms));
  return true;
}

std::string joined(const std::vector<std::uint32_t>& numbers) {
  std::string text;
  for (const std::uint32_t number : numbers) {
    if (!text.empty()) text.push_back(',');
    text.append(std::to_string(number));
  }
  return text;
}

bool take_list(std::string_view text, std::vector<std::uint32_t>& out) {
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    std::uint32_t number = 0;
    if (!take_number(text.substr(0, comma), number)) return false;
    out.push_back(number);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return true;
}

bool take_start(StartRecord& record, std::string_view key, std::string value) {
  const auto user = [&]() -> Credentials& { return record.user ? *record.user : record.user.emplace(); };
  if (key == "run")
    record.run = std::move(value);
  else if (key == "boot")
    record.boot_id = std::move(value);
  else if (key == "mark")
    record.mark = std::move(value);
  else if (key == "spec")
    record.spec_digest = std::move(value);
  else if (key == "unenforced")
    record.limits_unenforced = std::move(value);
  else if (key == "uid")
    return take_number(value, user().uid);
  else if (key == "gid")
    return take_number(value, user().gid);
  else if (key == "groups")
    return take_list(value, user().groups);
  else if (key == "cwd")
    record.working_dir = std::move(value);
  else if (key == "cgroup")
    record.cgroups.push_back(std::move(value));
  else if (key == "late-cgroup")
    record.late_cgroups.push_back(std::move(value));
  else if (key == "arg")
    record.argv.push_back(std::move(value));
  else if (key == "env") {
    const std::size_t equals = value.find('=');
    if (equals == std::string::npos) return false;
    record.env.emplace_back(value.substr(0, equals), value.substr(equals + 1));
  }
  return true;
}

bool take_state(StateRecord& record, std::string_view key, std::string value) {
  if (key == "run")
    record.run = std::move(value);
  else if (key == "phase") {
    record.exited = value == "exited";
    return record.exited || value == "running";
  } else if (key == "boot")
    record.shim.boot_id = record.workload.boot_id = std::move(value);
  else if (key == "shim")
    return take_numbers(value, record.shim.pid, record.shim.start_time);
  else if (key == "pid")
    return take_numbers(value, record.workload.pid, record.workload.start_time);
  else if (key == "started")
    return take_time(value, record.started);
  else if (key == "ended")
    return take_time(value, record.ended);
  else if (key == "exit")
    return take_numbers(value, record.exit_code, record.exit_signal);
  else if (key == "detail")
    record.detail = std::move(value);
  return true;
}

}  // namespace

std::vector<std::string> StartRecord::all_cgroups() const {
  std::vector<std::string> all = cgroups;
  all.insert(all.end(), late_cgroups.begin(), late_cgroups.end());
  return all;
}

std::string to_text(const StartRecord& record) {
  std::string out = std::string(run_format::kStartHeader) + "\n";
  add_line(out, "run", record.run);
  add_line(out, "boot", record.boot_id);
  add_line(out, "mark", record.mark);
  add_line(out, "spec", record.spec_digest);
  add_line(out, "unenforced", record.limits_unenforced);
  if (record.user) {
    add_line(out, "uid", std::to_string(record.user->uid));
    add_line(out, "gid", std::to_string(record.user->gid));
    add_line(out, "groups", joined(record.user->groups));
  }
  add_line(out, "cwd", record.working_dir);
  for (const std::string& cgroup : record.cgroups) add_line(out, "cgroup", cgroup);
  for (const std::string& cgroup : record.late_cgroups) add_line(out, "late-cgroup", cgroup);
  for (const std::string& arg : record.argv) add_line(out, "arg", arg);
  for (const auto& [name, value] : record.env) add_line(out, "env", name + "=" + value);
  return out.append(run_format::kEnd).append("\n");
}

Result<StartRecord> parse_start_record(std::string_view text) {
  StartRecord record;
  HF_CHECK(read_lines(text, run_format::kStartHeader, [&](std::string_view key, std::string value) {
    return take_start(record, key, std::move(value));
  }));
  return record;
}

Result<StateRecord> parse_state_record(std::string_view text) {
  StateRecord record;
  HF_CHECK(read_lines(text, run_format::kStateHeader, [&](std::string_view key, std::string value) {
    return take_state(record, key, std::move(value));
  }));
  return record;
}

std::string to_text(const StopRecord& record) {
  // Exactly this order: the shim compares it as text (base/shim/stop_order.cpp).
  std::string out = std::string(run_format::kStopHeader) + "\n";
  add_line(out, "run", record.run);
  add_line(out, "grace", std::to_string(record.grace.count()));
  return out.append(run_format::kEnd).append("\n");
}

Result<StopRecord> parse_stop_record(std::string_view text) {
  StopRecord record;
  HF_CHECK(read_lines(text, run_format::kStopHeader, [&](std::string_view key, std::string value) {
    if (key == "run")
      record.run = std::move(value);
    else if (key == "grace") {
      std::int64_t ms = 0;
      if (!take_number(value, ms) || ms < 0) return false;
      record.grace = std::chrono::milliseconds(ms);
    }
    return true;
  }));
  return record;
}

}  // namespace holdfast::base
