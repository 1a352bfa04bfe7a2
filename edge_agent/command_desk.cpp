// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/command_desk.hpp"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/limits/hub.hpp"
#include "base/metric.hpp"
#include "base/time_text.hpp"
#include "edge_agent/local_routes.hpp"
#include "edge_agent/process_effective.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Json;
using base::Result;

namespace {

/// "Process/web" and "Process/shop/web" → the instance that holds the claim.
Result<std::string> instance_of_brief(const std::string& brief) {
  const auto kind_end = brief.find('/');
  const auto kind = brief.substr(0, kind_end);
  if (kind_end == std::string::npos || (kind != "Process" && kind != "process")) {
    return fail(Code::kInvalid, brief + ": only processes have logs; write Process/NAME");
  }
  const auto rest = brief.substr(kind_end + 1);
  const auto name = rest.find('/') == std::string::npos ? "default/" + rest : rest;
  return instance_of({sync::ClaimKind::kProcess, name}).instance;
}

/// "default.web-3f2a9c0b11d4" → "web": as a person knows it.
std::string name_of_instance(const std::string& instance) {
  auto name = instance.substr(0, instance.rfind('-'));
  constexpr std::string_view kDefault = "default.";
  return name.starts_with(kDefault) ? name.substr(kDefault.size()) : name;
}

struct NamedLine {
  std::string process;
  LogLine line;
};

/// "1700000000123:2": two lines of that millisecond were given already.
struct Cursor {
  base::WallTime time{};
  std::size_t given = 0;
};

Result<Cursor> parse_cursor(const std::string& text) {
  if (text.empty()) return Cursor{};
  const auto colon = text.find(':');
  if (colon == std::string::npos) return fail(Code::kInvalid, "cursor: not one that an earlier answer gave");
  HF_TRY(const auto ms, base::from_decimal(std::string_view(text).substr(0, colon)));
  HF_TRY(const auto given, base::from_decimal(std::string_view(text).substr(colon + 1)));
  return Cursor{base::WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(ms))),
                static_cast<std::size_t>(given)};
}

std::string cursor_after(const std::vector<NamedLine>& lines, const std::string& before) {
  if (lines.empty()) return before;
  const auto last = lines.back().line.time;
  auto given = static_cast<std::size_t>(
      std::ranges::count_if(lines, [&](const NamedLine& line) { return line.line.time == last; }));
  const auto earlier = parse_cursor(before);
  if (earlier && earlier->time == last) given += earlier->given;
  return std::to_string(last.time_since_epoch().count()) + ":" + std::to_string(given);
}

Result<base::WallTime> since_of(const LogsOrder& order, const Cursor& cursor, base::WallTime now) {
  base::WallTime since = cursor.time;
  if (order.since.empty()) return since;
  if (const auto duration = base::parse_duration(order.since)) return std::max(since, now - *duration);
  const auto time = base::parse_rfc3339(order.since);
  if (!time) {
    return fail(Code::kInvalid,
                "since: " + order.since + " is neither a duration (1h30m) nor a time (RFC 3339)");
  }
  return std::max(since, *time);
}

Result<std::vector<std::string>> wanted_instances(const ProcessLogs& logs, const std::string& resource) {
  HF_TRY(auto all, logs.instances());
  if (resource.empty()) return all;
  HF_TRY(const auto wanted, instance_of_brief(resource));
  if (std::ranges::find(all, wanted) != all.end()) return std::vector{wanted};
  return fail(Code::kNotFound, resource + ": there are no logs of such a process on this node");
}

Result<std::vector<NamedLine>> read_all(const ProcessLogs& logs, const LogsOrder& order, const Cursor& cursor,
                                        base::WallTime now) {
  HF_TRY(const auto instances, wanted_instances(logs, order.resource));
  HF_TRY(const auto since, since_of(order, cursor, now));
  std::vector<NamedLine> lines;
  for (const auto& instance : instances) {
    HF_TRY(auto some, logs.read(instance, {since, base::limits::kLogAnswerBytesMax}));
    for (auto& line : some) lines.push_back({instance, std::move(line)});
  }
  std::ranges::stable_sort(lines, {}, [](const NamedLine& line) { return line.line.time; });
  const auto same =
      std::ranges::find_if(lines, [&](const NamedLine& line) { return line.line.time != cursor.time; });
  const auto repeated =
      std::min<std::ptrdiff_t>(same - lines.begin(), static_cast<std::ptrdiff_t>(cursor.given));
  lines.erase(lines.begin(), lines.begin() + repeated);
  return lines;
}

