// SPDX-License-Identifier: Apache-2.0
// validate: render without a node. What only a node knows gets a stand-in; since nobody knows what shape a
// field wants (a name, a number, a path), an error in a templated field makes the next stand-in be tried
// before it counts.
#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/limits/documents.hpp"
#include "gitops/application.hpp"
#include "gitops/manifest_finding.hpp"
#include "gitops/render.hpp"
#include "gitops/resources_check.hpp"
#include "gitops/section_room.hpp"
#include "gitops/template_leaves.hpp"
#include "sync/model/metadata.hpp"

namespace holdfast::gitops {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;

constexpr std::string_view kApiVersion = "holdfast.dev/v1";

/// One shape after the other: a name or path component, a number or quantity, an absolute path, a file mode.
enum class Shape { kName, kNumber, kPath, kMode };
constexpr std::size_t kShapes = 4;

/// What stands for an expression. The same expression is the same text wherever it is, so that two resources
/// that get one name on every node are found, and two that need not are let pass.
std::string stand_in(const TemplateExpression& expression, Shape shape, std::size_t number) {
  if (expression.name == TemplateName::kLiteral) return expression.key;
  if (expression.fallback && shape == Shape::kName) return *expression.fallback;
  switch (shape) {
    case Shape::kName: return "unknown-" + std::to_string(number);
    case Shape::kNumber: return "1";
    case Shape::kPath: return "/unknown-" + std::to_string(number);
    case Shape::kMode: return "0644";
  }
  return {};
}

class Validator {
 public:
  explicit Validator(const Manifests& manifests) : manifests_(manifests) {
    for (std::size_t i = 0; i < manifests.reads.size(); ++i)
      numbers_.emplace(manifests.reads[i].text(), i + 1);
  }

  Findings run() {
    FindingList findings(manifests_.findings);
    for (const auto& manifest : manifests_.list) {
      if (room_.is_full() || findings.is_full()) break;
      if (auto status = check(manifest); !status) findings.add_error(manifest, status.error());
    }
    // With a resource missing, the others' references would look wrong.
    if (!findings.has_errors()) check_resources(placed_, findings);
    return std::move(findings).take();
  }

 private:
  Status check(const Manifest& manifest) {
    if (manifest.hub_kind) return check_hub_kind(manifest);
    if (manifest.parsed) return place(manifest, *manifest.parsed);
    HF_TRY(auto resource, read_with_stand_ins(manifest));
    if (!resource) return room_.take(0);
    made_.push_back(*std::move(resource));
    return place(manifest, made_.back());
  }

  Status place(const Manifest& manifest, const ParsedResource& parsed) {
    HF_CHECK(room_.take(parsed.resource.body.size()));
    placed_.push_back({&manifest, &parsed});
    return {};
  }

  static Status check_hub_kind(const Manifest& manifest) {
    HF_TRY(const Json object, base::parse_json(manifest.json));
    if (object.at("apiVersion") != kApiVersion) {
      return fail(Code::kUnsupported, "apiVersion: must be " + std::string(kApiVersion));
    }
    if (object.at("kind") != "Application") return {};
    HF_CHECK(parse_application_spec(object));
    return {};
  }

  /// None: every shape was tried, or enough of them, and only a node's values can tell.
  Result<std::optional<ParsedResource>> read_with_stand_ins(const Manifest& manifest) {
    HF_TRY(const Json document, base::parse_json(manifest.json));
    std::map<std::string, Shape> shapes;  // by field; those not named are names
    for (;;) {
      std::vector<FieldPath> unsure;
      HF_TRY(const Json object, expand(document, shapes, unsure));
      auto resource = read_resource(object);
      if (resource) return std::optional(*std::move(resource));
      const FieldPath wrong = split_field_message(resource.error().message()).field;
      if (try_next_shape(wrong, unsure, shapes)) {
        bytes_tried_ += manifest.json.size();
        if (bytes_tried_ > base::limits::kManifestBytesMax) return std::optional<ParsedResource>();
        continue;
      }
      const bool only_a_node_knows = std::any_of(
          unsure.begin(), unsure.end(), [&](const FieldPath& field) { return may_be_about(wrong, field); });
      if (only_a_node_knows) return std::optional<ParsedResource>();
      return fail(std::move(resource).error());
    }
  }

  /// Whether an error that names `wrong` can come from the value of `field`: it is that field, or one of the
  /// values of that list. An error about a whole object (an unknown field, a missing one) never depends on a
  /// value.
  static bool may_be_about(const FieldPath& wrong, const FieldPath& field) {
    if (wrong == field) return true;
    return wrong.parts.size() + 1 == field.parts.size() && field.within(wrong) && field.parts.back().is_index;
  }

  /// False: no templated field that `wrong` may be about has a shape left to try.
  static bool try_next_shape(const FieldPath& wrong, const std::vector<FieldPath>& unsure,
                             std::map<std::string, Shape>& shapes) {
    for (const auto& field : unsure) {
      if (!may_be_about(wrong, field)) continue;
      Shape& shape = shapes.emplace(field.text(), Shape::kName).first->second;
      if (static_cast<std::size_t>(shape) + 1 == kShapes) continue;
      shape = static_cast<Shape>(static_cast<std::size_t>(shape) + 1);
      return true;
    }
    return false;
  }

  /// `unsure`: the fields that a stand-in is part of.
  Result<Json> expand(Json document, const std::map<std::string, Shape>& shapes,
                      std::vector<FieldPath>& unsure) {
    HF_CHECK(for_each_template_leaf(document, [&](const FieldPath& field, std::string& text) -> Status {
      HF_TRY(const Template parsed, Template::parse(text));
      if (!parsed.expressions().empty()) unsure.push_back(field);
      const auto known = shapes.find(field.text());
      const Shape shape = known == shapes.end() ? Shape::kName : known->second;
      text = parsed.expand_with([&](TemplateExpression expression) {
        const auto with_fallback = expression;
        expression.fallback.reset();
        const auto number = numbers_.find(expression.text());
        return stand_in(with_fallback, shape, number == numbers_.end() ? 0 : number->second);
      });
      return {};
    }));
    return document;
  }

  const Manifests& manifests_;
  std::map<std::string, std::size_t> numbers_;
  SectionRoom room_;
  std::size_t bytes_tried_ = 0;  // again, with other shapes
  std::deque<ParsedResource> made_;
  std::vector<PlacedResource> placed_;
};

}  // namespace

Findings validate(const Manifests& manifests) { return Validator(manifests).run(); }

}  // namespace holdfast::gitops
