// SPDX-License-Identifier: Apache-2.0
#include "sync/model/time_zone.hpp"

#include <algorithm>
#include <cstdint>

#include "base/limits/model.hpp"
#include "sync/model/text.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Result;
using std::chrono::seconds;
using std::chrono::sys_seconds;
namespace limits = base::limits;

constexpr sys_seconds kAlways = sys_seconds::max();
constexpr sys_seconds kEver = sys_seconds::min();
constexpr std::int64_t kOffsetMax = 26 * 3'600;  // RFC 8536 knows less than 26 hours

base::Status not_a_zone(std::string_view why) {
  return fail(Code::kCorrupt, "the file of the time zone is damaged: " + std::string(why));
}

/// Takes big-endian numbers from the front; what is not there reads as 0 and is remembered.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
  std::string_view take(std::size_t count) {
    if (count > bytes_.size()) {
      is_short_ = true;
      count = bytes_.size();
    }
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  std::uint64_t number(std::size_t width) {
    std::uint64_t value = 0;
    for (const char c : take(width)) value = value << 8U | static_cast<unsigned char>(c);
    return value;
  }
  std::int64_t signed_number(std::size_t width) {
    if (width == 8) return static_cast<std::int64_t>(number(8));
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(number(4)));
  }
  bool is_short() const { return is_short_; }
  std::string_view rest() const { return bytes_; }

 private:
  std::string_view bytes_;
  bool is_short_ = false;
};

struct Header {
  int version = 1;
  std::size_t ut_count = 0;
  std::size_t standard_count = 0;
  std::size_t leap_count = 0;
  std::size_t change_count = 0;
  std::size_t type_count = 0;
  std::size_t name_bytes = 0;

  std::size_t block_bytes(std::size_t width) const {
    return change_count * (width + 1) + type_count * 6 + name_bytes + leap_count * (width + 4) +
           standard_count + ut_count;
  }
};

Result<Header> read_header(Bytes& bytes) {
  if (bytes.take(4) != "TZif") {
    HF_CHECK(not_a_zone("it does not begin with TZif"));
  }
  Header header;
  const std::uint64_t version = bytes.number(1);
  if (version != 0 && (version < '2' || version > '9')) HF_CHECK(not_a_zone("its version is none"));
  if (version != 0) header.version = static_cast<int>(version - '0');
  bytes.take(15);
  for (std::size_t* const count : {&header.ut_count, &header.standard_count, &header.leap_count,
                                   &header.change_count, &header.type_count, &header.name_bytes}) {
    *count = bytes.number(4);
  }
  if (bytes.is_short() || header.type_count == 0) HF_CHECK(not_a_zone("it ends too early"));
  return header;
}

struct Block {
  seconds first{0};
  std::vector<ZoneChange> changes;
};

Result<Block> read_block(Bytes& bytes, const Header& header, std::size_t width) {
  // Before anything is kept of what the header claims.
  if (header.block_bytes(width) > bytes.rest().size()) HF_CHECK(not_a_zone("it ends too early"));
  if (header.leap_count != 0) {
    return fail(Code::kUnsupported,
                "the time zone counts leap seconds (right/…), which no clock of a node does");
  }
  std::vector<std::int64_t> times;
  times.reserve(header.change_count);
  for (std::size_t i = 0; i < header.change_count; ++i) times.push_back(bytes.signed_number(width));
  std::vector<std::size_t> types;
  types.reserve(header.change_count);
  for (std::size_t i = 0; i < header.change_count; ++i) types.push_back(bytes.number(1));
  std::vector<seconds> offsets;
  offsets.reserve(header.type_count);
  for (std::size_t i = 0; i < header.type_count; ++i) {
    const std::int64_t offset = bytes.signed_number(4);
    if (offset < -kOffsetMax || offset > kOffsetMax) HF_CHECK(not_a_zone("an offset is beyond a day"));
    offsets.emplace_back(offset);
    bytes.take(2);
  }
  bytes.take(header.name_bytes + header.standard_count + header.ut_count);

  Block block{offsets.front(), {}};
  for (std::size_t i = 0; i < header.change_count; ++i) {
    if (types[i] >= offsets.size()) HF_CHECK(not_a_zone("a change is to nothing"));
    const ZoneChange change{sys_seconds(seconds(times[i])), offsets[types[i]]};
    if (!block.changes.empty() && change.at <= block.changes.back().at)
      HF_CHECK(not_a_zone("its changes are out of order"));
    block.changes.push_back(change);
  }
  return block;
}