/// At most: a control character takes six bytes, what is no UTF-8 comes as "\\x00".
std::size_t json_bytes(const std::string& text) {
  std::size_t out = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    constexpr std::size_t kEscaped = 6;
    out += byte < 0x20 || byte >= 0x7f ? kEscaped : c == '"' || c == '\\' ? 2 : 1;
  }
  return out;
}

void keep_newest(std::vector<NamedLine>& lines, std::optional<std::int64_t> count_max) {
  std::size_t bytes = 0;
  std::size_t keep = 0;
  const auto most = count_max && *count_max >= 0 ? static_cast<std::size_t>(*count_max) : lines.size();
  for (auto line = lines.rbegin(); line != lines.rend() && keep < most; ++line, ++keep) {
    bytes += json_bytes(line->line.text) + 96;  // with its JSON around it
    if (bytes > base::limits::kLogAnswerBytesMax) break;
  }
  lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(keep));
}

/// Standard output and error share one channel in the shim; 'p' is a piece of a line longer than the limit.
std::string_view stream_name(char stream) {
  if (stream == 'o' || stream == 'p') return "stdout";
  return stream == 'e' ? "stderr" : "remark";
}

/// Output of a program may be any bytes; JSON must be UTF-8.
std::string printable(const std::string& text) {
  if (base::is_utf8(text)) return text;
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x80 ? std::string(1, c) : "\\x" + base::to_hex(std::string_view(&c, 1));
  }
  return out;
}

}  // namespace

Result<Json> collect_logs(const ProcessLogs& logs, const LogsOrder& order, base::WallTime now) {
  HF_TRY(const auto cursor, parse_cursor(order.cursor));
  HF_TRY(auto lines, read_all(logs, order, cursor, now));
  keep_newest(lines, order.tail_lines);
  Json out{{"cursor", cursor_after(lines, order.cursor)}, {"lines", Json::array()}};
  for (const auto& [process, line] : lines) {
    out["lines"].push_back({{"process", name_of_instance(process)},
                            {"stream", stream_name(line.stream)},
                            {"text", printable(line.text)},
                            {"time", base::to_rfc3339(line.time)}});
  }
  return out;
}

Result<std::string> CommandDesk::carry_out(const sync::Command& command) {
  switch (command.kind) {
    case sync::CommandKind::kLogs: return logs(command.arguments);
    case sync::CommandKind::kSync: engine_.look_at_everything(false); return "{}";
    case sync::CommandKind::kRetry: engine_.look_at_everything(true); return "{}";
    case sync::CommandKind::kDiagnose: return diagnose();
  }
  return fail(Code::kUnsupported, "this agent does not know the command");
}

Result<std::string> CommandDesk::logs(const std::string& arguments) {
  HF_TRY(const Json json, base::parse_json(arguments));
  LogsOrder order;
  HF_CHECK(base::ObjectReader(json, "logs")
               .optional("resource", order.resource)
               .optional("since", order.since)
               .optional("cursor", order.cursor)
               .optional("tailLines", order.tail_lines)
               .finish());
  HF_TRY(const auto answer, collect_logs(logs_, order, clock_.wall()));
  return base::canonical_json(answer);
}

Result<std::string> CommandDesk::diagnose() {
  auto metrics = engine_.metrics();
  if (machine_) std::ranges::move(machine_(), std::back_inserter(metrics));
  Json out{{"status", status_json(engine_, identity_, nullptr)}, {"metrics", base::prometheus_text(metrics)}};
  if (const auto plan = engine_.plan_now()) {
    out["plan"] = plan_json(*plan);
  } else {
    out["plan"] = {{"error", plan.error().message()}};
  }
  return base::canonical_json(out);
}

}  // namespace holdfast::edge_agent
