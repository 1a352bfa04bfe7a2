// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <list>
#include <mutex>

#include "base/json.hpp"
#include "base/limits/log.hpp"
#include "base/system_clock.hpp"
#include "base/time_text.hpp"

namespace holdfast::base::log {
namespace {

std::atomic<Level> lowest{Level::kInfo};
std::atomic<Sink> sink{nullptr};

struct LevelName {
  Level level;
  std::string_view name;
};
constexpr std::array<LevelName, 4> kLevels{
    {{Level::kDebug, "debug"}, {Level::kInfo, "info"}, {Level::kWarn, "warn"}, {Level::kError, "error"}}};

std::string_view name_of(Level level) {
  const auto* found =
      std::find_if(kLevels.begin(), kLevels.end(), [&](const auto& row) { return row.level == level; });
  return found == kLevels.end() ? "unknown" : found->name;
}

// ---- logfmt ----

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool needs_quotes(char c) { return is_control(c) || c == ' ' || c == '"' || c == '=' || c == '\\'; }

/// What no log should pass on to a terminal, or a parser take for the end of a line.
void append_escaped(std::string& line, char c, bool raw_bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  if (c == '"' || c == '\\')
    line.append(1, '\\').append(1, c);
  else if (c == '\n')
    line += "\\n";
  else if (c == '\t')
    line += "\\t";
  else if (c == '\r')
    line += "\\r";
  else if (is_control(c) || (raw_bytes && byte >= 0x80)) {
    line.append("\\x").append(1, kDigits[byte >> 4U]).append(1, kDigits[byte & 0x0fU]);
  } else
    line += c;
}

/// At most kLogFieldBytesMax bytes of `value`, not cut inside a character.
std::string_view bounded(std::string_view value) {
  if (value.size() <= limits::kLogFieldBytesMax) return value;
  auto end = limits::kLogFieldBytesMax;
  while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xC0U) == 0x80) --end;
  return value.substr(0, end);
}

void append_value(std::string& line, std::string_view value) {
  const std::string_view text = bounded(value);
  const bool raw_bytes = !is_utf8(text);
  const bool cut = text.size() < value.size();
  const bool quote = raw_bytes || cut || text.empty() || std::any_of(text.begin(), text.end(), needs_quotes);
  if (!quote) {
    line += text;
    return;
  }
  line += '"';
  for (const char c : text) append_escaped(line, c, raw_bytes);
  line += cut ? "…\"" : "\"";
}

void append_field(std::string& line, std::string_view name, std::string_view value) {
  if (!line.empty()) line += ' ';
  for (const char c : name) line += needs_quotes(c) ? '_' : c;
  line += '=';
  append_value(line, value);
}

void append_all(std::string& line, Fields fields) {
  for (const auto& field : fields) append_field(line, field.name, field.value);
}

bool is_shown(Level level) { return level >= lowest.load(std::memory_order_relaxed); }

std::string begin_line(Level level, std::string_view message) {
  std::string line;
  append_field(line, "time", to_rfc3339(SystemClock().wall()));
  append_field(line, "level", name_of(level));
  append_field(line, "msg", message);
  return line;
}

void emit(Level level, std::string line) {
  if (const Sink to = sink.load()) {
    to(level, line);
    return;
  }
  line += '\n';
  // One write a line, so that lines of several processes on one pipe do not mix. A log that cannot be
  // written is no reason to stop.
  while (::write(STDERR_FILENO, line.data(), line.size()) < 0 && errno == EINTR) {
  }
}

void log_line(Level level, std::string_view message, Fields fields) {
  if (!is_shown(level)) return;
  std::string line = begin_line(level, message);
  append_all(line, fields);
  emit(level, std::move(line));
}

// ---- going quiet ----

struct Failing {
  std::string message;
  std::string key;
  std::uint64_t count = 0;
};

/// What fails at the moment, the latest first; the one longest silent is forgotten first.
class Failures {
 public:
  /// Counts one more and answers how many there were.
  std::uint64_t add(std::string_view message, std::string_view key) {
    const std::lock_guard lock(mutex_);
    const auto known = find(message, key);
    if (known != failing_.end()) {
      failing_.splice(failing_.begin(), failing_, known);
    } else {
      if (failing_.size() >= limits::kLogFailuresRememberedMax) failing_.pop_back();
      failing_.push_front({std::string(message), std::string(key), 0});
    }
    return ++failing_.front().count;
  }

  /// Forgets it and answers how many there were; 0 for none.
  std::uint64_t end(std::string_view message, std::string_view key) {
    const std::lock_guard lock(mutex_);
    const auto known = find(message, key);
    if (known == failing_.end()) return 0;
    const std::uint64_t count = known->count;
    failing_.erase(known);
    return count;
  }

 private:
  std::list<Failing>::iterator find(std::string_view message, std::string_view key) {
    return std::find_if(failing_.begin(), failing_.end(),
                        [&](const Failing& f) { return f.key == key && f.message == message; });
  }

  std::mutex mutex_;
  std::list<Failing> failing_;
};

Failures& failures() {
  static auto* const all = new Failures;  // never destroyed: threads may log while the program ends
  return *all;
}

}  // namespace

void set_level(Level level) { lowest = level; }

Result<Level> parse_level(std::string_view text) {
  const auto* found =
      std::find_if(kLevels.begin(), kLevels.end(), [&](const auto& row) { return row.name == text; });
  if (found != kLevels.end()) return found->level;
  std::string what = "unknown log level";
  append_field(what, "level", text);
  return fail(Code::kInvalid, what + "; use debug, info, warn or error");
}

void debug(std::string_view message, Fields fields) { log_line(Level::kDebug, message, fields); }
void info(std::string_view message, Fields fields) { log_line(Level::kInfo, message, fields); }
void warn(std::string_view message, Fields fields) { log_line(Level::kWarn, message, fields); }
void error(std::string_view message, Fields fields) { log_line(Level::kError, message, fields); }

void failure(std::string_view message, std::string_view key, const Error& error, Fields fields) {
  const std::uint64_t count = failures().add(message, key);
  const Level level = error.disposition() == Disposition::kStalled ? Level::kError : Level::kWarn;
  if (!std::has_single_bit(count) || !is_shown(level)) return;
  std::string line = begin_line(level, message);
  append_field(line, "key", key);
  append_field(line, "code", to_string(error.code()));
  append_field(line, "error", error.message());
  if (count > 1) append_field(line, "repeated", std::to_string(count));
  append_all(line, fields);
  emit(level, std::move(line));
}

void recovered(std::string_view message, std::string_view key) {
  const std::uint64_t count = failures().end(message, key);
  if (count == 0 || !is_shown(Level::kInfo)) return;
  std::string line = begin_line(Level::kInfo, "recovered");
  append_field(line, "from", message);
  append_field(line, "key", key);
  append_field(line, "failures", std::to_string(count));
  emit(Level::kInfo, std::move(line));
}

void set_sink(Sink to) { sink = to; }

}  // namespace holdfast::base::log
