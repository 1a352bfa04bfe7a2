// SPDX-License-Identifier: Apache-2.0
#include "hub/epochs.hpp"

#include <algorithm>

#include "base/planted.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::hub {

using base::Code;
using base::fail;
using base::Status;

sync::Generation Epochs::ours(const NodeEntry& node) const {
  const auto* desired = context_.desired.find(node.uid);
  return desired == nullptr ? sync::Generation{context_.options.floor, 0} : desired->header.generation;
}

void Epochs::on_generation(NodeEntry& node, const sync::Generation& reported, const base::Digest& content) {
  const auto* desired = context_.desired.find(node.uid);
  const auto made = ours(node);
  const bool is_newer = reported > made;
  // One that lost what the header names says no content.
  const bool is_other =
      desired != nullptr && reported == made && !content.is_none() && content != desired->content;
  if (is_newer || is_other) {
    if (node.proven && node.proven->generation == reported) return;
    stay(node, is_newer ? "the node says that it holds generation " + reported.text() +
                              ", this hub made no more than " + made.text() +
                              "; nothing is sent to it until it has shown this hub's signature on it"
                        : "the node says that it holds another generation " + reported.text() +
                              " than this hub made; nothing is sent to it until it has shown this hub's "
                              "signature on it");
    return ask(node);
  }
  if (node.ahead.empty()) return;
  node.ahead.clear();
  node.proven.reset();
  node.asking.proof = false;
  context_.show(node);
  if (node.sending.wanted) context_.outgoing.set({KeyKind::kSend, node.uid.str()}, context_.now());
}

void Epochs::ask(NodeEntry& node) {
  if (node.asking.proof) return;
  node.asking.proof = true;
  context_.outgoing.set({KeyKind::kAsk, node.uid.str()}, context_.now());
}

void Epochs::stay(NodeEntry& node, const std::string& why) {
  if (node.ahead == why) return;
  const bool is_new = node.ahead.empty();
  node.ahead = why;
  if (is_new) context_.tell(node, sync::EventType::kWarning, "GenerationAhead", why);
  context_.show(node);
}

Status Epochs::on_proof(NodeEntry& node, std::string_view body) {
  node.asking.proof = false;
  HF_TRY(const auto proof, sync::decode_proof(body));
  if (node.ahead.empty()) return {};
  auto shown = sync::verify_header(proof.header, context_.signing_keys(), context_.options.fleet, node.uid);
  if (!shown) {
    const std::string why = "the node says that it holds generation " + node.reported.text() +
                            ", and shows no signature of this hub on it: " + shown.error().message() +
                            "; nothing is sent to it. If its hub was another: enrol it here with --re-home";
    stay(node, why);
    return fail(Code::kPermission, why);
  }
  const auto* desired = context_.desired.find(node.uid);
  const bool is_ours = desired != nullptr && shown->content_digest() == desired->content;
  if (shown->generation < ours(node) || (shown->generation == ours(node) && is_ours)) {
    stay(node, "the node says that it holds generation " + node.reported.text() + " and shows " +
                   shown->generation.text() + ", which is not newer than this hub's; nothing is sent to it");
    return {};
  }
  node.proven = *std::move(shown);
  waiting_.insert(node.uid);
  return {};
}

void Epochs::look_again() {
  std::erase_if(waiting_, [this](const sync::NodeUid& uid) {
    auto* const node = context_.nodes.find(uid);
    if (node != nullptr) look_again(*node);
    return node == nullptr || !node->proven;
  });
}

void Epochs::look_again(NodeEntry& node) {
  if (!node.proven || node.raises_epoch) return;
  auto why = obstacle(node);
  if (!why.empty()) why += "; or a person says: holdfast approve " + node.name;
  if (why.empty()) why = staleness(node);
  if (!why.empty()) {
    return stay(node, "the node holds generation " + node.proven->generation.text() +
                          ", by this hub's own signature, and this hub made no more than " +
                          ours(node).text() +
                          ": it was restored from an older copy, or another hub is at work. Nothing is sent "
                          "until " +
                          why);
  }
  node.raises_epoch = true;
  context_.look_at(node);
}

std::string Epochs::obstacle(const NodeEntry& node) const {
  if (base::planted("restored-hub-goes-on-blindly")) return {};
  const auto annotations = annotations_of(*node.object);
  const auto approved = annotations.find(kApprovedGenerationAnnotation);
  if (approved != annotations.end() && approved->second == node.proven->generation.text()) return {};
  // A restored hub begins behind; one that was in step is being overtaken.
  if (node.was_in_step)
    return "the other hub that has this hub's keys is stopped, and this one was started anew";
  for (const auto& url : context_.applications.urls()) {
    if (!context_.sources.was_fetched(url) || context_.sources.error(url))
      return "every repository was fetched (" + url + " was not)";
  }
  for (const auto& [uid, application] : context_.applications.all()) {
    if (application.awaits_source())
      return "the source of application \"" + application.name + "\", which was changed, was fetched";
  }
  for (const auto& section : node.proven->sections) {
    if (auto why = obstacle_of(section); !why.empty()) return why;
  }
  return {};
}

/// What cannot be given anew stays as this hub last gave it: of an older copy that takes away what came since.
std::string Epochs::staleness(const NodeEntry& node) const {
  const auto* desired = context_.desired.find(node.uid);
  if (desired == nullptr || base::planted("restored-hub-goes-on-blindly")) return {};
  for (const auto& section : desired->header.sections) {
    if (context_.gone.contains(section.application) || !node.would_go_back(section)) continue;
    const auto placing = node.placings.find(section.application);
    const bool is_said = placing != node.placings.end() && !placing->second.message.empty();
    return "application \"" + section.name + "\" can be given to the node as it is in force" +
           (is_said ? " (" + placing->second.message + ")" : "");
  }
  return {};
}

std::string Epochs::obstacle_of(const sync::SectionRef& section) const {
  if (context_.gone.contains(section.application)) return {};
  const auto* application = context_.applications.find(section.application);
  if (application == nullptr)
    return "application \"" + section.name + "\" is here, which this hub does not know";
  if (!application->in_force) return "a revision of application \"" + section.name + "\" is in force";
  const auto now = application->same_commit.value_or(application->in_force->place().commit);
  if (section.revision.str().empty() || section.revision == now) return {};
  const auto is_before =
      context_.seams.git.is_ancestor(application->spec.source.repo_url, section.revision, now);
  if (is_before && *is_before) return {};
  constexpr std::size_t kShown = 10;
  return "revision " + section.revision.str().substr(0, kShown) + " of application \"" + section.name +
         "\", which the node holds, is in the history of the one in force here (" +
         now.str().substr(0, kShown) + ")";
}

}  // namespace holdfast::hub
