// SPDX-License-Identifier: Apache-2.0
#include "hub/node_keeper.hpp"

#include <algorithm>
#include <utility>

#include "base/limits/hub.hpp"
#include "base/limits/model.hpp"
#include "base/log.hpp"
#include "base/planted.hpp"
#include "gitops/placement.hpp"
#include "hub/removed.hpp"
#include "sync/model/kinds.hpp"

namespace holdfast::hub {

namespace limits = base::limits;
using base::Result;
using base::Status;
using gitops::Match;

namespace {

/// Abilities that the node lacks, for people.
std::string lacking(const std::vector<std::string>& needed, const std::vector<std::string>& has) {
  std::string out;
  for (const auto& ability : needed) {
    if (!std::ranges::binary_search(has, ability)) out += (out.empty() ? "" : ", ") + ability;
  }
  return out;
}

Standing standing_of(const DesiredRecord* desired, const sync::ApplicationUid& uid) {
  if (desired == nullptr) return Standing::kNone;
  const auto& header = desired->header;
  if (std::ranges::binary_search(header.sections, uid, {}, &sync::SectionRef::application))
    return Standing::kSection;
  if (std::ranges::binary_search(header.removals, uid, {}, &sync::Removal::application))
    return Standing::kRemoval;
  return Standing::kNone;
}

}  // namespace

void NodeKeeper::reconcile(const std::vector<sync::NodeUid>& nodes) {
  Bodies bodies;
  auto records = decide(nodes, bodies);
  if (records.empty()) return;
  std::vector<sync::NodeUid> changed;
  changed.reserve(records.size());
  for (const auto& record : records) changed.push_back(record.header.node);
  ++context_.counters.store_writes;
  keep_bases(records);
  if (auto status = context_.desired.put(std::move(records), bodies); !status) {
    base::log::failure("desired states could not be stored", "desired", status.error());
    for (const auto& uid : nodes) {
      context_.queue.push({KeyKind::kNode, uid.str()}, context_.now() + limits::kRetryInterval);
    }
    return;
  }
  base::log::recovered("desired states could not be stored", "desired");
  context_.counters.generations += changed.size();
  for (const auto& uid : changed) {
    auto* node = context_.nodes.find(uid);
    node->sending = Sending{};
    node->sending.wanted = true;
    if (node->raises_epoch) end_quarantine(*node);
    context_.outgoing.set({KeyKind::kSend, uid.str()}, context_.now());
    context_.show(*node);
  }
}

void NodeKeeper::end_quarantine(NodeEntry& node) {
  ++context_.counters.epochs_raised;
  // The counters of its signed messages stood higher, too.
  if (auto lifted = context_.lift_counters(); !lifted)
    base::log::failure("counters could not be lifted", "counters", lifted.error());
  context_.tell(node, sync::EventType::kWarning, "EpochRaised",
                "the node held generation " + node.proven->generation.text() +
                    ", which this hub had signed and did not know any more; it goes on with " +
                    context_.desired.find(node.uid)->header.generation.text());
  node.raises_epoch = false;
  node.proven.reset();
  node.ahead.clear();
}

std::vector<DesiredRecord> NodeKeeper::decide(const std::vector<sync::NodeUid>& nodes, Bodies& bodies) {
  std::vector<DesiredRecord> records;
  for (const auto& uid : nodes) {
    auto* node = context_.nodes.find(uid);
    if (node == nullptr || node->revoked) continue;
    auto next = work_out(*node, bodies);
    show_problem(*node, next ? "" : next.error().message());
    if (!next) {
      base::log::failure("a node's desired state could not be worked out", node->name, next.error());
      context_.queue.push({KeyKind::kNode, uid.str()}, context_.now() + limits::kRetryInterval);
    } else if (*next) {
      records.push_back(**std::move(next));
    }
  }
  return records;
}

void NodeKeeper::keep_bases(const std::vector<DesiredRecord>& next) {
  for (const auto& record : next) {
    const auto* node = context_.nodes.find(record.header.node);
    const auto* now = context_.desired.find(record.header.node);
    if (now == nullptr || !node->can(sync::kAbilityDelta)) continue;
    if (node->accepted_header == now->header_digest) context_.bases.keep(*now);
    context_.bases.hold(record.header, context_.desired);
  }
}

void NodeKeeper::show_problem(NodeEntry& node, const std::string& problem) {
  if (node.problem == problem) return;
  node.problem = problem;
  if (!problem.empty()) context_.tell(node, sync::EventType::kWarning, "NotWorkedOut", problem);
  context_.show(node);
}

Status NodeKeeper::fill_previous(const DesiredRecord& desired, AssignInput& input) {
  input.previous = desired.header;
  for (const auto& ref : desired.header.sections) {
    auto section = context_.desired.section(ref.digest);
    if (!section)
      return base::fail(std::move(section).error().with_context("application \"" + ref.name + "\""));
    input.previous_claims.push_back(std::move(section->claims));
    input.previous_bytes.push_back(section->bytes);
  }
  return {};
}

Status NodeKeeper::drop_confirmations(const NodeEntry& node, const DesiredRecord* desired) {
  for (auto& [uid, application] : context_.applications.all()) {
    const auto& confirmed = application.record.removals_confirmed;
    if (!std::ranges::binary_search(confirmed, node.uid)) continue;
    const bool waits =
        standing_of(desired, uid) == Standing::kRemoval && !has_carried_out(node, *desired, uid);
    if (waits) continue;
    ApplicationRecord record = application.record;
    std::erase(record.removals_confirmed, node.uid);
    HF_CHECK(context_.applications.save(application, record));
  }
  return {};
}

Result<std::optional<DesiredRecord>> NodeKeeper::work_out(NodeEntry& node, Bodies& bodies) {
  const auto* desired = context_.desired.find(node.uid);
  // What an agent can do is known from its first report; before that nothing can be given to it.
  if (desired == nullptr && !node.snapshot) return std::nullopt;
  HF_CHECK(drop_confirmations(node, desired));
  std::map<sync::ApplicationUid, Placing> placings;
  AssignInput input;
  input.fleet = context_.options.fleet;
  input.epoch = std::max(input.epoch, context_.options.floor);
  input.node = node.uid;
  if (desired != nullptr) HF_CHECK(fill_previous(*desired, input));
  if (node.raises_epoch) {
    const auto stored = desired == nullptr ? 0 : desired->header.generation.epoch;
    input.begins_epoch = true;
    input.epoch = std::max(stored, node.proven->generation.epoch) + 1;
    if (input.previous) input.previous->removals.clear();
  }
  input.candidates = candidates(node, desired, placings);
  if (node.raises_epoch) input.forgotten_claims = forgotten_.of(node, input.candidates);
  input.keeps_withheld = std::ranges::any_of(placings, [this](const auto& item) {
    const auto* application = context_.applications.find(item.first);
    return application != nullptr &&
           (application->awaits_source() || !context_.sources.was_fetched(application->spec.source.repo_url));
  });
  input.removed = removed(node, desired);
  auto assignment = assign(input);
  show_taken_back(assignment, placings);
  take_placings(node, std::move(placings));
  // Numbers are only given to one of whom it is known which it holds: a restored hub would else come past them unseen, and what
  // it gives would count as newer.
  const bool is_quarantined = !node.ahead.empty() && !node.raises_epoch;
  if (!assignment.next || !node.was_heard || is_quarantined) return std::nullopt;
  // What came in between may have changed what can be given.
  const auto goes_back = [&](const sync::SectionRef& ref) { return node.would_go_back(ref); };
  if (node.raises_epoch && std::ranges::any_of(assignment.next->sections, goes_back) &&
      !base::planted("restored-hub-goes-on-blindly")) {
    node.raises_epoch = false;
    return std::nullopt;
  }
  HF_TRY(auto record, context_.desired.seal(*assignment.next));
  HF_CHECK(collect_bodies(node, *assignment.next, bodies));
  return std::optional(std::move(record));
}

std::vector<Candidate> NodeKeeper::candidates(NodeEntry& node, const DesiredRecord* desired,
                                              std::map<sync::ApplicationUid, Placing>& placings) {
  std::vector<Candidate> out;
  for (auto& [uid, application] : context_.applications.all()) {
    Placing placing;
    const Standing standing = standing_of(desired, uid);
    auto found = candidate(node, application, standing, placing);
    const bool concerns =
        standing != Standing::kNone || found.wish == Wish::kPlace || !placing.reason.empty();
    if (concerns) placings.emplace(uid, std::move(placing));
    // One that is not in force here yet may be about to take over what others hold.
    if (concerns || !found.newest_claims.empty()) out.push_back(std::move(found));
  }
  for (const auto& [uid, name] : context_.gone) {
    if (standing_of(desired, uid) == Standing::kSection) {
      const bool is_mistaken = base::planted("deletion-always-prunes");
      out.push_back({.application = uid, .name = name, .wish = is_mistaken ? Wish::kPrune : Wish::kRelease});
    }
  }
  hold_back_prunes(desired, placings, out);
  std::ranges::sort(out, {}, &Candidate::application);
  return out;
}

/// Where it cannot be read what an application of this node holds, nobody knows what it takes over: nothing new is taken away.
void NodeKeeper::hold_back_prunes(const DesiredRecord* desired,
                                  std::map<sync::ApplicationUid, Placing>& placings,
                                  std::vector<Candidate>& candidates) {
  const std::string* unread = nullptr;
  for (auto& [uid, application] : context_.applications.all()) {
    const auto placing = placings.find(uid);
    const bool is_here = placing != placings.end() && !placing->second.leaving;
    const bool is_known = application.newest_known() != nullptr;
    if (is_here && application.record.in_force && !is_known) unread = &application.name;
  }
  if (unread == nullptr) return;
  for (auto& candidate : candidates) {
    if (candidate.wish != Wish::kPrune || standing_of(desired, candidate.application) != Standing::kSection)
      continue;
    candidate.wish = Wish::kKeep;
    auto& placing = placings[candidate.application];
    placing.reason = "Waiting";
    placing.message = "it is taken from the node once it can be read from Git what \"" + *unread +
                      "\" holds, which may take over some of it";
  }
}

Candidate NodeKeeper::candidate(NodeEntry& node, ApplicationEntry& application, Standing standing,
                                Placing& placing) {
  Candidate out{.application = application.uid, .name = application.name, .wish = Wish::kKeep};
  out.removal_confirmed = standing == Standing::kRemoval &&
                          std::ranges::binary_search(application.record.removals_confirmed, node.uid);
  if (application.is_deleting()) {
    if (application.prunes_when_deleted()) {
      out.wish = Wish::kPrune;
      placing.leaving = true;
      // A person's own delete says it all; what Git leads to stays within the limit until a person confirms.
      const bool by_person = !annotations_of(*application.object).contains(std::string(kAnnotationManagedBy));
      out.removal_confirmed = out.removal_confirmed || by_person;
    }
    return out;
  }
  if (!application.spec_is_good) return out;
  const bool placed = is_placed(node, application, standing, out, placing);
  // What it is about to hold, now or when the fact returns that places it here. Of a revision that is refused, too: as
  // far as it can be read it is on its way, only not here yet.
  auto* const newest = application.newest_known();
  if ((placed || placing.orphaned) && newest != nullptr)
    out.newest_claims = rendered(*newest, node, application).claims;
  if (placed) fill_section(node, application, out, placing);
  return out;
}

bool NodeKeeper::is_placed(const NodeEntry& node, const ApplicationEntry& application, Standing standing,
                           Candidate& candidate, Placing& placing) const {
  const auto& selector = application.spec.placement;
  const Match match = application.spec.placed ? gitops::match(selector, node.labels) : Match::kNo;
  if (match == Match::kYes) return true;
  const bool only_facts =
      application.spec.placed && !base::planted("lost-fact-prunes") &&
      (match == Match::kUnknown ||
       (gitops::reads_facts(selector) && gitops::match_without_facts(selector, node.labels) == Match::kYes));
  if (only_facts) {
    if (standing != Standing::kSection) return false;
    placing.orphaned = true;
    placing.reason = "Orphaned";
    placing.message =
        "a fact that placed this application here changed or is missing; the node keeps what it has until "
        "Git or a person says otherwise";
  } else if (standing != Standing::kNone) {
    candidate.wish = Wish::kPrune;
    placing.leaving = true;
  }
  return false;
}

void NodeKeeper::fill_section(const NodeEntry& node, ApplicationEntry& application, Candidate& candidate,
                              Placing& placing) {
  if (!application.in_force) {
    if (!application.record.in_force) return;
    placing.reason = "Waiting";
    placing.message = "the revision in force cannot be read from Git yet; the node keeps what it has";
    return;
  }
  const auto& section = rendered(*application.in_force, node, application);
  if (!section.is_good()) {
    placing.reason = "RenderError";
    placing.message = gitops::summary(section.findings, limits::kConditionsShownMax);
    return;
  }
  placing.wanted = section.digest;
  if (section.has_secrets && !are_secrets_ready(node, application, section, placing)) return;
  if (const auto missing = lacking(section.abilities, node.abilities); !missing.empty()) {
    placing.reason = "Unschedulable";
    placing.message = "the agent of this node cannot do " + missing + "; update it";
    return;
  }
  const auto& too_large =
      node.can(sync::kAbilityParts) ? section.too_large : section.too_large_for_one_message;
  if (!too_large.empty()) {
    placing.reason = "TooLarge";
    placing.message = too_large;
    return;
  }
  candidate.wish = Wish::kPlace;
  candidate.revision = application.in_force->place().commit;
  candidate.digest = section.digest;
  candidate.provenance = section.provenance;
  candidate.claims = section.claims;
  candidate.bytes = section.bytes;
  candidate.section_confirmed =
      std::ranges::binary_search(application.record.prune_confirmed, section.digest);
}

bool NodeKeeper::are_secrets_ready(const NodeEntry& node, const ApplicationEntry& application,
                                   const RenderedSection& section, Placing& placing) {
  placing.wanted = {};
  placing.reason = "Unschedulable";
  if (const auto missing = lacking(section.abilities, node.abilities); !missing.empty()) {
    placing.message = "the agent of this node cannot do " + missing + "; update it";
    return false;
  }
  if (gitops::reads_facts(application.spec.placement)) {
    placing.message = kSecretByFacts;
    return false;
  }
  if (context_.secrets.node_key(node.uid) == nullptr) {
    placing.message =
        "the node has not told the key to which its secrets are sealed; it does when it next connects";
    return false;
  }
  for (const auto& version : section.unsealed) {
    const auto* secret = application.in_force->secret(version);
    const auto* failure = context_.secrets.failure(version);
    if (secret == nullptr || failure == nullptr) continue;
    placing.reason = "SecretUnreadable";
    placing.message = "SealedSecret/" + secret->name + ": " + *failure;
    return false;
  }
  for (const auto& version : section.unsealed) {
    if (const auto* secret = application.in_force->secret(version)) context_.secrets.want(*secret, node.uid);
  }
  placing.is_sealing = !section.unsealed.empty();
  placing.reason = section.unsealed.empty() ? "" : "Waiting";
  placing.message = section.unsealed.empty()
                        ? ""
                        : "its secrets are being sealed to this node; until then it keeps what it has";
  if (section.unsealed.empty()) placing.wanted = section.digest;
  return section.unsealed.empty();
}

const RenderedSection& NodeKeeper::rendered(Rendition& rendition, const NodeEntry& node,
                                            const ApplicationEntry& application) {
  const auto before = rendition.renderings();
  const auto& section = rendition.section(application.spec.policy, template_values(node, application),
                                          sealing_of(context_, node));
  context_.counters.renderings += rendition.renderings() - before;
  return section;
}

std::vector<sync::ApplicationUid> NodeKeeper::removed(const NodeEntry& node,
                                                      const DesiredRecord* desired) const {
  std::vector<sync::ApplicationUid> out;
  if (desired == nullptr) return out;
  for (const auto& removal : desired->header.removals) {
    if (has_carried_out(node, *desired, removal.application)) out.push_back(removal.application);
  }
  return out;
}

void NodeKeeper::show_taken_back(const Assignment& assignment,
                                 std::map<sync::ApplicationUid, Placing>& placings) const {
  const auto show = [&](const sync::ApplicationUid& application, const char* reason, std::string message) {
    placings[application].reason = reason;
    placings[application].message = std::move(message);
  };
  for (const auto& conflict : assignment.conflicts) show(conflict.loser, "ClaimConflict", conflict.text());
  for (const auto& application : assignment.over_limit) {
    show(application, "TooManyApplications",
         "a node holds at most " + std::to_string(limits::kSectionsPerNodeMax) + " applications");
  }
  for (const auto& application : assignment.too_large) {
    show(application, "TooLarge",
         "all applications of a node together take at most " + std::to_string(limits::kDesiredStateBytesMax) +
             " bytes, and with this one they would take more; make it smaller, or place less on this node");
  }
  for (const auto& application : assignment.held_removals) {
    show(application, "TooManyRemovals",
         std::to_string(limits::kSectionsPerNodeMax) +
             " removals wait for this node to carry them out; this one follows when it has");
  }
}

Status NodeKeeper::collect_bodies(const NodeEntry& node, const sync::DesiredHeader& header, Bodies& bodies) {
  for (const auto& ref : header.sections) {
    const bool known = context_.desired.has_body(ref.digest) || bodies.sections.contains(ref.digest);
    const bool known_origin = ref.provenance.is_none() || context_.desired.has_provenance(ref.provenance) ||
                              bodies.provenances.contains(ref.provenance);
    if (known && known_origin) continue;
    auto* application = context_.applications.find(ref.application);
    if (application == nullptr || !application->in_force) {
      return base::fail(base::Code::kInternal,
                        "section " + ref.digest.brief() + " of \"" + ref.name + "\" is lost");
    }
    HF_TRY(auto body,
           application->in_force->body(application->spec.policy, template_values(node, *application),
                                       sealing_of(context_, node)));
    bodies.sections.emplace(ref.digest, std::move(body.bytes));
    bodies.provenances.emplace(ref.provenance, std::move(body.provenance));
  }
  return {};
}

void NodeKeeper::take_placings(NodeEntry& node, std::map<sync::ApplicationUid, Placing> placings) {
  for (const auto& [uid, placing] : placings) {
    const auto before = node.placings.find(uid);
    const bool is_news = before == node.placings.end() || before->second.reason != placing.reason ||
                         before->second.message != placing.message;
    auto* application = context_.applications.find(uid);
    if (application == nullptr) continue;
    context_.show(*application);
    if (!is_news || placing.reason.empty() || placing.reason == "Waiting") continue;
    context_.tell(*application, sync::EventType::kWarning, placing.reason,
                  "node " + node.name + ": " + placing.message);
  }
  for (const auto& [uid, placing] : node.placings) {
    if (placings.contains(uid)) continue;
    if (auto* application = context_.applications.find(uid)) context_.show(*application);
  }
  node.placings = std::move(placings);
  context_.show(node);
}

}  // namespace holdfast::hub
