// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/log_collection.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/limits/hub.hpp"
#include "base/time_text.hpp"
#include "edge_agent/process_effective.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;

namespace {

constexpr std::array<std::string_view, 6> kKinds{"Process",   "Pod", "Deployment",
                                                 "DaemonSet", "Job", "CronJob"};

bool is_same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

/// "default.web-3f2a9c0b11d4" → "web": as a person knows it.
std::string name_of_instance(const std::string& instance) {
  auto name = instance.substr(0, instance.rfind('-'));
  constexpr std::string_view kDefault = "default.";
  return name.starts_with(kDefault) ? name.substr(kDefault.size()) : name;
}

Result<base::WallTime> since_of(const std::string& text, base::WallTime since, base::WallTime now) {
  if (text.empty()) return since;
  if (const auto duration = base::parse_duration(text)) return std::max(since, now - *duration);
  const auto time = base::parse_rfc3339(text);
  if (!time)
    return fail(Code::kInvalid, "since: " + text + " is neither a duration (1h30m) nor a time (RFC 3339)");
  return std::max(since, *time);
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

Result<LogSubject> log_subject(const LogsOrder& order) {
  if (order.resource.empty()) return LogSubject{};
  const auto kind_end = order.resource.find('/');
  const auto word = std::string_view(order.resource).substr(0, kind_end);
  const auto kind =
      std::ranges::find_if(kKinds, [&](std::string_view known) { return is_same_word(word, known); });
  if (kind_end == std::string::npos || kind == kKinds.end())
    return fail(Code::kInvalid,
                order.resource +
                    ": only processes and containers have logs; write Process/NAME, Pod/NAME, "
                    "Deployment/NAME, DaemonSet/NAME, Job/NAME or CronJob/NAME");
  const auto rest = order.resource.substr(kind_end + 1);
  const auto slash = rest.find('/');
  LogSubject out{std::string(*kind), "default", rest};
  if (slash != std::string::npos) {
    out.ns = rest.substr(0, slash);
    out.name = rest.substr(slash + 1);
  }
  if (out.is_process() && !order.container.empty())
    return fail(Code::kInvalid, "container: a Process has none; leave it out");
  return out;
}

Result<LogCollection::Cursor> LogCollection::parse_cursor(const std::string& text) {
  if (text.empty()) return Cursor{};
  const auto colon = text.find(':');
  if (colon == std::string::npos) return fail(Code::kInvalid, "cursor: not one that an earlier answer gave");
  HF_TRY(const auto ms, base::from_decimal(std::string_view(text).substr(0, colon)));
  HF_TRY(const auto given, base::from_decimal(std::string_view(text).substr(colon + 1)));
  return Cursor{base::WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(ms))),
                static_cast<std::size_t>(given)};
}

Result<LogCollection> LogCollection::begin(const LogsOrder& order, base::WallTime now) {
  LogCollection out;
  HF_TRY(out.cursor_, parse_cursor(order.cursor));
  HF_TRY(out.since_, since_of(order.since, out.cursor_.time, now));
  out.cursor_text_ = order.cursor;
  out.tail_lines_ = order.tail_lines;
  return out;
}

Status LogCollection::add_processes(const ProcessLogs& logs, const LogSubject& subject) {
  HF_TRY(auto instances, logs.instances());
  if (!subject.is_all()) {
    const auto wanted = instance_of({sync::ClaimKind::kProcess, subject.ns + "/" + subject.name}).instance;
    const bool is_there = std::ranges::find(instances, wanted) != instances.end();
    if (!is_there) {
      const auto name = (subject.ns == "default" ? "" : subject.ns + "/") + subject.name;
      return fail(Code::kNotFound, "Process/" + name + ": there are no logs of such a process on this node");
    }
    instances = {wanted};
  }
  for (const auto& instance : instances) {
    HF_TRY(auto lines, logs.read(instance, {since_, base::limits::kLogAnswerBytesMax}));
    add(name_of_instance(instance), std::move(lines));
  }
  return {};
}

std::optional<std::size_t> LogCollection::lines_max() const {
  if (!tail_lines_ || *tail_lines_ < 0) return std::nullopt;
  return static_cast<std::size_t>(*tail_lines_) + cursor_.given;
}

void LogCollection::add(const std::string& source, std::vector<LogLine> lines, bool is_cut) {
  ++sources_;
  is_over_ = is_over_ || is_cut;
  std::size_t bytes = 0;
  for (auto& line : lines) lines_.push_back({source, std::move(line)});
  for (const auto& [name, line] : lines_) bytes += line.text.size();
  if (bytes <= 2 * base::limits::kLogAnswerBytesMax) return;
  const auto before = lines_.size();
  keep_newest(std::nullopt);
  is_over_ = is_over_ || lines_.size() < before;
}

void LogCollection::drop_given() {
  const auto same =
      std::ranges::find_if(lines_, [&](const Line& line) { return line.line.time != cursor_.time; });
  const auto repeated =
      std::min<std::ptrdiff_t>(same - lines_.begin(), static_cast<std::ptrdiff_t>(cursor_.given));
  lines_.erase(lines_.begin(), lines_.begin() + repeated);
}

void LogCollection::keep_newest(std::optional<std::int64_t> count_max) {
  std::ranges::stable_sort(lines_, {}, [](const Line& line) { return line.line.time; });
  std::size_t bytes = 0;
  std::size_t keep = 0;
  const auto most = count_max && *count_max >= 0 ? static_cast<std::size_t>(*count_max) : lines_.size();
  for (auto line = lines_.rbegin(); line != lines_.rend() && keep < most; ++line, ++keep) {
    bytes += json_bytes(line->line.text) + line->source.size() + 96;  // with its JSON around it
    if (bytes > base::limits::kLogAnswerBytesMax) break;
  }
  lines_.erase(lines_.begin(), lines_.end() - static_cast<std::ptrdiff_t>(keep));
}

std::string LogCollection::cursor_after() const {
  if (lines_.empty()) return cursor_text_;
  const auto last = lines_.back().line.time;
  auto given = static_cast<std::size_t>(
      std::ranges::count_if(lines_, [&](const Line& line) { return line.line.time == last; }));
  if (!cursor_text_.empty() && cursor_.time == last) given += cursor_.given;
  return std::to_string(last.time_since_epoch().count()) + ":" + std::to_string(given);
}

Json LogCollection::finish() {
  std::ranges::stable_sort(lines_, {}, [](const Line& line) { return line.line.time; });
  if (!is_over_) drop_given();
  keep_newest(tail_lines_);
  Json out{{"cursor", cursor_after()}, {"lines", Json::array()}, {"sources", sources_}};
  for (const auto& [source, line] : lines_) {
    out["lines"].push_back({{"process", source},
                            {"stream", stream_name(line.stream)},
                            {"text", printable(line.text)},
                            {"time", base::to_rfc3339(line.time)}});
  }
  return out;
}

}  // namespace holdfast::edge_agent
