// SPDX-License-Identifier: Apache-2.0
// BaseBook: desired states that nodes acknowledged and that newer ones replaced since, for as long as the newer ones are
// on their way: what these are deltas on. In memory alone and bounded over the whole fleet; a node whose entry is gone
// gets the whole.
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "base/limits/hub.hpp"
#include "hub/desired_book.hpp"
#include "sync/wire/frame.hpp"

namespace holdfast::hub {

class BaseBook {
 public:
  explicit BaseBook(std::size_t bytes_max = base::limits::kBasesBytesMax) : bytes_max_(bytes_max) {}

  /// REQUIRES: the node acknowledged `record`, which is about to be replaced.
  void keep(const DesiredRecord& record);
  /// Takes the bytes of what `next` gives the node otherwise than its kept header has it. To be called before `next`
  /// replaces what `stored` has.
  void hold(const sync::DesiredHeader& next, const DesiredBook& stored);
  void drop(const sync::NodeUid& node);

  /// What `bodies`, sections of `next`, are a delta on for a node that holds the header of this digest; nothing: it is
  /// not kept. `provenances`: of each section the one that the node holds for sure.
  std::optional<sync::FrameBase> base(const sync::DesiredHeader& next, const base::Digest& header,
                                      const std::vector<sync::SectionBody>& bodies,
                                      const std::map<base::Digest, base::Digest>& provenances) const;
  /// Whether the section that this node holds of an application is kept, and how large it is.
  std::optional<std::size_t> held_bytes(const sync::NodeUid& node, const base::Digest& header,
                                        const sync::ApplicationUid& application) const;

  std::size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    DesiredRecord record;
    std::set<base::Digest> bytes;  ///< by digest, in shared_
    std::uint64_t order = 0;
  };
  struct Shared {
    std::string bytes;
    std::size_t uses = 0;
  };
  static std::size_t size_of(const Entry& entry);
  const Entry* find(const sync::NodeUid& node, const base::Digest& header) const;
  /// `read` is called when nobody else's entry has these bytes.
  bool take(Entry& entry, const base::Digest& digest, const std::function<base::Result<std::string>()>& read);
  std::optional<std::string> shared(const base::Digest& digest) const;
  void evict();

  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::uint64_t orders_ = 0;
  std::map<sync::NodeUid, Entry> entries_;
  std::map<std::uint64_t, sync::NodeUid> by_order_;
  std::map<base::Digest, Shared> shared_;  // a body is kept once for the whole fleet
};

}  // namespace holdfast::hub
