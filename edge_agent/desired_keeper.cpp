// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/desired_keeper.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/limits/model.hpp"
#include "base/log.hpp"
#include "base/planted.hpp"
#include "edge_agent/section_end.hpp"
#include "edge_agent/succession.hpp"
#include "sync/model/kinds.hpp"
#include "sync/model/section.hpp"
#include "sync/wire/state_base.hpp"

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
         phase == sync::SectionPhase::kRemoving || phase == sync::SectionPhase::kFailing;
}

bool fits(const sync::SectionBody& body, const sync::SectionRef& ref) {
  return body.bytes.size() <= base::limits::kSectionBytesMax && Digest::of(body.bytes) == ref.digest;
}

}  // namespace

SectionRecord accept_section(const SectionRecord* known, const sync::SectionRef& ref, SectionHooks hooks) {
  SectionRecord record = known == nullptr ? SectionRecord{} : *known;
  const bool is_news = known == nullptr || differs(*known, ref);
  record.accepted = ref;
  record.removal_pending = false;
  record.removal = {};
  if (!is_news) return record;
  const bool is_other = known == nullptr || known->accepted.digest != ref.digest;
  if (known != nullptr && is_other) begin_another(record, known->accepted.digest, hooks);
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
    return put_right(*verified);
  }
  if (verified.error().code() == base::Code::kTooNew) return base::fail(verified.error());
  const auto header = sync::decode_header(stored->bytes);
  if (!header) return base::fail(base::Code::kCorrupt, "meta/header: " + header.error().message());
  base::log::failure("the stored desired state is not verified; it is held, and nothing is deleted", "header",
                     verified.error());
  set_accepted(*header, stored->bytes, false);
  return put_right(*header);
}

/// Records are not signed, and what they name is carried out: it must be what the header names. One that was lost is made
/// again, or its application would be looked after by nobody.
Status DesiredKeeper::put_right(const DesiredHeader& header) {
  Changes changes;
  bool is_false = false;
  for (const auto& ref : header.sections) {
    const auto* record = parts_.store.section(ref.application);
    if (record != nullptr && !differs(*record, ref)) continue;
    is_false = is_false || record != nullptr;
    base::log::error("a stored record is lost, or says something else than the stored desired state",
                     {{"application", ref.name}, {"section", ref.digest.brief()}});
    changes.sections[ref.application] = new_record(record, ref);
  }
  for (const auto& removal : header.removals) {
    if (parts_.store.section(removal.application) != nullptr) continue;
    if (auto lost = removal_record(removal)) changes.sections[removal.application] = *std::move(lost);
  }
  if (changes.empty()) return {};
  const Status stored = parts_.store.commit(changes);
  // A disk that is full, or only looked at: what was lost is made again at a later start.
  if (stored || is_false) return stored;
  base::log::failure("lost records could not be made again", "records", stored.error());
  return {};
}

