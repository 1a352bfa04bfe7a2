// SPDX-License-Identifier: Apache-2.0
#include "gitops/kustomize/target_match.hpp"

#include <nlohmann/json.hpp>

#include "gitops/placement.hpp"

namespace holdfast::gitops {
namespace {

using base::fail;
using base::Json;
using base::Result;

std::map<std::string, std::string> texts_of(const Json& object, const char* member) {
  std::map<std::string, std::string> out;
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object() || !metadata->contains(member)) return out;
  const Json& texts = metadata->at(member);
  if (!texts.is_object()) return out;
  for (const auto& [key, value] : texts.items()) {
    if (value.is_string()) out.emplace(key, value.get<std::string>());
  }
  return out;
}

template <class T>
Result<T> at_field(Result<T> result, const std::string& field) {
  if (result) return result;
  return fail(result.error().code(), field + ": " + result.error().message());
}

}  // namespace

Result<TargetMatch> TargetMatch::parse(const TargetSelector& target, const std::string& where) {
  TargetMatch out;
  HF_TRY(out.group_, at_field(NamePattern::parse(target.group), where + ".group"));
  HF_TRY(out.version_, at_field(NamePattern::parse(target.version), where + ".version"));
  HF_TRY(out.kind_, at_field(NamePattern::parse(target.kind), where + ".kind"));
  HF_TRY(out.name_, at_field(NamePattern::parse(target.name), where + ".name"));
  HF_TRY(out.ns_, at_field(NamePattern::parse(target.ns), where + ".namespace"));
  if (!target.labels.empty()) {
    HF_TRY(out.labels_, at_field(parse_selector_text(target.labels), where + ".labelSelector"));
  }
  if (!target.annotations.empty()) {
    HF_TRY(out.annotations_,
           at_field(parse_selector_text(target.annotations), where + ".annotationSelector"));
  }
  return out;
}

bool TargetMatch::matches(const BuiltResource& resource) const {
  const BuiltId now = resource.id();
  const BuiltId first = resource.original_id();
  if (!kind_.matches(now.kind) || !group_.matches(now.group) || !version_.matches(now.version)) return false;
  if (!ns_.matches(first.ns) && !ns_.matches(now.ns)) return false;
  if (!name_.matches(first.name) && !name_.matches(now.name)) return false;
  return match(labels_, texts_of(*resource.object, "labels")) != Match::kNo &&
         match(annotations_, texts_of(*resource.object, "annotations")) != Match::kNo;
}

std::string text_of(const TargetSelector& target) {
  std::string out;
  for (const std::string* part : {&target.group, &target.version, &target.kind, &target.ns, &target.name,
                                  &target.labels, &target.annotations}) {
    if (!part->empty()) out.append(out.empty() ? "" : " ").append(*part);
  }
  return out.empty() ? "anything" : out;
}

}  // namespace holdfast::gitops
