// SPDX-License-Identifier: Apache-2.0
#include "base/engine/log_lines.hpp"

#include <algorithm>
#include <iterator>

#include "base/limits/engine.hpp"
#include "base/time_text.hpp"

namespace holdfast::base {

void LogLines::feed(OutputStream stream, std::string_view bytes, bool ends) {
  const std::size_t room =
      limits::kEngineLogLineBytesMax - std::min(limits::kEngineLogLineBytesMax, frame_.size());
  frame_.append(bytes.substr(0, room));
  is_cut_ = is_cut_ || bytes.size() > room;
  if (!ends) return;
  add_frame(stream);
  frame_.clear();
}

/// What has no time has that of the line before it.
void LogLines::add_frame(OutputStream stream) {
  std::string_view text = frame_;
  WallTime time = lines_.empty() ? WallTime{} : lines_.back().time;
  const auto space = text.find(' ');
  if (const auto told = parse_rfc3339(text.substr(0, space)); told && space != std::string_view::npos) {
    time = *told;
    text.remove_prefix(space + 1);
  }
  if (text.ends_with('\n')) text.remove_suffix(1);
  for (;;) {
    const auto end = text.find('\n');
    add({time, stream == OutputStream::kError, std::string(text.substr(0, end))});
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

void LogLines::add(ContainerLine line) {
  if (options_.since && line.time < *options_.since) return;
  bytes_ += line.text.size() + 1;
  lines_.push_back(std::move(line));
  const auto bytes_max = std::min(options_.bytes_max, limits::kEngineLogBytesMax);
  while (bytes_ > bytes_max || lines_.size() > options_.lines_max.value_or(lines_.size())) {
    is_cut_ = is_cut_ || bytes_ > bytes_max;
    bytes_ -= lines_.front().text.size() + 1;
    lines_.pop_front();
  }
}

ContainerLog LogLines::take() {
  return {{std::make_move_iterator(lines_.begin()), std::make_move_iterator(lines_.end())}, is_cut_};
}

}  // namespace holdfast::base
