// SPDX-License-Identifier: Apache-2.0
#include "hub/fake_node.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "sync/model/kinds.hpp"
#include "sync/wire/state_base.hpp"

namespace holdfast::hub {

using base::Digest;

namespace {

std::set<sync::Claim> claims_in(const std::string& body) {
  std::set<sync::Claim> out;
  const auto section = sync::decode_section(body);
  if (!section) return out;
  for (const auto& resource : section->resources) {
    for (const auto& claim : sync::claims_of(resource)) out.insert(claim);
  }
  return out;
}

bool prunes(const std::string& body) {
  const auto section = sync::decode_section(body);
  return section && section->policy.prune;
}

}  // namespace

FakeNode::FakeNode(sync::FakeBroker& broker, Identity identity)
    : broker_(broker), identity_(std::move(identity)) {}

void FakeNode::connect() {
  if (link_) return;
  link_ = std::make_unique<sync::FakeLink>(broker_, identity_.uid.str());
  link_->subscribe(sync::Topics::down(identity_.uid));
  link_->set_will(sync::Topics::presence(identity_.uid), "0");
  link_->on_message([this](const std::string&, std::string_view payload) { on_payload(payload); });
  link_->on_state([this](sync::LinkState state, const std::string&) {
    if (state != sync::LinkState::kUp || silent) return;
    static_cast<void>(link_->publish(sync::Topics::presence(identity_.uid), "1", sync::Delivery::kRetained));
    say_hello();
  });
  link_->start();
}

void FakeNode::disconnect() { link_.reset(); }

std::set<std::string> FakeNode::host() const {
  std::set<std::string> out;
  for (const auto& [claim, owner] : host_) out.insert(claim.text());
  return out;
}

std::set<std::string> FakeNode::applications() const {
  std::set<std::string> out;
  if (!header_) return out;
  for (const auto& ref : header_->sections) out.insert(ref.name);
  return out;
}

std::optional<sync::SectionRef> FakeNode::section(const std::string& application) const {
  if (!header_) return std::nullopt;
  const auto found = std::ranges::find(header_->sections, application, &sync::SectionRef::name);
  return found == header_->sections.end() ? std::nullopt : std::optional(*found);
}

std::string FakeNode::body_of(const std::string& application) const {
  const auto ref = section(application);
  const auto found = ref ? bodies_.find(ref->digest) : bodies_.end();
  return found == bodies_.end() ? "" : found->second;
}

void FakeNode::send_raw(std::string payload) {
  if (!connected()) return;
  ++sent_;
  static_cast<void>(
      link_->publish(sync::Topics::up(identity_.uid), std::move(payload), sync::Delivery::kAtLeastOnce));
}

void FakeNode::send(const sync::Frame& frame) {
  if (!silent) send_raw(sync::encode_frame(frame));
}

void FakeNode::say_hello(bool beacon) {
  const auto frame = sync::encode(hello_now(beacon));
  hello_ = frame.body;
  send(frame);
}

void FakeNode::say_beacon() {
  if (!silent) send_raw(sync::encode_frame(sync::encode(hello_now(true)), sync::up_base(hello_)));
}

sync::Hello FakeNode::hello_now(bool beacon) const {
  sync::Hello hello;
  hello.boot_id = "00000000-0000-4000-8000-000000000001";
  hello.beacon = beacon;
  const auto now = snapshot();
  hello.accepted = now.accepted;
  hello.applied = now.applied;
  hello.content = lacks_bodies ? Digest{} : now.content;
  hello.snapshot = Digest::of(sync::encode_snapshot(now));
  hello.hardware = hardware;
  hello.trust = trust;
  if (sealing) hello.sealing = sealing->public_key().id();
  hello.abilities = sync::abilities_digest(abilities);
  return hello;
}

void FakeNode::report() {
  const auto frame = sync::encode(sync::SnapshotReport{sync::encode_snapshot(snapshot()), abilities});
  reported_ = frame.body;
  send(frame);
}

void FakeNode::report_change() {
  const auto frame = sync::encode(sync::SnapshotReport{sync::encode_snapshot(snapshot()), abilities});
  const auto payload = sync::encode_frame(frame, sync::up_base(std::exchange(reported_, frame.body)));
  if (!silent) send_raw(payload);
}

void FakeNode::set_health(const std::string& application, sync::SectionPhase phase, sync::Health health) {
  base::Digest quarantined;
  if (phase == sync::SectionPhase::kQuarantined && header_) {
    const auto found = std::ranges::find(header_->sections, application, &sync::SectionRef::name);
    if (found != header_->sections.end()) quarantined = found->digest;
  }
  health_[application] = {phase, health, quarantined};
  report();
}

void FakeNode::forget() {
  header_.reset();
  header_digest_ = {};
  bodies_.clear();
  host_.clear();
}

std::optional<std::string> FakeNode::find_base(sync::FrameType type, std::string_view name) const {
  const auto base = sync::decode_state_base(name);
  if (loses_bases || type != sync::FrameType::kState || !base || !header_) return std::nullopt;
  if (base->header != sync::state_base_header(header_digest_)) return std::nullopt;
  const auto held = [](const auto& map, const Digest& digest) -> std::optional<std::string> {
    const auto found = map.find(digest);
    return found == map.end() ? std::nullopt : std::optional(found->second);
  };
  return sync::state_base_bytes(
      *base, sealed_, header_->sections, [&](const auto& ref) { return held(bodies_, ref.digest); },
      [&](const auto& ref) { return held(provenances_, ref.digest); });
}

void FakeNode::on_payload(std::string_view payload) {
  const auto decoded = sync::decode_frame(
      payload, [this](sync::FrameType type, std::string_view name) { return find_base(type, name); });
  if (!decoded || silent) return;
  if (const auto* lost = std::get_if<sync::BaseLost>(&*decoded)) return send(sync::encode(*lost));
  const auto& frame = std::get<sync::Frame>(*decoded);
  if (frame.type == sync::FrameType::kState) {
    deltas_ += sync::is_delta(payload) ? 1 : 0;
    last_payload_bytes_ = payload.size();
  }
  on_frame(frame);
}

void FakeNode::on_frame(const sync::Frame& frame) {
  if (frame.type == sync::FrameType::kReport) {
    const auto asked = sync::decode_report(frame.body);
    ++(asked && asked->hello ? hellos_asked_ : reports_asked_);
    if (asked && asked->hello) say_hello(true);
    if (asked && asked->proof) send(sync::encode(sync::Proof{"fake", shows.value_or(sealed_)}));
    if (asked && asked->sealing && sealing) send(sync::encode(sync::SealingKeyTold{sealing->public_key()}));
    if (asked && (asked->snapshot || asked->abilities)) report();
  } else if (frame.type == sync::FrameType::kState) {
    if (const auto state = sync::decode_state(frame.body)) on_state(*state);
  } else if (frame.type == sync::FrameType::kPart) {
    if (const auto part = sync::decode_part(frame.body)) on_part(*part);
  } else if (frame.type == sync::FrameType::kEventsStored) {
    if (const auto stored = sync::decode_events_stored(frame.body)) events_stored_.push_back(*stored);
  } else if (frame.type == sync::FrameType::kCommand) {
    on_command_frame(frame.body);
  } else if (frame.type == sync::FrameType::kTrust && on_trust) {
    on_trust();
  } else if (frame.type == sync::FrameType::kSettings && on_settings) {
    const auto sealed = sync::decode_settings(frame.body);
    const auto settings = sealed ? sync::verify_settings(*sealed, {identity_.hub}, identity_.uid)
                                 : base::Result<sync::Settings>(base::fail(sealed.error()));
    if (settings) on_settings(*settings);
  }
}

void FakeNode::on_command_frame(std::string_view body) {
  const auto sealed = sync::decode_command(body);
  if (!sealed || !on_command) return;
  const auto command = sync::verify_command(*sealed, {identity_.hub}, identity_.uid);
  if (!command) return;
  const auto done = on_command(*command);
  send(sync::encode(sync::Answer{.id = command->id,
                                 .ok = done.has_value(),
                                 .body = done ? *done : done.error().message(),
                                 .last = true}));
}

void FakeNode::on_state(const sync::State& state) {
  ++states_;
  last_state_bytes_ = 0;
  for (const auto& body : state.bodies) last_state_bytes_ += body.bytes.size();
  const auto next = sync::verify_header(state.header, {identity_.hub}, identity_.fleet, identity_.uid);
  if (!next) return;
  if (!believes_hub) return send(sync::encode(sync::Applied{.stage = sync::AppliedStage::kRefused}));
  if (!has_room && header_) return answer(sync::AppliedStage::kRefused);
  const bool is_mended = !std::exchange(is_verified, true);
  if (header_ && next->generation <= header_->generation) {
    answer(sync::AppliedStage::kAccepted);
    if (is_mended) report();
    return;
  }
  for (const auto& body : state.bodies) {
    if (Digest::of(body.bytes) != body.digest) continue;
    bodies_[body.digest] = body.bytes;
    provenances_[body.digest] = body.provenance;
  }
  std::vector<Digest> lacking;
  for (const auto& ref : next->sections) {
    if (!bodies_.contains(ref.digest)) lacking.push_back(ref.digest);
  }
  if (!lacking.empty()) {
    awaited_ = sync::State{state.header, {}};
    return ask(*next, lacking);
  }
  awaited_.reset();
  parts_.clear();
  header_digest_ = Digest::of(state.header.bytes);
  sealed_ = state.header;
  apply(*next);
  header_ = *next;
  std::erase_if(bodies_, [&](const auto& item) {
    return std::ranges::none_of(header_->sections, [&](const auto& ref) { return ref.digest == item.first; });
  });
  answer(sync::AppliedStage::kAccepted);
  if (applies) answer(sync::AppliedStage::kApplied);
  report();
}

std::optional<sync::DesiredHeader> FakeNode::awaited() const {
  if (!awaited_) return std::nullopt;
  return *sync::decode_header(awaited_->header.bytes);
}

void FakeNode::ask(const sync::DesiredHeader& next, const std::vector<Digest>& sections) {
  sync::Need need{.generation = next.generation, .sections = sections, .have = {}};
  for (const auto& digest : sections) {
    const auto found = parts_.find(digest);
    if (found != parts_.end()) need.have[digest] = static_cast<std::uint32_t>(found->second.size());
  }
  send(sync::encode(need));
}

void FakeNode::on_part(const sync::Part& part) {
  if (!takes_parts || !awaited_) return;
  const auto next = sync::decode_header(awaited_->header.bytes);
  if (std::ranges::find(next->sections, part.digest, &sync::SectionRef::digest) == next->sections.end())
    return;
  part_bytes_ += part.bytes.size();
  auto& bytes = parts_[part.digest];
  if (part.offset != bytes.size()) return;
  bytes += part.bytes;
  if (bytes.size() < part.total) return ask(*next, {part.digest});
  sync::State whole = *awaited_;
  whole.bodies.push_back({part.digest, bytes, ""});
  on_state(whole);
}

void FakeNode::apply(const sync::DesiredHeader& next) {
  std::map<sync::Claim, sync::ApplicationUid> wanted;
  for (const auto& ref : next.sections) {
    for (const auto& claim : claims_in(bodies_.at(ref.digest))) wanted[claim] = ref.application;
  }
  const auto goes = [&](const auto& item) {
    const auto& [claim, owner] = item;
    if (wanted.contains(claim)) return false;
    const auto section = std::ranges::find(next.sections, owner, &sync::SectionRef::application);
    if (section != next.sections.end()) {
      return prunes(bodies_.at(section->digest)) && std::ranges::count(section->withhold, claim) == 0;
    }
    const auto removal = std::ranges::find(next.removals, owner, &sync::Removal::application);
    return removal != next.removals.end() && removal->mode == sync::RemovalMode::kPrune;
  };
  std::erase_if(host_, [&](const auto& item) {
    if (!goes(item)) return false;
    deleted_.insert(item.first.text());
    return true;
  });
  for (const auto& [claim, owner] : wanted) host_[claim] = owner;
}

void FakeNode::answer(sync::AppliedStage stage) {
  send(sync::encode(sync::Applied{stage, header_->generation, header_->content_digest(), header_digest_}));
}

sync::Snapshot FakeNode::snapshot() const {
  sync::Snapshot out;
  out.node = identity_.uid;
  out.boot_id = "00000000-0000-4000-8000-000000000001";
  out.agent_version = "1.0.0";
  out.facts = facts;
  out.content = header_ ? header_->content_digest() : sync::DesiredHeader{}.content_digest();
  out.accepted = claimed_ ? *claimed_ : header_ ? header_->generation : sync::Generation{};
  if (applies) out.applied = out.accepted;
  if (!is_verified) out.conditions.push_back({"StateVerified", "False", "SignatureUnknown", ""});
  if (!header_) return out;
  for (const auto& ref : header_->sections) {
    sync::SectionStatus status;
    status.application = ref.application;
    status.name = ref.name;
    status.accepted = ref.digest;
    const auto health = health_.find(ref.name);
    status.phase = !applies                  ? sync::SectionPhase::kApplying
                   : health == health_.end() ? sync::SectionPhase::kSynced
                                             : health->second.phase;
    status.health = !applies                  ? sync::Health::kProgressing
                    : health == health_.end() ? sync::Health::kHealthy
                                              : health->second.health;
    if (health != health_.end()) status.quarantined = health->second.quarantined;
    status.sync = applies ? sync::SyncStatus::kSynced : sync::SyncStatus::kOutOfSync;
    if (applies) status.applied = status.last_good = ref.digest;
    const auto section = sync::decode_section(bodies_.at(ref.digest));
    for (const auto& resource : section->resources) {
      status.resources.push_back({resource.key, status.sync, status.health, "", ""});
    }
    out.sections.push_back(std::move(status));
  }
  for (const auto& removal : header_->removals) {
    const bool is_held = holds_removals && !removal.confirmed;
    if (!is_held && removes) continue;
    sync::SectionStatus status;
    status.application = removal.application;
    status.name = removal.name;
    status.phase = is_held ? sync::SectionPhase::kHeld : sync::SectionPhase::kRemoving;
    out.sections.push_back(std::move(status));
  }
  std::ranges::sort(out.sections, {}, &sync::SectionStatus::application);
  return out;
}

}  // namespace holdfast::hub
