// SPDX-License-Identifier: Apache-2.0
// FakeStore: the Store seam in memory, with the ways in which a disk lets one down. It outlives the program
// that the simulator crashes: after a crash every call fails until restart(), then the last durable state is
// back.
// Threads: one caller at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "sync/store/store.hpp"

namespace holdfast::sync {

class FakeStore final : public Store {
 public:
  explicit FakeStore(const std::vector<Table>& tables);

  base::Status read(const std::function<base::Status(ReadTxn&)>& work) override;
  base::Status write(const std::function<base::Status(WriteTxn&)>& work) override;

  // ---- crashes ----
  enum class AtCommit {
    kCommit,
    kCrashBefore,  ///< the power goes: nothing of the transaction is kept
    kCrashAfter,   ///< it is durable, but nobody hears so
  };
  /// Asked before each commit.
  void on_commit(std::function<AtCommit()> decide) { decide_ = std::move(decide); }
  /// The power goes now. Inside write() the open transaction is lost.
  void crash();
  bool crashed() const { return crashed_; }
  /// The next start of the program finds the durable state.
  void restart() { crashed_ = false; }

  // ---- a disk that lies ----
  /// A store opened without fsync: commits since the last sync() are lost by a crash. To prove that a harness
  /// notices.
  void lose_unsynced(bool lose) { lose_unsynced_ = lose; }
  void sync() { unsynced_.clear(); }

  // ---- a disk that is full, read-only or damaged ----
  /// After so many more commits the disk is full; nullopt: never.
  void full_after(std::optional<std::uint64_t> commits) { commits_left_ = commits; }
  void set_read_only(bool read_only) { read_only_ = read_only; }
  /// Reading this record is kCorrupt until it is put again.
  void damage(Table table, std::string_view key);

  // ---- to look at ----
  std::uint64_t commits() const { return commits_; }

 private:
  class Txn;
  using Rows = std::map<std::string, std::string, std::less<>>;
  struct Undo {
    std::string table;
    std::string key;
    std::optional<std::string> before;
  };
  using Undos = std::vector<Undo>;

  base::Status available() const;
  base::Status commit(Undos undos);
  void roll_back(const Undos& undos);
  void set(const std::string& table, std::string_view key, std::optional<std::string> value);

  std::map<std::string, Rows, std::less<>> tables_;
  std::set<std::pair<std::string, std::string>> damaged_;
  std::deque<Undos> unsynced_;
  std::function<AtCommit()> decide_;
  std::optional<std::uint64_t> commits_left_;
  std::uint64_t commits_ = 0;
  bool crashed_ = false;
  bool lose_unsynced_ = false;
  bool read_only_ = false;
  bool busy_ = false;
};

}  // namespace holdfast::sync
