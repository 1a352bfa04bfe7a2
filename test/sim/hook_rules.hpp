// SPDX-License-Identifier: Apache-2.0
// HookRules: a hook runs once for each attempt of its section, at its stage and never on the way back, nothing of a later
// stage is touched before those of the earlier ones have ended well, and none is left out. Attempts are told apart by what is stored, ends by what the host shows.
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/fake_host.hpp"
#include "edge_agent/section_step.hpp"
#include "sync/model/section.hpp"
#include "test/sim/judge.hpp"

namespace holdfast::sim {

class HookRules {
 public:
  /// `node` and `host` outlive it.
  HookRules(const std::string& node, base::FakeHost& host, Judge& judge)
      : node_(node), host_(host), judge_(judge) {}

  /// `claim` is about to be changed or started for the section that `record` has accepted.
  void before_touch(const sync::Claim& claim, const edge_agent::SectionRecord& record,
                    const sync::Section& section);
  /// `section`: that the record has accepted, where it can be read.
  void started(const sync::Claim& claim, const edge_agent::SectionRecord& record,
               const std::optional<sync::Section>& section);
  /// A section's record that is about to be stored; the store cannot be read now.
  void storing(const edge_agent::SectionRecord& record);
  /// Sections that were stored as applied since the last call, judged by what their hooks had come to then.
  void check_applied(const std::function<std::optional<sync::Section>(const base::Digest&)>& section_of);
  /// A start that was not synced is forgotten, and so may come again.
  void power_was_cut() { starts_.clear(); }

 private:
  using Attempt = std::tuple<base::Digest, std::uint32_t>;
  static Attempt attempt_of(const edge_agent::SectionRecord& record) {
    return {record.accepted.digest, record.run};
  }
  bool has_ended_well(const sync::Claim& claim, const Attempt& attempt) const;

  const std::string& node_;
  base::FakeHost& host_;
  Judge& judge_;
  std::map<std::pair<sync::Claim, Attempt>, int> starts_;
  std::map<sync::Claim, Attempt> last_;
  std::map<sync::ApplicationUid, edge_agent::SectionRecord> records_;  ///< as last to be stored
  struct End {
    std::string name;
    base::Digest section;
    std::set<sync::Claim> ended_well;
  };
  std::vector<End> ends_;
};

}  // namespace holdfast::sim
