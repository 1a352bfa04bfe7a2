// SPDX-License-Identifier: Apache-2.0
#include "hub/application_end.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "hub/json_path.hpp"
#include "hub/removed.hpp"

namespace holdfast::hub {

using base::Json;

bool ApplicationEnd::has_left(const NodeEntry& node, const ApplicationEntry& application) const {
  const auto* desired = context_.desired.find(node.uid);
  if (desired == nullptr) return true;
  const auto of_this = [&](const auto& item) { return item.application == application.uid; };
  if (std::ranges::any_of(desired->header.sections, of_this)) return false;
  if (std::ranges::none_of(desired->header.removals, of_this)) return true;
  // One that is away stalls nothing: the removal stands in its desired state and waits there.
  return !node.is_online() || has_carried_out(node, *desired, application.uid);
}

void ApplicationEnd::finish(ApplicationEntry& application) {
  if (!application.prunes_when_deleted()) return;
  if (roots_.delete_children(application)) return;
  const bool all_left = std::ranges::all_of(
      context_.nodes.all(), [&](const auto& item) { return has_left(item.second, application); });
  if (!all_left) return;
  Json object = *application.object;
  auto& finalizers = object["metadata"]["finalizers"];
  finalizers.erase(std::ranges::find(finalizers, Json(kResourcesFinalizer)));
  if (auto done = context_.objects.update(kApplications, application.name, object, Actor::kHub); !done) {
    context_.look_again_later(application, done.error());
  }
}

void ApplicationEnd::forget_gone() {
  std::erase_if(context_.gone, [&](const auto& item) {
    const auto& uid = item.first;
    if (context_.desired.any_section_of(uid)) return false;
    auto status = context_.objects.forget_tombstone(kApplications, uid.str());
    if (status) status = context_.applications.forget(uid);
    if (!status) base::log::failure("a deleted application was not forgotten", uid.str(), status.error());
    return status.has_value();
  });
}

}  // namespace holdfast::hub
