// SPDX-License-Identifier: Apache-2.0
#include "hub/assign.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include "base/limits/model.hpp"
#include "base/planted.hpp"

namespace holdfast::hub {
namespace {

using sync::Claim;
using Claims = std::vector<Claim>;

const Claims kNoClaims;

bool contains(const Claims& sorted, const Claim& claim) { return std::ranges::binary_search(sorted, claim); }

Claims without(const Claims& a, const Claims& b) {
  Claims out;
  std::ranges::set_difference(a, b, std::back_inserter(out));
  return out;
}

/// What is known of one application on this node while the answer is worked out.
struct Entry {
  sync::ApplicationUid application;
  const Candidate* candidate = nullptr;
  const sync::SectionRef* section = nullptr;  // of the previous desired state
  const Claims* section_claims = &kNoClaims;
  std::size_t section_bytes = 0;
  const sync::Removal* removal = nullptr;  // of the previous desired state
  bool sending = false;                    // gets the candidate's section
  bool leaving = false;                    // its section becomes a removal

  const std::string& name() const {
    if (candidate != nullptr) return candidate->name;
    return section != nullptr ? section->name : removal->name;
  }
  /// What it holds in the next desired state, as far as decided.
  const Claims& claims() const {
    if (sending) return candidate->claims;
    return leaving ? kNoClaims : *section_claims;
  }
  bool holds() const { return sending || (section != nullptr && !leaving); }
  bool is_new() const { return sending && section == nullptr; }
  std::size_t bytes() const {
    if (sending) return candidate->bytes;
    return leaving ? 0 : section_bytes;
  }
  bool owned(const Claim& claim) const { return contains(*section_claims, claim); }
};

class Assigner {
 public:
  explicit Assigner(const AssignInput& input) : input_(input) {
    collect();
    for (auto& [application, entry] : entries_) wish(entry);
    limit();
    // What is taken back may take the room, or hold the claim, that another one was given.
    do {
      settle_claims();
    } while (limit() || defer_removals());
  }

  Assignment answer() {
    Assignment out;
    out.conflicts = std::move(conflicts_);
    std::ranges::sort(out.conflicts, {}, &ClaimConflict::loser);
    for (auto* list : {&over_limit_, &too_large_, &held_removals_}) std::ranges::sort(*list);
    out.over_limit = std::move(over_limit_);
    out.too_large = std::move(too_large_);
    out.held_removals = std::move(held_removals_);
    auto next = header();
    const auto& previous = input_.previous;
    const bool same = previous ? next.content_digest() == previous->content_digest()
                               : next.sections.empty() && next.removals.empty();
    if (same && !input_.begins_epoch) return out;
    // Only now: a removal that has been carried out is no reason to send anything.
    std::erase_if(next.removals, [&](const sync::Removal& removal) {
      const auto& entry = entries_.at(removal.application);
      return is_carried_out(entry) || (entry.removal != nullptr && base::planted("removal-forgotten"));
    });
    next.generation = previous ? sync::Generation{std::max(previous->generation.epoch, input_.epoch),
                                                  previous->generation.sequence + 1}
                               : sync::Generation{input_.epoch, 1};
    out.next = std::move(next);
    return out;
  }

 private:
  Entry& entry(const sync::ApplicationUid& application) {
    auto& found = entries_[application];
    found.application = application;
    return found;
  }

  void collect() {
    for (const auto& candidate : input_.candidates) entry(candidate.application).candidate = &candidate;
    if (!input_.previous) return;
    const auto& sections = input_.previous->sections;
    for (std::size_t i = 0; i < sections.size(); ++i) {
      auto& found = entry(sections[i].application);
      found.section = &sections[i];
      found.section_claims = &input_.previous_claims.at(i);
      if (!input_.previous_bytes.empty()) found.section_bytes = input_.previous_bytes.at(i);
    }
    for (const auto& removal : input_.previous->removals) entry(removal.application).removal = &removal;
  }

  static void wish(Entry& entry) {
    if (entry.candidate == nullptr) return;
    const Wish wish = entry.candidate->wish;
    entry.sending = wish == Wish::kPlace;
    entry.leaving = wish == Wish::kPrune || wish == Wish::kRelease;
  }

  /// Takes back what is more than a desired state holds, the last first; true where something was.
  bool limit() {
    bool changed = false;
    while (limit_sections() || limit_bytes() || limit_removals()) changed = true;
    return changed;
  }

