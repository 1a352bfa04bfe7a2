// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/pod_needs.hpp"

#include <utility>

#include "base/limits/agent.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Result;
using base::Status;
using sync::Health;

namespace {

/// Of an image whose user is root, or is known by a name alone, nobody can say that it is not root.
Status check_user(const PodContainer& container, const base::ImageInfo& image) {
  if (!container.non_root) return {};
  const std::string& said = container.spec.user.empty() ? image.user : container.spec.user;
  const std::string user = said.substr(0, said.find(':'));
  const bool is_number = !user.empty() && user.find_first_not_of("0123456789") == std::string::npos;
  if (is_number && user.find_first_not_of('0') != std::string::npos) return {};
  return fail(Code::kPermission, "container " + container.name + ": runAsNonRoot, but its user is " +
                                     (user.empty() ? "root" : "\"" + user + "\"") +
                                     " by its image; write runAsUser with a number");
}

std::string progress_text(const ImageLook& look, const std::string& image) {
  constexpr std::uint64_t kMegabyte = 1'000'000;
  if (look.of == 0) return "asks for image " + image;
  return "pulling " + std::to_string(look.bytes / kMegabyte) + " of " + std::to_string(look.of / kMegabyte) +
         " MB of image " + image;
}

/// The owner of the network has none in the manifest.
std::string image_text(const PodContainer& container) {
  return container.role == ContainerRole::kNetwork ? "holdfast.dev/shim" : container.image.text();
}

}  // namespace

PodNeeds::PodNeeds(const Seams& seams)
    : seams_(seams),
      lack_backoff_({.base = base::limits::kPodLackBackoffBase,
                     .factor = 2,
                     .max = base::limits::kPodLackBackoffMax,
                     .reset_after = std::chrono::milliseconds{0},
                     .is_first_free = false}) {}

/// A path of the node may come at any time; what is not in the application comes with another revision.
bool PodNeeds::has_references(const PodWanted& wanted, bool is_made, const sync::Claim& asker) {
  auto lack = wanted.lack;
  if (!lack && !is_made) lack = seams_.folders.lack(wanted);
  if (!lack) {
    lack_backoff_.reset();
    return true;
  }
  const auto now = seams_.clock.monotonic();
  if (!wanted.lack && lack_backoff_.is_ready(now)) lack_backoff_.record(now);
  if (!wanted.lack) seams_.on_due_at(asker, lack_backoff_.ready_at());
  why_ = {.health = Health::kDegraded,
          .reason = std::move(lack->reason),
          .message = std::move(lack->message),
          .is_told = true};
  return false;
}

ImageLook PodNeeds::image_of(const PodWanted& wanted, const PodContainer& container,
                             const sync::Claim& asker) {
  if (container.role == ContainerRole::kNetwork) return seams_.network_image.look(asker);
  return seams_.images.look(
      container.image, container.pull_policy, asker,
      {wanted.chosen_for.is_none() ? wanted.digest : wanted.chosen_for, container.pull_credentials});
}

void PodNeeds::image_lost(ContainerRole role, const sync::ImageRef& image) {
  role == ContainerRole::kNetwork ? seams_.network_image.lost() : seams_.images.lost(image);
}

Result<bool> PodNeeds::has_images(const PodWanted& wanted, const std::vector<const PodContainer*>& needed,
                                  const sync::Claim& asker) {
  bool all = true;
  std::vector<sync::ImageRef> images;
  for (const auto* container : needed) {
    if (container->role != ContainerRole::kNetwork) images.push_back(container->image);
  }
  seams_.images.keep_only(asker, images);
  for (const auto* container : needed) {
    const auto look = image_of(wanted, *container, asker);
    if (look.is == ImageLook::Is::kThere) {
      HF_CHECK(check_user(*container, look.image));
      continue;
    }
    all = false;
    const std::string who = wanted.containers.size() > 1 ? "container " + container->name + ": " : "";
    if (look.is == ImageLook::Is::kPulling) {
      why_ = {.health = Health::kProgressing,
              .reason = "Pulling",
              .message = who + progress_text(look, image_text(*container)),
              .waits_for_node = true};
      continue;
    }
    // No network, no room, no engine: the others of its section go on meanwhile, and no deadline counts.
    const Health health = look.is_hosts_fault ? Health::kProgressing : Health::kDegraded;
    why_ = {.health = health,
            .reason = look.reason,
            .message = who + look.message,
            .waits_for_node = look.is_hosts_fault,
            .is_told = is_news_of_pull(look, who + look.message)};
    break;
  }
  if (all) told_image_ = {};
  return all;
}

/// The first failure of a pull is told, and another cause; not each try, by whatever name kubelet's words give it.
bool PodNeeds::is_news_of_pull(const ImageLook& look, const std::string& message) {
  if (look.reason == "ImageInspectError") return false;
  if (told_image_.message != message) told_image_ = {.reason = look.reason, .message = message};
  return told_image_.reason == look.reason;
}

/// Not known yet: whoever asked is told, and calls again.
Result<bool> PodNeeds::has_gpus(const PodWanted& wanted, const sync::Claim& asker) {
  const auto given = seams_.gpus.are_given(wanted, asker);
  if (!given && is_not_known_yet(given.error())) {
    why_ = {.health = Health::kProgressing, .reason = "ContainerCreating", .message = ""};
    return false;
  }
  HF_CHECK(given);
  auto waits_for = seams_.gpus.waits_for(wanted, asker);
  if (waits_for.empty()) return true;
  // No fault of the revision: no deadline counts.
  why_ = {.health = Health::kProgressing,
          .reason = "WaitsForGpu",
          .message = std::move(waits_for),
          .waits_for_node = true};
  return false;
}

bool PodNeeds::has_address(const PodWanted& wanted, const sync::Claim& asker) {
  if (!wanted.wants_address) return true;
  address_ = seams_.machine.address ? seams_.machine.address() : "";
  if (!address_.empty()) return true;
  seams_.on_due_at(asker, seams_.clock.monotonic() + base::limits::kAddressWaitInterval);
  why_ = {.health = Health::kProgressing,
          .reason = "WaitsForAddress",
          .message = "status.hostIP is asked for, and this node has no address but its own loopback"};
  return false;
}

}  // namespace holdfast::edge_agent
