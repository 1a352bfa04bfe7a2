// SPDX-License-Identifier: Apache-2.0
#include "test/sim/node_rules.hpp"

#include <algorithm>

#include "base/limits/model.hpp"
#include "edge_agent/packed_text.hpp"
#include "edge_agent/tables.hpp"
#include "sync/model/kinds.hpp"
#include "test/sim/canary.hpp"

namespace holdfast::sim {

using sync::SectionPhase;

NodeRules::NodeRules(std::string node, base::FakeHost& host, sync::FakeStore& store, Oracle& oracle,
                     Trace& trace, Judge& judge)
    : node_(std::move(node)),
      host_(host),
      stored_(store),
      oracle_(oracle),
      trace_(trace),
      judge_(judge),
      hooks_(node_, host, judge),
      touch_(node_, stored_, oracle, hooks_, judge) {}

void NodeRules::violated(const std::string& invariant, const std::string& detail) {
  judge_.violated(invariant, node_ + ": " + detail);
}

// ---- the host ----

void NodeRules::before_write(const base::FileWrite& write) {
  const auto claim = path_claim(write.path);
  touch_.expect_stage(claim, write.content);
  touch_.expect_wanted(claim, "write " + write.path);
  touch_.expect_intent(claim, "write " + write.path);
  look_what_stands_at(write.path);
}

void NodeRules::before_mark(const std::string& path) {
  touch_.expect_wanted(path_claim(path), "mark " + path);
  look_what_stands_at(path);
}

void NodeRules::look_what_stands_at(const std::string& path) {
  stands_somebodys_ = host_.file(path) != nullptr && !made_.contains(path);
}

/// Whether a file was taken over is the record's word, believed only where somebody's file was seen.
void NodeRules::took(const std::string& path) {
  made_.insert(path);
  const auto found = stored_.entry(path_claim(path));
  const bool is_adopted = found && found->adopted;
  if (is_adopted && stands_somebodys_) was_there_.insert(path);
  if (!is_adopted) was_there_.erase(path);
}

void NodeRules::before_attributes(const std::string& path) {
  touch_.expect_wanted(path_claim(path), "attributes " + path);
}

void NodeRules::before_remove(const std::string& path) {
  const auto claim = path_claim(path);
  if (host_.file(path) == nullptr) return;
  if (!made_.contains(path)) violated("foreign-untouched", "remove " + path + ": the agent did not make it");
  if (was_there_.contains(path)) violated("was-there-stays", "remove " + path + ": it was there before");
  if (!touch_.may_go(claim)) {
    violated("delete-only-what-was-said", "remove " + path + ": no commit and no person said so");
  }
  if (stored_.is_held(claim)) violated("wanted-stays", "remove " + path + ": the accepted state wants it");
  count_delete(claim);
}

void NodeRules::count_delete(const sync::Claim& claim) {
  const auto found = stored_.entry(claim);
  if (!found) return violated("delete-from-inventory", claim.text() + " is not in the inventory");
  const auto section = stored_.record(found->application);
  if (!section || section->phase == SectionPhase::kRollingBack) return;
  auto& deletes = deletes_[{stored_.generation(), found->application}];
  if (deletes.claims.empty()) deletes.of = stored_.inventory_of(found->application);
  deletes.claims.insert(claim);
  const auto allowed = std::max(base::limits::kPruneAlwaysAllowedMax, deletes.of / 2);
  if (deletes.claims.size() > allowed && !oracle_.is_prune_unlimited(section->accepted.name)) {
    violated("prune-limit", section->accepted.name + ": " + std::to_string(deletes.claims.size()) + " of " +
                                std::to_string(deletes.of) + " deleted at once");
  }
}

std::string NodeRules::process_name(const std::string& instance) { return names_[instance]; }

void NodeRules::before_start(const base::ProcessStart& start) {
  // "default.web-3f2a…": the name is what stands before the last dash.
  const auto dot = start.id.instance.find('.') + 1;
  const std::string name = start.id.instance.substr(dot, start.id.instance.rfind('-') - dot);
  names_[start.id.instance] = name;
  touch_.expect_wanted(process_claim(name), "start " + name);
  // One that was found here with the right spec is adopted: started again, before the record is stored, it is no
  // more anybody's than it was; its mark tells.
  const auto before = host_.process(start.id);
  const bool was_here = before && before->phase != base::ProcessPhase::kAbsent;
  if (!was_here) touch_.expect_intent(process_claim(name), "start " + name);
  touch_.expect_stage(process_claim(name), start.argv.size() < 2 ? "" : start.argv[1]);
  if (name != steady_) return;
  if (++starts_[start.id.instance] > 1 + ends_[start.id.instance]) {
    violated("no-needless-restart", name + " was started again");
  }
}

void NodeRules::before_stop(const base::ProcessId& id) {
  const auto name = process_name(id.instance);
  const auto claim = process_claim(name);
  if (!host_.running().contains(id.instance) || oracle_.is_hook(name)) return;
  const auto* start = host_.started_with(id);
  const std::string argument = start == nullptr || start->argv.size() < 2 ? "" : start->argv[1];
  if (touch_.may_go(claim) || oracle_.has_other_spec(name, argument)) return;
  violated("no-needless-stop", name + ": its spec did not change");
}

void NodeRules::before_forget(const base::ProcessId&) {}

void NodeRules::after(const std::string& what) {
  trace_.add(node_, what);
  if (what.starts_with("write ")) took(what.substr(6));
  if (what.starts_with("mark ")) took(what.substr(5));
  if (what.starts_with("remove ")) made_.erase(what.substr(7));
  if (!what.starts_with("start ")) return;
  const auto name = process_name(what.substr(6));
  const auto found = stored_.entry(process_claim(name));
  const auto section = found && oracle_.is_hook(name) ? stored_.record(found->application) : std::nullopt;
  if (section) hooks_.started(process_claim(name), *section, stored_.section(section->accepted.digest));
}

void NodeRules::power_was_cut() {
  is_disturbed_ = true;
  for (auto& [name, count] : starts_) ++ends_[name];
  hooks_.power_was_cut();
}

// ---- the link ----

void NodeRules::sent(const std::string& payload) {
  const auto find_base = [this](sync::FrameType, std::string_view name) -> std::optional<std::string> {
    const auto found = reports_.find(std::string(name));
    return found == reports_.end() ? std::nullopt : std::optional(found->second);
  };
  const auto decoded = sync::decode_frame(payload, find_base);
  if (!decoded) return;  // presence
  const auto* frame = std::get_if<sync::Frame>(&*decoded);
  if (frame == nullptr) return violated("well-formed", "a delta on something that it never said");
  if (frame->type != sync::FrameType::kHello) ++messages_;
  if (holds_canary(frame->body)) violated("secret-in-clear", "sends a secret in clear");
  trace_.add(node_, "sends " + std::to_string(static_cast<int>(frame->type)) + " of " +
                        std::to_string(frame->body.size()) + (sync::is_delta(payload) ? " as a delta" : ""));
  if (frame->type == sync::FrameType::kApplied) check_applied(*frame);
  if (frame->type == sync::FrameType::kHello && !sync::is_delta(payload)) {
    const auto base = sync::up_base(frame->body);
    reports_[base.name] = base.bytes;
  }
  if (frame->type == sync::FrameType::kSnapshot) {
    const auto report = sync::decode_snapshot_report(frame->body);
    if (!report) return violated("well-formed", "a snapshot cannot be read");
    const auto base = sync::up_base(frame->body);
    reports_[base.name] = base.bytes;
    last_snapshot_ = base::Digest::of(report->snapshot);
    snapshots_.insert(last_snapshot_);
  }
}

void NodeRules::check_applied(const sync::Frame& frame) {
  const auto applied = sync::decode_applied(frame.body);
  if (!applied || applied->stage == sync::AppliedStage::kRefused) return;
  trace_.add(node_, "says stage " + std::to_string(static_cast<int>(applied->stage)) + " of " +
                        applied->generation.text());
  if (stored_.generation() < applied->generation) {
    violated("stored-before-said",
             "says " + applied->generation.text() + ", has stored " + stored_.generation().text());
  }
}

void NodeRules::storing(sync::Table table, std::string_view key, std::string_view value) {
  const auto unpacked = edge_agent::unpack_text(value);
  // Whoever reads it would notice, and ask for it anew: nobody else can see it by what follows.
  const bool is_body = table == edge_agent::kBodyTable;
  if (is_body && (!unpacked || base::Digest::of(*unpacked).view() != key))
    violated("stored-as-named", "stores a section that does not have its digest");
  if (holds_canary(value) || (unpacked && holds_canary(*unpacked)))
    violated("secret-in-clear", "stores a secret in clear, in " + std::string(table.name));
  if (table != edge_agent::kSectionTable) return;
  if (const auto record = edge_agent::decode_section_record(value)) hooks_.storing(*record);
}

// ---- the engine ----

void NodeRules::looked(const edge_agent::Engine& engine) {
  hooks_.check_applied([this](const base::Digest& digest) { return stored_.section(digest); });
  const auto& snapshot = engine.snapshot();
  if (snapshot.accepted < accepted_max_) {
    violated("generation-never-lower",
             "holds " + snapshot.accepted.text() + " after " + accepted_max_.text());
  }
  accepted_max_ = std::max(accepted_max_, snapshot.accepted);
  const auto digest = engine.hello().snapshot;
  if (digest == looked_at_) return;
  looked_at_ = digest;
  const auto base = sync::up_base(
      sync::encode(sync::SnapshotReport{sync::encode_snapshot(snapshot), sync::all_abilities()}).body);
  reports_[base.name] = base.bytes;
  check_sections(snapshot);
}

void NodeRules::check_sections(const sync::Snapshot& snapshot) {
  std::map<sync::ApplicationUid, std::set<base::Digest>> bad;
  for (const auto& section : snapshot.sections) {
    auto& known = bad[section.application];
    known = bad_[section.application];
    const bool is_tried = section.phase == SectionPhase::kApplying || section.phase == SectionPhase::kSynced;
    if (is_tried && known.contains(section.accepted)) {
      violated("quarantined-stays", section.name + ": a digest that was known bad is tried again");
    }
    if (section.phase != SectionPhase::kQuarantined) continue;
    if (known.insert(section.accepted).second)
      trace_.add(node_, section.name + " quarantined: " + section.message);
    if (!is_disturbed_ && !oracle_.ever_failing(section.name)) {
      violated("quarantine-needs-cause", section.name + ": " + section.message);
    }
  }
  bad_ = std::move(bad);
}

}  // namespace holdfast::sim