  bool limit_sections() {
    std::size_t count = 0;
    for (const auto& [application, entry] : entries_) count += entry.holds() ? 1U : 0U;
    return take_back(count, base::limits::kSectionsPerNodeMax, over_limit_, [](Entry& entry) -> std::size_t {
      if (!entry.is_new()) return 0;
      entry.sending = false;
      return 1;
    });
  }

  /// What is new gives way before what would only be changed.
  bool limit_bytes() {
    std::size_t total = 0;
    for (const auto& [application, entry] : entries_) total += entry.bytes();
    const auto keep_old = [](Entry& entry) -> std::size_t {
      const std::size_t before = entry.section_bytes;
      const std::size_t now = entry.bytes();
      if (!entry.sending || now <= before) return 0;
      entry.sending = false;
      return now - before;
    };
    const auto refuse_new = [&](Entry& entry) -> std::size_t { return entry.is_new() ? keep_old(entry) : 0; };
    const bool refused = take_back(total, base::limits::kDesiredStateBytesMax, too_large_, refuse_new);
    return take_back(total, base::limits::kDesiredStateBytesMax, too_large_, keep_old) || refused;
  }

  bool is_carried_out(const Entry& entry) const {
    return entry.removal != nullptr && std::ranges::binary_search(input_.removed, entry.application);
  }

  /// A node that is away for long gathers them: what leaves beyond the limit leaves when it has returned.
  bool limit_removals() {
    std::size_t count = 0;
    for (const auto& [application, entry] : entries_) {
      const bool is_removal = (entry.removal != nullptr || entry.section != nullptr) && !entry.holds();
      count += is_removal && !is_carried_out(entry) ? 1U : 0U;
    }
    return take_back(count, base::limits::kSectionsPerNodeMax, held_removals_,
                     [](Entry& entry) -> std::size_t {
                       if (!entry.leaving || entry.section == nullptr) return 0;
                       entry.leaving = false;
                       return 1;
                     });
  }

  /// `undo` takes one back and says how much that frees.
  template <class Undo>
  bool take_back(std::size_t& amount, std::size_t max, std::vector<sync::ApplicationUid>& told,
                 const Undo& undo) {
    bool changed = false;
    for (auto at = entries_.rbegin(); at != entries_.rend() && amount > max; ++at) {
      const std::size_t freed = undo(at->second);
      if (freed == 0) continue;
      amount -= freed;
      told.push_back(at->first);
      changed = true;
    }
    return changed;
  }

  /// Takes back what would hold a claim twice, until none does. Each turn takes back at least one.
  void settle_claims() {
    while (true) {
      std::map<Claim, std::vector<Entry*>> holders;
      for (auto& [application, entry] : entries_) {
        for (const auto& claim : entry.claims()) holders[claim].push_back(&entry);
      }
      bool changed = false;
      for (const auto& [claim, entries] : holders) {
        if (entries.size() > 1) changed = settle(claim, entries) || changed;
      }
      if (!changed) return;
    }
  }

  /// Owner before stranger, then the smaller name: what stays is worth more than what comes.
  static bool before(const Claim& claim, const Entry& a, const Entry& b) {
    if (a.sending != b.sending) return !a.sending;
    if (a.owned(claim) != b.owned(claim)) return a.owned(claim);
    return std::tie(a.name(), a.application) < std::tie(b.name(), b.application);
  }

  bool settle(const Claim& claim, const std::vector<Entry*>& entries) {
    // One that an earlier claim of this turn took back may hold this claim no more.
    std::vector<Entry*> holders;
    for (auto* entry : entries) {
      if (contains(entry->claims(), claim)) holders.push_back(entry);
    }
    if (holders.size() < 2 || base::planted("claim-given-twice")) return false;
    auto* const winner = *std::ranges::min_element(
        holders, [&](const Entry* a, const Entry* b) { return before(claim, *a, *b); });
    bool changed = false;
    for (auto* entry : holders) {
      if (entry == winner || !entry->sending) continue;
      entry->sending = false;
      changed = true;
      conflicts_.push_back({entry->application, entry->name(), winner->application, winner->name(), claim});
    }
    return changed;
  }

