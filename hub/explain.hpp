// SPDX-License-Identifier: Apache-2.0
// Explainer: answers people's questions from the books: why a resource is as it is on a node, what the newest
// commit would change, and what the nodes report.
// Threads: one.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "hub/answers.hpp"
#include "hub/context.hpp"

namespace holdfast::hub {

class Explainer {
 public:
  explicit Explainer(Context& context) : context_(context) {}

  base::Result<std::vector<Why>> why(const std::string& node, const std::string& brief);
  base::Result<std::vector<Difference>> diff(ApplicationEntry& application);
  std::vector<ResourceRow> resources(const ResourceFilter& filter) const;

 private:
  base::Result<std::unique_ptr<Rendition>> at_head(const ApplicationEntry& application) const;
  void why_held(const NodeEntry& node, const DesiredRecord& desired, const std::string& brief,
                std::vector<Why>& out) const;
  void why_reported(const NodeEntry& node, const std::string& brief, std::vector<Why>& out) const;
  void why_wanted(const NodeEntry& node, const std::string& brief, std::vector<Why>& out);
  void fill_origin(const std::vector<sync::Provenance>& list, Why& why) const;
  void fill_report(const NodeEntry& node, const sync::ApplicationUid& application, Why& why) const;
  void fill_next(const NodeEntry& node, const sync::ApplicationUid& application, Why& why) const;

  Context& context_;
};

}  // namespace holdfast::hub
