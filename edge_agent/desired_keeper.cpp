// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/desired_keeper.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/limits/model.hpp"
#include "base/log.hpp"
#include "base/planted.hpp"
#include "edge_agent/section_end.hpp"

namespace holdfast::edge_agent {

using base::Digest;
using base::Status;
using sync::AppliedStage;
using sync::DesiredHeader;
using sync::Frame;
using sync::State;

// ---- records ----

namespace {

/// Whether the host has something new to do; a name or a revision alone is not.
bool differs(const SectionRecord& known, const sync::SectionRef& ref) {
  return known.removal_pending || known.accepted.digest != ref.digest ||
         known.accepted.withhold != ref.withhold || known.accepted.prune_confirmed != ref.prune_confirmed;
}

bool is_moving(sync::SectionPhase phase) {
  return phase == sync::SectionPhase::kPending || phase == sync::SectionPhase::kRollingBack ||
         phase == sync::SectionPhase::kRemoving;
}

bool fits(const sync::SectionBody& body, const sync::SectionRef& ref) {
  return body.bytes.size() <= base::limits::kSectionBytesMax && Digest::of(body.bytes) == ref.digest;
}

}  // namespace

SectionRecord accept_section(const SectionRecord* known, const sync::SectionRef& ref) {
  SectionRecord record = known == nullptr ? SectionRecord{} : *known;
  const bool is_news = known == nullptr || differs(*known, ref);
  record.accepted = ref;
  record.removal_pending = false;
  record.removal = {};
  if (!is_news) return record;
  const bool is_other = known == nullptr || known->accepted.digest != ref.digest;
  record = advance(std::move(record), SectionEvent::kAccepted, 0).record;
  if (is_other && is_quarantined(record, ref.digest)) {
    // What the record says is of the one before.
    record.attempt = 0;
    record.reason = "Quarantined";
    record.message = "section " + ref.digest.brief() + " failed on this node before";
  }
  return record;
}

SectionRecord accept_removal(const SectionRecord& known, const sync::Removal& removal) {
  const bool is_same = known.removal_pending && known.removal.mode == removal.mode &&
                       known.removal.confirmed == removal.confirmed;
  if (is_same) return known;
  SectionRecord record = known;
  record.removal_pending = true;
  record.removal = removal;
  record.removal.name = record.accepted.name;
  return advance(std::move(record), SectionEvent::kRemovalAccepted, 0).record;
}

// ---- boot ----

Status DesiredKeeper::boot() {
  const auto& stored = parts_.store.header();
  if (!stored) return {};
  const auto verified = sync::verify_header(*stored, audience_.signing_keys, audience_.fleet, audience_.uid);
  if (verified) {
    set_accepted(*verified, stored->bytes, true);
    return {};
  }
  if (verified.error().code() == base::Code::kTooNew) return base::fail(verified.error());
  HF_TRY(const auto header, sync::decode_header(stored->bytes));
  base::log::failure("the stored desired state is not verified; it is held, and nothing is deleted", "header",
                     verified.error());
  set_accepted(header, stored->bytes, false);
  return {};
}

void DesiredKeeper::set_accepted(const DesiredHeader& header, const std::string& bytes, bool verified) {
  auto& accepted = parts_.accepted;
  accepted.generation = header.generation;
  accepted.content = header.content_digest();
  accepted.header = Digest::of(bytes);
  accepted.verified = verified;
  accepted.applications.clear();
  for (const auto& ref : header.sections) accepted.applications.insert(ref.application);
  refs_ = header.sections;
  parts_.changed = true;
}

bool DesiredKeeper::is_complete() const {
  return std::ranges::all_of(refs_, [&](const auto& ref) { return parts_.store.has_body(ref.digest); });
}

// ---- accept ----

Frame DesiredKeeper::applied_frame(AppliedStage stage, const DesiredHeader& header) const {
  // The digest is of what this node holds: proof for a hub that knows less than its nodes.
  return sync::encode(sync::Applied{.stage = stage,
                                    .generation = header.generation,
                                    .content = header.content_digest(),
                                    .header = parts_.accepted.header});
}

std::vector<Frame> DesiredKeeper::refuse(const DesiredHeader* header, const std::string& why) {
  ++parts_.counters.states_refused;
  parts_.events.warning("Refused", {}, why);
  return {applied_frame(AppliedStage::kRefused, header == nullptr ? DesiredHeader{} : *header)};
}

std::vector<Frame> DesiredKeeper::need(const DesiredHeader& header,
                                       const std::vector<Digest>& missing) const {
  return {sync::encode(sync::Need{.generation = header.generation, .sections = missing})};
}

void DesiredKeeper::stage(const DesiredHeader& header, const State& state) {
  if (staged_for_ != header.generation) staged_.clear();
  staged_for_ = header.generation;
  for (const auto& body : state.bodies) {
    const auto ref = std::ranges::find(header.sections, body.digest, &sync::SectionRef::digest);
    if (ref == header.sections.end() || !fits(body, *ref)) {
      base::log::warn("a section body does not have its digest and was dropped",
                      {{"digest", body.digest.brief()}});
      continue;
    }
    auto kept = body;
    if (!kept.provenance.empty() && Digest::of(kept.provenance) != ref->provenance) kept.provenance.clear();
    staged_.insert_or_assign(body.digest, std::move(kept));
  }
}

std::vector<Digest> DesiredKeeper::missing(const DesiredHeader& header) const {
  std::set<Digest> out;
  for (const auto& ref : header.sections) {
    if (!parts_.store.has_body(ref.digest) && !staged_.contains(ref.digest)) out.insert(ref.digest);
  }
  return {out.begin(), out.end()};
}

std::vector<Frame> DesiredKeeper::accept(const State& state) {
  const auto header =
      sync::verify_header(state.header, audience_.signing_keys, audience_.fleet, audience_.uid);
  if (!header) return refuse(nullptr, "a desired state was refused: " + header.error().message());
  const auto& have = parts_.accepted;
  if (header->generation < have.generation && !base::planted("older-generation-accepted")) {
    return refuse(&*header, "desired state " + header->generation.text() +
                                " was refused: this node has accepted " + have.generation.text() +
                                " already");
  }
  if (header->generation == have.generation) {
    if (header->content_digest() == have.content) return repeat(*header, state);
    return refuse(&*header,
                  "desired state " + header->generation.text() +
                      " was refused: this node has accepted another content of the same generation");
  }
  stage(*header, state);
  if (const auto lacking = missing(*header); !lacking.empty()) return need(*header, lacking);
  return store(*header, state);
}

std::vector<Frame> DesiredKeeper::repeat(const DesiredHeader& header, const State& state) {
  stage(header, state);
  Changes changes;
  for (auto& [digest, body] : staged_) {
    if (!parts_.store.has_body(digest)) changes.bodies.push_back(std::move(body));
  }
  staged_.clear();
  const bool is_mended = !changes.bodies.empty();
  if (const Status stored = parts_.store.commit(changes); !stored)
    return refuse(&header, stored.error().message());
  if (const auto lacking = missing(header); !lacking.empty()) return need(header, lacking);
  // The same bytes, verified now: a header that could not be verified at boot counts again.
  parts_.accepted.verified = true;
  if (is_mended) {
    std::vector<sync::ApplicationUid> applications;
    for (const auto& ref : header.sections) applications.push_back(ref.application);
    parts_.targets.forget_errors();
    begin(applications);
  }
  std::vector<Frame> frames{applied_frame(AppliedStage::kAccepted, header)};
  if (parts_.store.applied().generation == header.generation) {
    frames.push_back(applied_frame(AppliedStage::kApplied, header));
  }
  return frames;
}

void DesiredKeeper::add_sections(const DesiredHeader& header, Changes& changes) const {
  for (const auto& ref : header.sections) {
    changes.sections[ref.application] = accept_section(parts_.store.section(ref.application), ref);
  }
}

void DesiredKeeper::add_removals(const DesiredHeader& header, Changes& changes) const {
  for (const auto& removal : header.removals) {
    const auto* known = parts_.store.section(removal.application);
    if (known != nullptr) changes.sections[removal.application] = accept_removal(*known, removal);
  }
}

std::vector<Frame> DesiredKeeper::store(const DesiredHeader& header, const State& state) {
  Changes changes;
  changes.header = state.header;
  changes.deletes_forbidden = false;
  add_sections(header, changes);
  add_removals(header, changes);
  for (auto& [digest, body] : staged_) changes.bodies.push_back(std::move(body));
  staged_.clear();
  std::vector<sync::ApplicationUid> changed;
  for (const auto& [application, record] : changes.sections) {
    const auto* known = parts_.store.section(application);
    const bool is_same = known != nullptr && known->phase == record->phase &&
                         known->accepted.digest == record->accepted.digest;
    // One that was orphaned may delete again what had to stay meanwhile.
    const bool is_back = known != nullptr && parts_.is_orphaned(*known);
    if (!is_same || is_back || is_moving(record->phase)) changed.push_back(application);
  }
  if (const Status stored = parts_.store.commit(changes); !stored) {
    if (base::planted("said-before-stored")) return {applied_frame(AppliedStage::kAccepted, header)};
    return refuse(&header, "desired state " + header.generation.text() +
                               " could not be stored: " + stored.error().message());
  }
  set_accepted(header, state.header.bytes, true);
  ++parts_.counters.states_accepted;
  parts_.events.normal("Accepted", {},
                       "desired state " + header.generation.text() + " with " +
                           std::to_string(header.sections.size()) + " applications");
  begin(changed);
  Changes settled;
  settle_applied(parts_, settled);
  if (const Status stored = parts_.store.commit(settled); !stored) {
    base::log::failure("that all is applied could not be stored", "applied", stored.error());
  }
  return {applied_frame(AppliedStage::kAccepted, header)};
}

/// All targets are loaded before anything is done, for a claim that moves must be seen at both ends.
void DesiredKeeper::begin(const std::vector<sync::ApplicationUid>& applications) {
  parts_.targets.follow_all();
  const auto now = parts_.clock.monotonic();
  for (const auto& application : applications) {
    auto& live = parts_.live[application];
    live.walk.reset();
    live.trouble.reset();
    live.retry_at = now;
    live.leftovers_known = false;
    parts_.look_at(application, now);
  }
  for (const auto& [application, record] : parts_.store.sections()) {
    if (is_moving(record.phase)) parts_.look_at(application, now);
  }
  parts_.changed = true;
}

}  // namespace holdfast::edge_agent