bool DesiredKeeper::set_signing_keys(std::vector<base::PublicKey> keys) {
  audience_.signing_keys = std::move(keys);
  const auto& stored = parts_.store.header();
  if (!stored || parts_.accepted.verified) return false;
  const auto header = sync::verify_header(*stored, audience_.signing_keys, audience_.fleet, audience_.uid);
  if (!header) return false;
  set_accepted(*header, stored->bytes, true);
  return true;
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

std::vector<Frame> DesiredKeeper::need(const DesiredHeader& header, const sync::SignedHeader& sealed,
                                       const std::vector<Digest>& missing) {
  const bool is_known = awaited_ && awaited_->sealed.bytes == sealed.bytes;
  if (!is_known) {
    awaited_ = Awaited{.sealed = sealed, .header = header, .provenances = {}};
    const auto dropped = book_.keep_only({missing.begin(), missing.end()});
    if (!dropped) base::log::failure("parts could not be dropped", "parts", dropped.error());
  }
  sync::Need need{.generation = header.generation, .sections = missing, .have = {}};
  for (const auto& digest : missing) {
    if (const auto bytes = book_.have(digest); bytes > 0) need.have[digest] = bytes;
  }
  return {sync::encode(need)};
}

void DesiredKeeper::end_wait() {
  awaited_.reset();
  if (const auto dropped = book_.keep_only({}); !dropped)
    base::log::failure("parts could not be dropped", "parts", dropped.error());
}

void DesiredKeeper::stage(const DesiredHeader& header, State& state) {
  if (staged_for_ != header.generation) staged_.clear();
  staged_for_ = header.generation;
  for (auto& body : std::exchange(state.bodies, {})) {
    const auto ref = std::ranges::find(header.sections, body.digest, &sync::SectionRef::digest);
    if (ref == header.sections.end() || !fits(body, *ref)) {
      base::log::warn("a section body does not have its digest and was dropped",
                      {{"digest", body.digest.brief()}});
      continue;
    }
    if (!body.provenance.empty() && Digest::of(body.provenance) != ref->provenance) body.provenance.clear();
    staged_.insert_or_assign(body.digest, std::move(body));
  }
}

void DesiredKeeper::stage_complete(const DesiredHeader& header) {
  for (const auto& ref : header.sections) {
    const bool is_here = parts_.store.has_body(ref.digest) || staged_.contains(ref.digest);
    if (is_here || !book_.is_complete(ref.digest)) continue;
    auto bytes = book_.whole(ref.digest);
    if (!bytes) {
      base::log::failure("a section that came in parts was dropped", ref.name, bytes.error());
      continue;
    }
    sync::SectionBody body{.digest = ref.digest, .bytes = *std::move(bytes), .provenance = {}};
    if (awaited_) {
      const auto origin = awaited_->provenances.find(ref.provenance);
      if (origin != awaited_->provenances.end()) body.provenance = origin->second;
    }
    staged_.insert_or_assign(ref.digest, std::move(body));
  }
}

std::vector<Digest> DesiredKeeper::missing(const DesiredHeader& header) const {
  std::set<Digest> out;
  for (const auto& ref : header.sections) {
    if (!parts_.store.has_body(ref.digest) && !staged_.contains(ref.digest)) out.insert(ref.digest);
  }
  return {out.begin(), out.end()};
}

std::vector<Frame> DesiredKeeper::accept(State state) {
  auto header = sync::verify_header(state.header, audience_.signing_keys, audience_.fleet, audience_.uid);
  if (!header && base::planted("state-of-anybody-accepted")) header = sync::decode_header(state.header.bytes);
  if (!header) return refuse(nullptr, "a desired state was refused: " + header.error().message());
  const auto& have = parts_.accepted;
  if (header->generation < have.generation && !base::planted("older-generation-accepted")) {
    return refuse(&*header, "desired state " + header->generation.text() +
                                " was refused: this node has accepted " + have.generation.text() +
                                " already");
  }
  if (header->generation == have.generation) {
    if (header->content_digest() == have.content) return repeat(*header, std::move(state));
    return refuse(&*header,
                  "desired state " + header->generation.text() +
                      " was refused: this node has accepted another content of the same generation");
  }
  stage(*header, state);
  stage_complete(*header);
  if (const auto lacking = missing(*header); !lacking.empty()) return need(*header, state.header, lacking);
  return store(*header, state);
}

/// Of a body that comes in parts. It is for people, so one that is lost is not asked for again.
bool DesiredKeeper::stage_provenance(const sync::Part& part) {
  const auto& sections = awaited_->header.sections;
  const bool is_named =
      std::ranges::find(sections, part.digest, &sync::SectionRef::provenance) != sections.end();
  const bool is_whole = part.bytes.size() == part.total && Digest::of(part.bytes) == part.digest;
  if (is_named && is_whole) awaited_->provenances[part.digest] = part.bytes;
  return is_named;
}

std::vector<Frame> DesiredKeeper::accept(const sync::Part& part) {
  if (!awaited_ || stage_provenance(part)) return {};
  const auto lacking = missing(awaited_->header);
  if (std::ranges::find(lacking, part.digest) == lacking.end()) return {};
  const auto taken = book_.take(part);
  if (!taken) {
    // The hub says it again after a while; there may be room then.
    base::log::failure("a part of a section could not be stored", part.digest.brief(), taken.error());
    return {};
  }
  base::log::recovered("a part of a section could not be stored", part.digest.brief());
  if (!*taken) return {};
  parts_.counters.part_bytes += part.bytes.size();
  // Each is answered: what the hub sends next depends on what is here.
  if (!book_.is_complete(part.digest)) return need(awaited_->header, awaited_->sealed, lacking);
  return accept(State{awaited_->sealed, {}});
}

std::optional<std::string> DesiredKeeper::base(std::string_view name) const {
  const auto& header = parts_.store.header();
  const auto wanted = sync::decode_state_base(name);
  if (!header || !wanted) return std::nullopt;
  const bool is_ours = wanted->header == sync::state_base_header(parts_.accepted.header);
  if (!is_ours && !base::planted("delta-taken-on-any-base")) return std::nullopt;
  const auto body = [&](const sync::SectionRef& ref) -> std::optional<std::string> {
    auto bytes = parts_.store.body(ref.digest);
    return bytes ? std::optional(*std::move(bytes)) : std::nullopt;
  };
  const auto provenance = [&](const sync::SectionRef& ref) -> std::optional<std::string> {
    auto bytes = parts_.store.provenance_bytes(ref.digest);
    return bytes ? std::optional(*std::move(bytes)) : std::nullopt;
  };
  return sync::state_base_bytes(*wanted, *header, refs_, body, provenance);
}

std::vector<Frame> DesiredKeeper::repeat(const DesiredHeader& header, State state) {
  stage(header, state);
  stage_complete(header);
  const auto lacking = missing(header);
  Changes changes;
  for (auto& [digest, body] : staged_) {
    if (!parts_.store.has_body(digest)) changes.bodies.push_back(std::move(body));
  }
  staged_.clear();
  const bool is_mended = !changes.bodies.empty();
  // Signed by a newer key, maybe: what is stored must verify at the next boot, too.
  const bool is_signed_anew = parts_.store.header() != state.header;
  if (is_signed_anew) changes.header = state.header;
  if (lacking.empty()) changes.deletes_forbidden = false;
  if (const Status stored = parts_.store.commit(changes); !stored)
    return refuse(&header, stored.error().message());
  if (!lacking.empty()) return need(header, state.header, lacking);
  end_wait();
  // One that could not be verified at boot counts again; what is recorded was put right then.
  if (is_signed_anew) set_accepted(header, state.header.bytes, true);
  parts_.accepted.verified = true;
  parts_.changed = true;
  if (is_mended) {
    std::vector<sync::ApplicationUid> applications;
    applications.reserve(header.sections.size());
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

SectionRecord DesiredKeeper::new_record(const SectionRecord* known, const sync::SectionRef& ref) const {
  const bool is_other = known != nullptr && known->accepted.digest != ref.digest;
  return accept_section(known, ref, is_other ? hooks_of(ref.digest) : SectionHooks::kNone);
}

/// Of one that cannot be read none is run either.
SectionHooks DesiredKeeper::hooks_of(const Digest& digest) const {
  const auto staged = staged_.find(digest);
  const auto bytes =
      staged == staged_.end() ? parts_.store.body(digest) : base::Result<std::string>(staged->second.bytes);
  const auto section = bytes ? sync::decode_section(*bytes) : base::fail(bytes.error());
  if (!section) return SectionHooks::kNone;
  const bool has_some = std::ranges::any_of(
      section->resources, [](const sync::Resource& resource) { return resource.hook.has_value(); });
  return has_some ? SectionHooks::kSome : SectionHooks::kNone;
}

void DesiredKeeper::add_sections(const DesiredHeader& header, Changes& changes) const {
  for (const auto& ref : header.sections) {
    changes.sections[ref.application] = new_record(parts_.store.section(ref.application), ref);
  }
}

void DesiredKeeper::add_removals(const DesiredHeader& header, Changes& changes) const {
  for (const auto& removal : header.removals) {
    if (auto record = removal_record(removal)) changes.sections[removal.application] = *std::move(record);
  }
}

/// Of an application that is not here there is none, unless its record was lost and what it made was not.
std::optional<SectionRecord> DesiredKeeper::removal_record(const sync::Removal& removal) const {
  if (const auto* known = parts_.store.section(removal.application)) return accept_removal(*known, removal);
  const bool is_left = std::ranges::any_of(parts_.store.inventory(), [&](const auto& item) {
    return item.second.application == removal.application;
  });
  if (!is_left) return std::nullopt;
  SectionRecord lost;
  lost.accepted.application = removal.application;
  lost.accepted.name = removal.name;
  return accept_removal(lost, removal);
}

void DesiredKeeper::add_successions(const DesiredHeader& header, Changes& changes) const {
  if (!leaves_orphans(parts_.store.sections(), header)) return;
  WantedClaims wanted;
  for (const auto& ref : header.sections) {
    const auto staged = staged_.find(ref.digest);
    const auto bytes = staged == staged_.end() ? parts_.store.body(ref.digest)
                                               : base::Result<std::string>(staged->second.bytes);
    if (!bytes) continue;
    const auto section = sync::decode_section(*bytes);
    if (!section) continue;  // it cannot be carried out either
    for (const auto& resource : section->resources) {
      for (auto& claim : sync::claims_of(resource)) wanted.emplace(std::move(claim), ref.application);
    }
  }
  succeed_orphans(parts_.store, header, wanted, changes);
}

void DesiredKeeper::end_orphan(const SectionRecord& record) {
  const auto& application = record.accepted.application;
  parts_.live[application].walk.reset();
  parts_.targets.follow(application);
  parts_.queue.drop({WorkKind::kSection, application.str()});
  parts_.events.normal("Succeeded", {record.accepted.name, ""},
                       "the hub knows this application no more; another one goes on with what it made");
}

std::vector<Frame> DesiredKeeper::store(const DesiredHeader& header, const State& state) {
  Changes changes;
  changes.header = state.header;
  changes.deletes_forbidden = false;
  add_sections(header, changes);
  add_removals(header, changes);
  add_successions(header, changes);
  for (auto& [digest, body] : staged_) changes.bodies.push_back(std::move(body));
  staged_.clear();
  std::vector<sync::ApplicationUid> changed;
  std::vector<SectionRecord> ended;
  for (const auto& [application, record] : changes.sections) {
    const auto* known = parts_.store.section(application);
    if (!record) {
      ended.push_back(*known);
      continue;
    }
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
  end_wait();
  ++parts_.counters.states_accepted;
  parts_.events.normal("Accepted", {},
                       "desired state " + header.generation.text() + " with " +
                           std::to_string(header.sections.size()) + " applications");
  begin(changed);
  // After it, for what goes on under another application is then neither unwatched nor forgotten.
  for (const auto& record : ended) end_orphan(record);
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