/// "\nCET-1CEST,M3.5.0,M10.5.0/3\n"; empty: nothing is known of the time after the last change.
Result<std::optional<PosixZone>> read_footer(std::string_view rest) {
  if (rest.size() < 2 || rest.front() != '\n') HF_CHECK(not_a_zone("its rule is missing"));
  rest.remove_prefix(1);
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) HF_CHECK(not_a_zone("its rule has no end"));
  if (end == 0) return std::optional<PosixZone>();
  HF_TRY(const PosixZone rule, PosixZone::parse(rest.substr(0, end)));
  return std::optional<PosixZone>(rule);
}

}  // namespace

Result<TimeZone> TimeZone::parse(std::string_view tzif) {
  if (tzif.size() > limits::kTimeZoneBytesMax)
    return fail(Code::kLimit, "the file of the time zone is too large");
  Bytes bytes(tzif);
  HF_TRY(Header header, read_header(bytes));
  TimeZone zone;
  std::size_t width = 4;
  if (header.version >= 2) {  // the same again with 64 bits, and a rule
    width = 8;
    bytes.take(header.block_bytes(4));
    HF_TRY(header, read_header(bytes));
  }
  HF_TRY(Block block, read_block(bytes, header, width));
  zone.first_ = block.first;
  zone.changes_ = std::move(block.changes);
  if (width == 8) {
    HF_TRY(zone.rule_, read_footer(bytes.rest()));
  }
  return zone;
}

TimeZone::Span TimeZone::span_at(sys_seconds at) const {
  const auto next =
      std::upper_bound(changes_.begin(), changes_.end(), at,
                       [](sys_seconds time, const ZoneChange& change) { return time < change.at; });
  if (next == changes_.end() && rule_) return span_by_rule(at);
  const bool is_first = next == changes_.begin();
  return {is_first ? kEver : std::prev(next)->at, next == changes_.end() ? kAlways : next->at,
          is_first ? first_ : std::prev(next)->offset};
}

TimeZone::Span TimeZone::span_by_rule(sys_seconds at) const {
  Span span{changes_.empty() ? kEver : changes_.back().at, kAlways, rule_->standard_offset()};
  if (!rule_->has_summer()) return span;
  const auto year = std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(at)).year();
  std::vector<ZoneChange> changes;
  for (int i = -1; i <= 1; ++i) {  // a change may lie a week beyond its year
    for (const auto& change : rule_->changes_in(year + std::chrono::years(i))) changes.push_back(change);
  }
  std::sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  for (const auto& change : changes) {
    if (change.at > at) {
      span.end = change.at;
      break;
    }
    span.begin = std::max(span.begin, change.at);
    span.offset = change.offset;
  }
  return span;
}

// ---- names ----

Result<std::string> parse_zone_name(std::string_view name) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '+';
  };
  const auto parts = split(name, '/');
  const bool good =
      name.size() <= limits::kTimeZoneNameLengthMax &&
      std::all_of(parts.begin(), parts.end(), [&](std::string_view part) {
        return !part.empty() && part.front() != '-' && std::all_of(part.begin(), part.end(), is_plain);
      });
  if (name == "Local") {
    return fail(Code::kInvalid, "\"Local\" is no time zone; write its name, such as \"Europe/Berlin\"");
  }
  if (good) return std::string(name);
  return fail(Code::kInvalid, in_quotes(name) + " is not the name of a time zone such as \"Europe/Berlin\"");
}

std::string zone_file(const std::string& name) { return "/usr/share/zoneinfo/" + name; }

base::Error missing_zone(const std::string& name) {
  return {Code::kNotFound, "this node has no time zone " + in_quotes(name) + " (" + zone_file(name) +
                               "); install the package tzdata there, or write a name that it has"};
}

}  // namespace holdfast::sync
