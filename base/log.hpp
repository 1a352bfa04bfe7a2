// SPDX-License-Identifier: Apache-2.0
// Structured logging, logfmt to standard error: `time=… level=… msg=… key=value …`. No fmt, no iostream.
// A message that repeats (same message and same `key` field) goes quiet: shown for the 1st, 2nd, 4th, 8th …
// time with `repeated=N`, and again at once when `recovered` says that it is over.
// Secrets never reach it: fields are plain values that the caller chose.
// Threads: any.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::base::log {

enum class Level { kDebug, kInfo, kWarn, kError };

struct Field {
  Field(std::string_view called, std::string_view text) : name(called), value(text) {}
  Field(std::string_view called, const char* text) : name(called), value(text) {}
  Field(std::string_view called, const std::string& text) : name(called), value(text) {}
  Field(std::string_view called, std::integral auto number) : name(called), value(std::to_string(number)) {}
  Field(std::string_view called, bool truth) : name(called), value(truth ? "true" : "false") {}
  std::string name;
  std::string value;
};
using Fields = std::initializer_list<Field>;

void set_level(Level level);
Result<Level> parse_level(std::string_view text);
void debug(std::string_view message, Fields fields = {});
void info(std::string_view message, Fields fields = {});
void warn(std::string_view message, Fields fields = {});
void error(std::string_view message, Fields fields = {});
/// Goes quiet for the same (message, key) as described above. An error that only a person or Git can mend
/// is logged as error, any other as warn.
void failure(std::string_view message, std::string_view key, const Error& error, Fields fields = {});
/// Ends the quiet of (message, key); logs once if there was a failure before.
void recovered(std::string_view message, std::string_view key);

/// Where lines go (without the end of line); tests and the simulator replace it. nullptr restores standard
/// error.
using Sink = void (*)(Level level, std::string_view line);
void set_sink(Sink sink);

}  // namespace holdfast::base::log
