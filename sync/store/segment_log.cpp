// SPDX-License-Identifier: Apache-2.0
#include "sync/store/segment_log.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <utility>

namespace holdfast::sync {

using base::Code;
using base::fail;
using base::Result;
using base::Status;

namespace {

/// More records than a segment can hold: behind damage, sequences go on above whatever may have stood there.
constexpr std::uint64_t kStride = 4'096;
/// A clock that stands before this was never set, and says nothing of a record's age.
constexpr base::WallTime kClockIsSet{std::chrono::seconds{1'577'836'800}};  // 2020

using Headers = std::vector<std::optional<SegmentHeader>>;

/// Of the log that most files are of.
LogId id_in(const Headers& headers) {
  std::map<LogId, std::size_t> counts;
  for (const auto& header : headers) {
    if (header && header->log != 0) ++counts[header->log];
  }
  const auto most = std::ranges::max_element(counts, {}, [](const auto& count) { return count.second; });
  return most == counts.end() ? 0 : most->first;
}

LogId new_id(base::Random& random) {
  const auto id = random.next();
  return id == 0 ? 1 : id;
}

}  // namespace

// ---- opening ----

Result<SegmentLog> SegmentLog::open(SegmentFiles& files, base::Random& random, SegmentLogOptions options) {
  SegmentLog log(files, options);
  HF_CHECK(log.load(random));
  return log;
}

Result<Headers> SegmentLog::read_headers() {
  Headers out(options_.segments);
  for (std::size_t number = 0; number < options_.segments; ++number) {
    HF_TRY(const auto bytes, files_->read(number, 0, kSegmentHeaderBytes));
    auto header = decode_segment_header(bytes);
    if (!header && header.error().code() == Code::kTooNew) return fail(std::move(header).error());
    if (header) out[number] = *header;
  }
  return out;
}

Status SegmentLog::load(base::Random& random) {
  HF_TRY(auto headers, read_headers());
  id_ = id_in(headers);
  const bool is_known = id_ != 0;
  if (!is_known) id_ = new_id(random);
  for (auto& header : headers) {
    if (header && header->log != id_) header.reset();
    if (header) acknowledged_ = std::max(acknowledged_, header->acknowledged);
  }
  Damage damage = Damage::kNone;
  for (std::size_t number = 0; number < options_.segments; ++number) {
    HF_TRY(const auto found, take_segment(number, headers[number]));
    damage = std::max(damage, found);
  }
  if (!is_known && damage == Damage::kBlank) damage = Damage::kNone;  // a folder that is new
  put_in_order(damage);
  return free_others(headers);
}

/// One whose header does not read is looked through all the same: its records tell whose they are.
Result<SegmentLog::Damage> SegmentLog::take_segment(std::size_t number,
                                                    const std::optional<SegmentHeader>& header) {
  HF_TRY(const auto bytes, files_->read(number, 0, options_.segment_bytes));
  const bool has_first = header && header->first > 0;
  const auto begin = [&](std::uint64_t first, std::uint64_t follows, std::size_t at) {
    stretches_.push_back(
        {.number = number, .first = first, .follows = follows, .last = first - 1, .begin = at, .end = at});
  };
  if (has_first) begin(header->first, header->follows, kSegmentHeaderBytes);
  bool is_used = has_first;
  const auto take = [&](const SegmentRecord& record) {
    const auto at = static_cast<std::size_t>(record.payload.data() - bytes.data());
    const bool is_mark = record.kind == SegmentRecordKind::kMark;
    if (is_mark)
      begin(record.sequence + 1, follows_of(record), at);
    else if (!std::exchange(is_used, true))
      begin(record.sequence, record.sequence - 1, at);
    is_used = true;
    auto& stretch = stretches_.back();
    stretch.end = at + record.payload.size();
    if (is_mark) return true;
    stretch.last = record.sequence;
    stretch.newest = record.time;
    if (record.sequence > acknowledged_) ++stretch.readable;
    return true;
  };
  const auto scan = scan_segment(bytes, id_, has_first ? header->first : acknowledged_ + 1, take);
  if (is_used) stretches_.back().end = scan.end;
  if (!scan.is_clean || bytes.size() != options_.segment_bytes) unclean_.insert(number);
  if (header) return Damage::kNone;
  const bool is_blank = is_used || bytes.find_first_not_of('\0') == std::string::npos;
  return is_blank ? Damage::kBlank : Damage::kGarbage;
}

void SegmentLog::put_in_order(Damage damage) {
  std::ranges::sort(stretches_, {}, &Stretch::first);
  for (std::size_t i = 1; i < stretches_.size();) {
    const bool overlaps = stretches_[i].first <= stretches_[i - 1].last;
    if (overlaps)
      stretches_.erase(stretches_.begin() + static_cast<std::ptrdiff_t>(i));
    else
      ++i;
  }
  go_on_behind(damage);
  std::uint64_t known = acknowledged_;
  for (const auto& stretch : stretches_) {
    unsynced_.insert(stretch.number);  // what a process before this one wrote
    if (stretch.follows > known) lost_ += stretch.follows - known;
    lost_ += unacknowledged(stretch) - stretch.readable;
    known = std::max(known, stretch.last);
  }
  if (follows_ > known) lost_ += follows_ - known;
  while (stretches_.size() > 1 && stretches_.front().last <= acknowledged_) stretches_.pop_front();
}

/// Where there is damage it goes on above whatever may have stood there: a sequence that somebody may have been told is not
/// given again.
void SegmentLog::go_on_behind(Damage damage) {
  const std::uint64_t last = stretches_.empty() ? 0 : stretches_.back().last;
  const bool is_torn = !stretches_.empty() && unclean_.contains(stretches_.back().number);
  const bool is_short = acknowledged_ > last;
  follows_ = std::max(last, acknowledged_);
  if (!stretches_.empty()) follows_ = std::max(follows_, stretches_.back().follows);
  next_ = follows_ + 1;
  is_sealed_ = stretches_.empty() || damage != Damage::kNone;
  needs_mark_ = is_torn || is_short;
  if (!needs_mark_ && damage == Damage::kNone) return;
  // How many cannot be told: one at least.
  if ((is_torn && !is_short) || damage == Damage::kGarbage) ++follows_;
  next_ = follows_ + kStride;
}

/// Every file has its size and says of which log it is.
Status SegmentLog::free_others(const Headers& headers) {
  for (std::size_t number = 0; number < options_.segments; ++number) {
    HF_CHECK(files_->reserve(number, options_.segment_bytes));
    if (headers[number] || is_in_use(number)) continue;
    HF_CHECK(files_->write(number, 0, encode_segment_header({.log = id_, .acknowledged = acknowledged_})));
    unsynced_.insert(number);
  }
  return {};
}

// ---- writing ----

bool SegmentLog::is_in_use(std::size_t number) const {
  return std::ranges::any_of(stretches_, [&](const auto& stretch) { return stretch.number == number; });
}

std::size_t SegmentLog::files_in_use() const {
  std::size_t out = 0;
  for (std::size_t number = 0; number < options_.segments; ++number) out += is_in_use(number) ? 1 : 0;
  return out;
}

bool SegmentLog::has_room(std::size_t bytes) const {
  return !is_sealed_ && !stretches_.empty() && stretches_.back().end + bytes <= options_.segment_bytes;
}

std::uint64_t SegmentLog::unacknowledged(const Stretch& stretch) const {
  const auto from = std::max(stretch.first - 1, acknowledged_);
  return stretch.last > from ? stretch.last - from : 0;
}

/// All that is in the oldest file.
void SegmentLog::drop_front() {
  const auto number = stretches_.front().number;
  while (!stretches_.empty() && stretches_.front().number == number) {
    lost_ += unacknowledged(stretches_.front());
    stretches_.pop_front();
  }
}

void SegmentLog::drop_old(base::WallTime now) {
  while (!stretches_.empty()) {
    const auto& oldest = stretches_.front();
    const bool is_old = oldest.newest >= kClockIsSet && now - oldest.newest > options_.age_max;
    if (!is_old) return;
    lost_ += unacknowledged(oldest);
    if (stretches_.size() == 1) is_sealed_ = true;
    stretches_.pop_front();
  }
}

/// The new segment is zeroed on the disk before it says that it is one, with what was acknowledged so far: what it held
/// before is gone from then on.
Status SegmentLog::begin_segment() {
  const bool is_full = files_in_use() == options_.segments;
  std::size_t number = is_full ? stretches_.front().number : 0;
  while (!is_full && is_in_use(number)) ++number;
  std::string bytes = encode_segment_header({.log = id_, .acknowledged = acknowledged_});
  bytes.resize(options_.segment_bytes);
  HF_CHECK(files_->write(number, 0, bytes));
  HF_CHECK(files_->sync(number));
  if (is_full) drop_front();
  unsynced_.insert(number);
  HF_CHECK(files_->write(number, 0, encode_segment_header({id_, next_, follows_, acknowledged_})));
  stretches_.push_back({.number = number, .first = next_, .follows = follows_, .last = next_ - 1});
  is_sealed_ = needs_mark_ = false;
  return {};
}

Status SegmentLog::begin_behind_mark() {
  const auto number = stretches_.back().number;
  const auto at = stretches_.back().end;
  std::string bytes = encode_segment_mark(id_, next_ - 1, follows_);
  const auto end = at + bytes.size();
  bytes.resize(options_.segment_bytes - at);
  unsynced_.insert(number);
  HF_CHECK(files_->write(number, at, bytes));
  stretches_.push_back(
      {.number = number, .first = next_, .follows = follows_, .last = next_ - 1, .begin = at, .end = end});
  needs_mark_ = false;
  return {};
}

Status SegmentLog::make_room(std::size_t bytes) {
  const auto mark = needs_mark_ ? segment_record_bytes(sizeof(follows_)) : 0;
  if (!has_room(bytes + mark)) return begin_segment();
  return needs_mark_ ? begin_behind_mark() : Status();
}

Result<std::uint64_t> SegmentLog::append(std::string_view payload, base::WallTime now) {
  if (payload.size() > base::limits::kOutboxRecordBytesMax)
    return fail(Code::kLimit, "a record of " + std::to_string(payload.size()) + " bytes; at most " +
                                  std::to_string(base::limits::kOutboxRecordBytesMax) + " are allowed");
  assert(!payload.empty());
  drop_old(now);
  const auto bytes = encode_segment_record(id_, {next_, now, payload});
  assert(bytes.size() <= options_.segment_bytes - kSegmentHeaderBytes);
  HF_CHECK(make_room(bytes.size()));
  auto& stretch = stretches_.back();
  unsynced_.insert(stretch.number);
  HF_CHECK(files_->write(stretch.number, stretch.end, bytes));
  stretch.end += bytes.size();
  stretch.newest = now;
  stretch.last = follows_ = next_;
  return next_++;
}

Status SegmentLog::sync() {
  while (!unsynced_.empty()) {
    HF_CHECK(files_->sync(*unsynced_.begin()));
    unsynced_.erase(unsynced_.begin());
  }
  return {};
}

Status SegmentLog::acknowledge(std::uint64_t sequence) {
  if (sequence <= acknowledged_) return {};
  if (sequence >= next_)
    return fail(Code::kInvalid, "there is no record " + std::to_string(sequence) + " to be acknowledged");
  acknowledged_ = sequence;
  follows_ = std::max(follows_, sequence);
  while (stretches_.size() > 1 && stretches_.front().last <= acknowledged_) stretches_.pop_front();
  if (stretches_.empty()) return {};
  return files_->write(stretches_.back().number, kSegmentAcknowledgedAt,
                       encode_segment_acknowledged(id_, acknowledged_));
}

// ---- reading ----

Result<std::optional<SegmentRun>> SegmentLog::read(std::uint64_t after, std::size_t bytes_max,
                                                   std::size_t count_max) const {
  SegmentRun run;
  std::uint64_t at = after;  // told, so far
  const auto miss_up_to = [&](std::uint64_t sequence) {
    if (sequence > at) run.lost += sequence - at;
    at = std::max(at, sequence);
  };
  for (const auto& stretch : stretches_) {
    if (stretch.last <= at) continue;
    miss_up_to(stretch.follows);
    at = std::max(at, stretch.first - 1);  // what a stride left out never was
    HF_TRY(const auto bytes, files_->read(stretch.number, 0, options_.segment_bytes));
    std::size_t size = 0;
    scan_segment(bytes, id_, at + 1, [&](const SegmentRecord& record) {
      if (record.sequence > stretch.last || record.kind != SegmentRecordKind::kRecord) return false;
      const bool is_first = run.payloads.empty();
      size += record.payload.size();
      if (!is_first && (record.sequence != at + 1 || size > bytes_max)) return false;
      miss_up_to(record.sequence - 1);
      if (is_first) run.first = record.sequence;
      run.payloads.emplace_back(record.payload);
      at = record.sequence;
      return run.payloads.size() < count_max;
    });
    if (!run.payloads.empty()) return run;
    miss_up_to(stretch.last);
  }
  miss_up_to(follows_);
  if (run.lost == 0) return std::optional<SegmentRun>();
  run.first = next_;
  return run;
}

std::uint64_t SegmentLog::waiting() const {
  std::uint64_t out = 0;
  for (const auto& stretch : stretches_) out += unacknowledged(stretch);
  return out;
}

std::size_t SegmentLog::bytes() const {
  std::size_t out = 0;
  for (const auto& stretch : stretches_) {
    if (unacknowledged(stretch) > 0) out += stretch.end - stretch.begin;
  }
  return out;
}

}  // namespace holdfast::sync
