// SPDX-License-Identifier: Apache-2.0
// UnitBook: what must be known of a unit and systemd does not say: how it was found, and with what its run began. What
// changed waits here for the next transaction, which comes before the host is touched.
// Threads: one, the engine's.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/digest.hpp"
#include "base/result.hpp"

namespace holdfast::edge_agent {

struct UnitRecord {
  // As this agent found it: so it is given back.
  bool was_there = false;
  bool was_enabled = false;
  bool was_up = false;
  bool was_masked = false;
  // What runs.
  base::Digest start;  ///< what it began with, as UnitEffective::start; none: not known, or something else
  std::string invocation;  ///< which run that is; empty: none that lasted
  std::string boot;
  // A start or restart that was asked for; none: nothing is on its way.
  base::Digest asked;      ///< with what, as `start`
  std::string asked_from;  ///< the run before it; another one than that began with `asked`
  bool operator==(const UnitRecord&) const = default;
};

class UnitBook {
 public:
  using Records = std::map<std::string, UnitRecord>;
  void load(Records records);
  /// nullptr: nothing is known.
  const UnitRecord* find(const std::string& unit) const {
    const auto found = records_.find(unit);
    return found == records_.end() ? nullptr : &found->second;
  }
  void note(const std::string& unit, UnitRecord record) {
    const auto found = records_.find(unit);
    if (found != records_.end() && found->second == record) return;
    records_.insert_or_assign(unit, std::move(record));
    changed_.insert(unit);
  }
  void forget(const std::string& unit) {
    if (records_.erase(unit) > 0) changed_.insert(unit);
  }

  /// Units whose record is not stored yet.
  const std::set<std::string>& changed() const { return changed_; }
  void stored() { changed_.clear(); }

 private:
  Records records_;
  std::set<std::string> changed_;
};

/// {"asked": …, "askedFrom": …, "boot": …, "invocation": …, "start": …, "unit": …, "wasEnabled": …, "wasMasked": …,
/// "wasThere": …, "wasUp": …}
std::string encode_unit_record(const std::string& unit, const UnitRecord& record);
base::Result<std::pair<std::string, UnitRecord>> decode_unit_record(std::string_view bytes);

}  // namespace holdfast::edge_agent