  /// Whether a newest rendering claims it and has not arrived on this node: somebody else's, or its own where it is to have
  /// again what it has not deleted yet.
  bool is_awaited(const Claim& claim, const Entry& from) const {
    return std::ranges::any_of(entries_, [&](const auto& item) {
      const Entry& other = item.second;
      const bool is_own = &other == &from;
      const bool was_withheld = from.section != nullptr && contains(from.section->withhold, claim);
      const bool counts = !is_own || (!from.leaving && was_withheld);
      if (other.candidate == nullptr || !counts) return false;
      return contains(other.candidate->newest_claims, claim) && !contains(other.claims(), claim);
    });
  }

  /// What the node may hold of it. What was withheld before is still there, though the section does not name it any more.
  Claims may_hold(const Entry& entry) const {
    Claims out = *entry.section_claims;
    if (entry.section != nullptr) out = united(out, entry.section->withhold);
    const auto forgotten = input_.forgotten_claims.find(entry.application);
    return forgotten == input_.forgotten_claims.end() ? out : united(out, forgotten->second);
  }

  /// An application does not take away what another one is about to take over.
  bool defer_removals() {
    bool changed = false;
    for (auto& [application, entry] : entries_) {
      if (!entry.leaving || entry.candidate->wish != Wish::kPrune || entry.section == nullptr) continue;
      const bool awaited =
          std::ranges::any_of(may_hold(entry), [&](const Claim& claim) { return is_awaited(claim, entry); });
      if (!awaited) continue;
      entry.leaving = false;
      changed = true;
    }
    return changed;
  }

  Claims withheld(const Entry& entry) const {
    Claims out = without(may_hold(entry), entry.claims());
    std::erase_if(out, [&](const Claim& claim) {
      const bool was_withheld = entry.section != nullptr && contains(entry.section->withhold, claim);
      const bool stays = input_.keeps_withheld && was_withheld;
      return !stays && !is_awaited(claim, entry);
    });
    return out;
  }

  sync::SectionRef section_of(const Entry& entry) const {
    sync::SectionRef ref;
    if (entry.sending) {
      const Candidate& from = *entry.candidate;
      const bool was_confirmed =
          entry.section != nullptr && entry.section->digest == from.digest && entry.section->prune_confirmed;
      ref = {.application = from.application,
             .name = from.name,
             .revision = from.revision,
             .digest = from.digest,
             .provenance = from.provenance,
             .withhold = {},
             .prune_confirmed = from.section_confirmed || was_confirmed};
    } else {
      ref = *entry.section;
    }
    ref.withhold = withheld(entry);
    return ref;
  }

  static sync::Removal removal_of(const Entry& entry) {
    sync::Removal removal;
    if (entry.removal != nullptr) removal = *entry.removal;
    removal.application = entry.application;
    removal.name = entry.name();
    if (!entry.leaving) return removal;
    removal.mode =
        entry.candidate->wish == Wish::kPrune ? sync::RemovalMode::kPrune : sync::RemovalMode::kRelease;
    removal.confirmed = removal.confirmed || entry.candidate->removal_confirmed;
    return removal;
  }

  sync::DesiredHeader header() const {
    sync::DesiredHeader next;
    next.fleet = input_.fleet;
    next.node = input_.node;
    for (const auto& [application, entry] : entries_) {
      if (entry.holds())
        next.sections.push_back(section_of(entry));
      else if (entry.removal != nullptr || entry.section != nullptr)
        next.removals.push_back(removal_of(entry));
    }
    return next;
  }

  const AssignInput& input_;
  std::map<sync::ApplicationUid, Entry> entries_;
  std::vector<ClaimConflict> conflicts_;
  std::vector<sync::ApplicationUid> over_limit_;
  std::vector<sync::ApplicationUid> too_large_;
  std::vector<sync::ApplicationUid> held_removals_;
};

}  // namespace

std::vector<sync::Claim> united(const std::vector<sync::Claim>& a, const std::vector<sync::Claim>& b) {
  std::vector<sync::Claim> out;
  std::ranges::set_union(a, b, std::back_inserter(out));
  return out;
}

std::string ClaimConflict::text() const {
  return claim.text() + " is held by application \"" + holder_name + "\" and wanted by \"" + loser_name +
         "\"; remove it from one of them";
}

Assignment assign(const AssignInput& input) { return Assigner(input).answer(); }

}  // namespace holdfast::hub
