// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/process_logs.hpp"

#include <zstd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <utility>

#include "base/file_io.hpp"
#include "base/limits/agent.hpp"

namespace holdfast::edge_agent {

namespace fs = std::filesystem;
namespace limits = base::limits;
using base::Code;
using base::fail;
using base::Result;

namespace {

constexpr std::string_view kRaw = ".log";
constexpr std::string_view kCompressed = ".log.zst";
/// A shim begins the next one a line after the limit.
constexpr std::size_t kSegmentTextBytesMax = limits::kLogSegmentBytesMax * 2;
constexpr int kLevel = 1;  // 140 kB of working memory; level 3 would take 556 kB

struct Segment {
  std::uint64_t sequence = 0;
  bool compressed = false;
  std::string path;
  std::size_t bytes = 0;
};

std::optional<Segment> segment_of(const fs::directory_entry& entry) {
  const auto name = entry.path().filename().string();
  Segment segment{.compressed = name.ends_with(kCompressed), .path = entry.path().string()};
  if (!segment.compressed && !name.ends_with(kRaw)) return std::nullopt;
  const auto stem = name.substr(0, name.find('.'));
  const auto [end, error] = std::from_chars(stem.data(), stem.data() + stem.size(), segment.sequence);
  if (error != std::errc{} || end != stem.data() + stem.size()) return std::nullopt;
  std::error_code ignored;
  segment.bytes = static_cast<std::size_t>(entry.file_size(ignored));
  return ignored ? std::nullopt : std::optional(segment);
}

/// By sequence; where a raw and a compressed form exist (a crash in between), the raw one is the truth.
Result<std::vector<Segment>> segments_of(const std::string& folder) {
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  if (error) return fail(Code::kNotFound, folder + ": " + error.message());
  std::vector<Segment> all;
  for (const auto& entry : entries) {
    if (auto segment = segment_of(entry)) all.push_back(*std::move(segment));
  }
  std::ranges::sort(all, [](const Segment& a, const Segment& b) {
    return std::pair(a.sequence, a.compressed) < std::pair(b.sequence, b.compressed);
  });
  const auto twins = std::ranges::unique(all, {}, &Segment::sequence);
  for (const auto& twin : twins) fs::remove(twin.path, error);
  all.erase(twins.begin(), twins.end());
  return all;
}

Result<std::string> inflate(const std::string& bytes) {
  const auto written = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (written == ZSTD_CONTENTSIZE_ERROR) return fail(Code::kCorrupt, "it is not a compressed segment");
  // compress() says how much it is; what claims to be more than a segment can be was not written by it.
  if (written == ZSTD_CONTENTSIZE_UNKNOWN || written > kSegmentTextBytesMax)
    return fail(Code::kLimit, "it is larger than a segment");
  std::string out(static_cast<std::size_t>(written), '\0');
  const auto size = ZSTD_decompress(out.data(), out.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(size) != 0) return fail(Code::kCorrupt, ZSTD_getErrorName(size));
  out.resize(size);
  return out;
}

Result<std::string> text_of(const Segment& segment) {
  HF_TRY(auto bytes, base::read_file(segment.path, kSegmentTextBytesMax));
  if (!segment.compressed) return bytes;
  return inflate(bytes);
}

base::Status compress(const Segment& segment) {
  HF_TRY(const auto text, base::read_file(segment.path, kSegmentTextBytesMax));
  std::string out(ZSTD_compressBound(text.size()), '\0');
  const auto size = ZSTD_compress(out.data(), out.size(), text.data(), text.size(), kLevel);
  if (ZSTD_isError(size) != 0) return fail(Code::kInternal, ZSTD_getErrorName(size));
  out.resize(size);
  HF_CHECK(base::write_file(segment.path + ".zst", out, 0600));
  std::error_code error;
  fs::remove(segment.path, error);
  return {};
}

std::vector<LogLine> lines_in(std::string_view text) {
  std::vector<LogLine> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (auto line = parse_log_line(text.substr(0, end))) lines.push_back(*std::move(line));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

/// Collects from the newest line backwards, and says when there is no use in going on.
class Newest {
 public:
  explicit Newest(const LogQuery& query) : query_(query) {}

  /// False: nothing that is older can still be wanted.
  bool take(std::vector<LogLine> segment) {
    const bool is_over = query_.since && !segment.empty() && segment.back().time < *query_.since;
    if (is_over) return false;
    for (auto line = segment.rbegin(); line != segment.rend(); ++line) {
      if (query_.since && line->time < *query_.since) continue;
      if (!fits(*line)) return false;
      lines_.push_back(std::move(*line));
    }
    return true;
  }
  bool remark(std::string text) {
    // As old as what came right after it, so that it stays where it belongs.
    LogLine line{lines_.empty() ? base::WallTime{} : lines_.back().time, '-', std::move(text)};
    if (!fits(line)) return false;
    lines_.push_back(std::move(line));
    return true;
  }
  std::vector<LogLine> oldest_first() && {
    std::ranges::reverse(lines_);
    return std::move(lines_);
  }

 private:
  bool fits(const LogLine& line) {
    if (bytes_ + line.text.size() > query_.bytes_max) return false;
    bytes_ += line.text.size() + 1;
    return true;
  }

  const LogQuery& query_;
  std::vector<LogLine> lines_;  ///< newest first
  std::size_t bytes_ = 0;
};

}  // namespace

std::optional<LogLine> parse_log_line(std::string_view line) {
  LogLine out;
  std::int64_t ms = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), ms);
  const auto used = static_cast<std::size_t>(end - line.data());
  if (error != std::errc{} || line.size() < used + 3 || line[used] != ' ' || line[used + 2] != ' ')
    return std::nullopt;
  out.time = base::WallTime(std::chrono::milliseconds(ms));
  out.stream = line[used + 1];
  out.text = line.substr(used + 3);
  return out;
}

Result<std::vector<std::string>> ProcessLogs::instances() const {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    if (entry.is_directory(error)) names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

Result<std::vector<LogLine>> ProcessLogs::read(const std::string& instance, const LogQuery& query) const {
  HF_TRY(const auto segments, segments_of(folder_ + "/" + instance));
  // One segment in memory at a time, and none that is not needed: compressed, they may be many times what they take on
  // the disk.
  Newest newest(query);
  for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
    const auto text = text_of(*segment);
    const bool goes_on = text ? newest.take(lines_in(*text))
                              : newest.remark(segment->path + " cannot be read: " + text.error().message());
    if (!goes_on) break;
  }
  return std::move(newest).oldest_first();
}

Result<std::size_t> ProcessLogs::tidy(const std::string& instance) const {
  HF_TRY(auto segments, segments_of(folder_ + "/" + instance));
  std::size_t touched = 0;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
    if (segments[i].compressed) continue;
    HF_CHECK(compress(segments[i]));
    ++touched;
  }
  HF_TRY(segments, segments_of(folder_ + "/" + instance));
  for (const auto& segment : segments) bytes += segment.bytes;
  for (auto oldest = segments.begin(); bytes > limits::kLogBytesPerProcessMax && oldest + 1 < segments.end();
       ++oldest) {
    std::error_code error;
    fs::remove(oldest->path, error);
    bytes -= oldest->bytes;
    ++touched;
  }
  return touched;
}

}  // namespace holdfast::edge_agent
