// SPDX-License-Identifier: Apache-2.0
#include "hub/commit_pins.hpp"

#include <map>

#include "base/log.hpp"

namespace holdfast::hub {

using base::Code;

void CommitPins::pin(const std::string& url) {
  std::map<std::string, sync::Revision> pins;
  for (const auto& [uid, application] : context_.applications.all()) {
    const auto add = [&](const RevisionPlace& place) {
      if (place.url == url) pins.emplace(uid.str() + "-" + place.commit.str(), place.commit);
    };
    if (application.record.in_force) add(*application.record.in_force);
    for (const auto& past : application.record.history) add(past.place);
  }
  auto& git = context_.seams.git;
  auto status = git.pin(url, pins);
  if (!status) {
    // A commit that is lost already must not cost the others their pins.
    std::erase_if(pins, [&](const auto& item) {
      const auto found = git.commit_info(url, item.second);
      return !found && found.error().code() == Code::kNotFound;
    });
    status = git.pin(url, pins);
  }
  if (status) {
    unpinned_.erase(url);
    base::log::recovered("commits in force could not be pinned", url);
  } else {
    unpinned_.insert(url);
    base::log::failure("commits in force could not be pinned", url, status.error());
  }
}

void CommitPins::pin_all() {
  std::set<std::string> urls;
  for (const auto& [uid, application] : context_.applications.all()) {
    if (application.record.in_force) urls.insert(application.record.in_force->url);
    for (const auto& past : application.record.history) urls.insert(past.place.url);
  }
  for (const auto& url : urls) pin(url);
}

}  // namespace holdfast::hub
