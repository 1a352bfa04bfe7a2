// SPDX-License-Identifier: Apache-2.0
// SegmentLog: records that wait for somebody, in a few files of fixed size that are used in turn: appended, read from any
// place, acknowledged up to one. Every record has a sequence that no other record of this log ever gets, once it was synced.
// When all is full the oldest segment goes. What is missing shows in the sequences, so that it can be told: how many.
//
//     append(…) → 7   append(…) → 8   sync()   read(6) → {lost 0, first 7, two payloads}   acknowledge(8)
//
// A SIGKILL loses nothing. A power cut loses what was not synced. Damage loses what cannot be read.
// Threads: one.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/limits/agent.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "sync/store/segment_files.hpp"
#include "sync/store/segment_format.hpp"

namespace holdfast::sync {

struct SegmentLogOptions {
  std::size_t segment_bytes = base::limits::kOutboxSegmentBytes;
  std::size_t segments = base::limits::kOutboxSegments;
  std::chrono::milliseconds age_max = base::limits::kOutboxAgeMax;
};

/// Records one after the other without a hole, and how many are missing before them. Without payloads: nothing comes behind
/// what is missing, and all below `first` is told.
struct SegmentRun {
  std::uint64_t lost = 0;
  std::uint64_t first = 0;
  std::vector<std::string> payloads;
  std::uint64_t last() const { return first + payloads.size() - 1; }
};

class SegmentLog {
 public:
  /// Makes what is missing; `files` outlives the log. kTooNew: nothing was touched. kNoSpace, kPermission, kIo: it cannot be
  /// used now.
  static base::Result<SegmentLog> open(SegmentFiles& files, base::Random& random,
                                       SegmentLogOptions options = {});

  LogId id() const { return id_; }
  /// The record's sequence. On an error nothing was appended. REQUIRES: a payload that is not empty.
  base::Result<std::uint64_t> append(std::string_view payload, base::WallTime now);
  /// What was appended is on the disk when it returns. Costs nothing when it is there already.
  base::Status sync();
  /// The next records behind `after`, at least one and within both bounds; nothing: there is nothing behind it.
  base::Result<std::optional<SegmentRun>> read(std::uint64_t after, std::size_t bytes_max,
                                               std::size_t count_max) const;
  /// All up to here may go. kInvalid: there is no such record yet. An error of the disk costs at worst that the same is
  /// read again after a restart.
  base::Status acknowledge(std::uint64_t sequence);

  std::uint64_t acknowledged() const { return acknowledged_; }
  /// The highest sequence in use.
  std::uint64_t last() const { return follows_; }
  std::uint64_t waiting() const;
  /// That what waits takes on the disk, in whole segments as far as they are written.
  std::size_t bytes() const;
  /// Dropped or found missing since it was opened.
  std::uint64_t lost() const { return lost_; }

 private:
  /// Records whose sequences have no hole but by damage: a segment, or a part of one from a mark on.
  struct Stretch {
    std::size_t number = 0;  ///< of the file
    std::uint64_t first = 0;
    std::uint64_t follows = 0;
    std::uint64_t last = 0;
    std::size_t begin = kSegmentHeaderBytes;
    std::size_t end = kSegmentHeaderBytes;
    base::WallTime newest{};
    std::uint64_t readable = 0;  ///< records that were not acknowledged, when it was opened
  };
  SegmentLog(SegmentFiles& files, SegmentLogOptions options) : files_(&files), options_(options) {}

  base::Status load(base::Random& random);
  base::Result<std::vector<std::optional<SegmentHeader>>> read_headers();
  enum class Damage {  // of a file whose header does not read
    kNone,
    kBlank,    ///< a file without a header, and nothing else that could not be read
    kGarbage,  ///< a file that cannot be read
  };
  base::Result<Damage> take_segment(std::size_t number, const std::optional<SegmentHeader>& header);
  void put_in_order(Damage damage);
  void go_on_behind(Damage damage);
  base::Status free_others(const std::vector<std::optional<SegmentHeader>>& headers);
  base::Status make_room(std::size_t bytes);
  base::Status begin_segment();
  base::Status begin_behind_mark();
  void drop_front();
  void drop_old(base::WallTime now);
  bool has_room(std::size_t bytes) const;
  std::size_t files_in_use() const;
  bool is_in_use(std::size_t number) const;
  std::uint64_t unacknowledged(const Stretch& stretch) const;

  SegmentFiles* files_;
  SegmentLogOptions options_;
  LogId id_ = 0;
  std::deque<Stretch> stretches_;  ///< oldest first; the last one is appended to
  bool is_sealed_ = true;          ///< by nothing any more
  bool needs_mark_ = false;        ///< only behind a mark
  std::set<std::size_t> unclean_;  ///< files with something unreadable at their end, or short
  std::uint64_t next_ = 1;
  std::uint64_t follows_ = 0;  ///< the last sequence in use; what a new segment follows
  std::uint64_t acknowledged_ = 0;
  std::set<std::size_t> unsynced_;
  std::uint64_t lost_ = 0;
};

}  // namespace holdfast::sync
