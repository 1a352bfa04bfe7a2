// SPDX-License-Identifier: Apache-2.0
// HubRules: what a hub must never say, checked at every message it sends down. Threads: one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sync/model/desired_state.hpp"
#include "sync/store/fake_store.hpp"
#include "sync/wire/messages.hpp"
#include "test/sim/judge.hpp"
#include "test/sim/model.hpp"

namespace holdfast::sim {

class HubRules {
 public:
  HubRules(Trace& trace, Judge& judge) : trace_(trace), judge_(judge) {}

  void sent(const std::string& payload);
  /// An older copy is at work now: it begins where the copy was, and nodes refuse what is older than what they hold.
  void restored(sync::FakeStore& copy);
  /// The hub has another key: at its start it signs anew what it holds, and deltas are on that.
  void signs_by(const base::SigningKey& key);
  void does_not_rest() { judge_.violated("comes-to-rest", "the hub has work without end at one moment"); }
  void stored(sync::Table table, std::string_view key, std::string_view value);
  /// Every desired state that was sent to this node so far, oldest first.
  std::vector<std::string> states_for(const sync::NodeUid& node) const {
    const auto found = states_.find(node);
    return found == states_.end() ? std::vector<std::string>{} : found->second;
  }
  std::uint64_t messages() const { return messages_; }

 private:
  /// What a delta of the hub is on: it must be something that the hub said before.
  std::optional<std::string> base(std::string_view name) const;
  void remember(const sync::State& state, const sync::DesiredHeader& header);
  void take_part(const sync::Part& part);
  void take_body(const base::Digest& digest, const std::string& bytes);
  void check_state(const sync::State& state);
  void check_claims(const sync::DesiredHeader& header);

  struct Said {
    sync::Generation generation;
    std::string bytes;
  };
  Trace& trace_;
  Judge& judge_;
  std::map<sync::NodeUid, std::vector<std::string>> states_;
  std::map<sync::NodeUid, Said> said_;
  std::map<base::Digest, Claims> claims_;  ///< by section digest
  struct Header {
    sync::SignedHeader sealed;
    sync::DesiredHeader header;
  };
  std::map<std::string, Header> headers_;      ///< by the first bytes of their digests
  std::map<base::Digest, std::string> bytes_;  ///< sections and provenances
  std::map<base::Digest, std::string> parts_;  ///< what was sent of them
  std::uint64_t messages_ = 0;
  bool was_restored_ = false;
};

}  // namespace holdfast::sim
