// SPDX-License-Identifier: Apache-2.0
#include "hub/object_filter.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gitops/placement.hpp"
#include "hub/json_path.hpp"
#include "hub/objects.hpp"

namespace holdfast::hub {

using base::Code;
using base::fail;
using base::Json;
using base::Result;

namespace {

Result<std::vector<std::pair<std::string, std::string>>> parse_fields(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> out;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const auto term = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    const auto equals = term.find('=');
    if (equals == std::string_view::npos || equals == 0 || term[equals - 1] == '!') {
      return fail(Code::kInvalid,
                  "fieldSelector: \"" + std::string(term) + "\" is not of the form field=value");
    }
    auto value = term.substr(equals + 1);
    if (value.starts_with('=')) value.remove_prefix(1);
    std::string path(term.substr(0, equals));
    std::ranges::replace(path, '.', '/');
    out.emplace_back(std::move(path), std::string(value));
  }
  return out;
}

}  // namespace

Result<ObjectFilter> ObjectFilter::parse(const ListOptions& options) {
  ObjectFilter filter;
  HF_TRY(filter.labels_, gitops::parse_selector_text(options.label_selector));
  HF_TRY(filter.fields_, parse_fields(options.field_selector));
  return filter;
}

bool ObjectFilter::matches(const Json& object) const {
  const bool any_labels = labels_ == gitops::LabelSelector{};
  if (!any_labels && gitops::match(labels_, labels_of(object)) != gitops::Match::kYes) return false;
  return std::ranges::all_of(fields_,
                             [&](const auto& field) { return text_at(object, field.first) == field.second; });
}

}  // namespace holdfast::hub
