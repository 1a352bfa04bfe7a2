// SPDX-License-Identifier: Apache-2.0
#include "gitops/template_leaves.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "gitops/template.hpp"

namespace holdfast::gitops {
namespace {

using base::Json;
using base::Status;

/// Keeps the way to a leaf as pointers, so that a path costs nothing where there is no template.
class Walk {
 public:
  explicit Walk(const ChangeLeaf& change) : change_(change) {}

  Status visit(Json& value) {
    if (value.is_string()) return leaf(value.get_ref<std::string&>());
    if (!value.is_structured()) return {};
    std::size_t index = 0;
    for (auto child = value.begin(); child != value.end(); ++child, ++index) {
      way_.push_back({value.is_object() ? &child.key() : nullptr, index});
      HF_CHECK(visit(*child));
      way_.pop_back();
    }
    return {};
  }

 private:
  struct Step {
    const std::string* name;
    std::size_t index;
  };

  Status leaf(std::string& text) {
    if (!has_template(text)) return {};
    const FieldPath field = path();
    auto status = change_(field, text);
    if (!status) return base::fail(std::move(status).error().with_context(field.text()));
    return {};
  }

  FieldPath path() const {
    FieldPath out;
    for (const auto& step : way_) {
      const bool is_index = step.name == nullptr;
      out.parts.push_back({is_index ? "" : *step.name, is_index ? step.index : 0, is_index});
    }
    return out;
  }

  const ChangeLeaf& change_;
  std::vector<Step> way_;
};

}  // namespace

bool has_template_leaf(const Json& document) {
  if (document.is_string()) return has_template(document.get_ref<const std::string&>());
  if (!document.is_structured()) return false;
  return std::any_of(document.begin(), document.end(), has_template_leaf);
}

Status for_each_template_leaf(Json& document, const ChangeLeaf& change) {
  return Walk(change).visit(document);
}

}  // namespace holdfast::gitops
