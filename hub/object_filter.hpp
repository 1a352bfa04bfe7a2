// SPDX-License-Identifier: Apache-2.0
// ObjectFilter: label and field selectors of a list or a watch, parsed once.
// Threads: a plain value.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "gitops/application.hpp"

namespace holdfast::hub {

struct ListOptions {
  std::string label_selector;  ///< kubectl's -l syntax
  std::string
      field_selector;  ///< "metadata.name=a" and, for events, "involvedObject.name=a", joined by commas
};

class ObjectFilter {
 public:
  static base::Result<ObjectFilter> parse(const ListOptions& options);
  bool matches(const base::Json& object) const;

 private:
  gitops::LabelSelector labels_;
  std::vector<std::pair<std::string, std::string>> fields_;  ///< path with '/', value
};

}  // namespace holdfast::hub
