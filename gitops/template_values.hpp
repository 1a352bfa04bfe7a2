// SPDX-License-Identifier: Apache-2.0
// TemplateValues: what templates may read.
// Threads: plain values.
#pragma once

#include <map>
#include <string>

namespace holdfast::gitops {

struct TemplateValues {
  std::string node_name;
  std::map<std::string, std::string> node_labels;
  std::map<std::string, std::string> node_facts;
  std::string app_name;
  std::string app_revision;
};

}  // namespace holdfast::gitops
