// SPDX-License-Identifier: Apache-2.0
#include "gitops/json_text.hpp"

#include <nlohmann/json.hpp>

namespace holdfast::gitops {

std::string text_member(const base::Json& object, std::string_view name) {
  if (!object.is_object()) return {};
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : std::string();
}

bool is_manifest_list(const base::Json& document) {
  return text_member(document, "kind").ends_with("List") && document.contains("items") &&
         document.at("items").is_array();
}

}  // namespace holdfast::gitops
