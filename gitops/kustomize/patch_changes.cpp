// SPDX-License-Identifier: Apache-2.0
#include "gitops/kustomize/patch_changes.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/json_patch.hpp"
#include "gitops/document.hpp"
#include "gitops/kustomize/strategic_merge.hpp"
#include "gitops/kustomize/target_match.hpp"

namespace holdfast::gitops {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;

class Patching {
 public:
  Patching(const KustomizePatch& patch, BuildRoom& room, ResourceMap& all)
      : patch_(patch), room_(room), all_(all) {}

  Status run(const std::string& text) {
    const Documents documents = read_yaml(text);
    if (documents.problem)
      return fail(at(documents.problem->line, Code::kInvalid, documents.problem->message));
    if (documents.list.empty()) return fail(at(0, Code::kInvalid, "the patch is empty"));
    for (const auto& document : documents.list) {
      HF_TRY(const Json value, base::parse_json(document.json));
      line_ = document.line;
      HF_CHECK(value.is_array() ? json_patch(value) : strategic(value));
    }
    return {};
  }

 private:
  /// The patch's place, in the kustomization's words.
  base::Error at(std::uint32_t line, Code code, const std::string& message) const {
    std::string place = patch_.where + ": ";
    if (!patch_.path.empty()) {
      place += patch_.path + (line == 0 ? "" : ":" + std::to_string(line)) + ": ";
    } else if (line > 1) {
      place += "line " + std::to_string(line) + " of the patch: ";
    }
    return {code, place + message};
  }
  base::Error at(const base::Error& error, const BuiltResource* resource) const {
    return at(line_, error.code(),
              (resource == nullptr ? "" : resource->id().brief() + ": ") + error.message());
  }

  Result<std::vector<std::size_t>> selected() const {
    HF_TRY(const auto match, TargetMatch::parse(*patch_.target, patch_.where + ".target"));
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if (match.matches(all_[i])) out.push_back(i);
    }
    if (!out.empty()) return out;
    return fail(Code::kNotFound, patch_.where + ".target: there is no " + text_of(*patch_.target) +
                                     "; mend the target, or take the patch out");
  }

  Status json_patch(const Json& operations) {
    if (!patch_.target)
      return fail(Code::kInvalid,
                  patch_.where + ".target: is missing; a JSON patch does not say whom it is for");
    if (const auto good = base::check_json_patch(operations); !good) return fail(at(good.error(), nullptr));
    HF_TRY(const auto list, selected());
    for (const std::size_t i : list) {
      BuiltResource& resource = all_[i];
      if (!patch_.forgets_names) resource.store_previous();
      auto status = base::apply_json_patch(*resource.object, operations);
      if (status) status = resource.check_shape();
      if (status) status = room_.write(weight_of(*resource.object));
      if (!status) return fail(at(status.error(), &resource));
    }
    return {};
  }

  Result<std::vector<std::size_t>> named(const Json& patch) const {
    BuiltResource wanted;
    wanted.object = std::make_unique<Json>(patch);
    if (const auto shape = wanted.check_shape(); !shape)
      return fail(at(line_, shape.error().code(), shape.error().message() + "; or write a target"));
    const BuiltId id = wanted.id();
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if (all_[i].was([&](const BuiltId& was) { return was == id; })) out.push_back(i);
    }
    if (out.size() == 1) return out;
    const std::string brief = id.brief();
    if (out.empty())
      return fail(at(line_, Code::kNotFound,
                     "there is no " + brief + " of " + wanted.text("apiVersion") +
                         " to patch; mend its name or namespace, or take the patch out"));
    return fail(at(line_, Code::kConflict,
                   brief + " may mean that of " + all_[out[0]].file + " or that of " + all_[out[1]].file +
                       "; write a target"));
  }

  Status strategic(const Json& patch) {
    if (!patch.is_object())
      return fail(at(line_, Code::kInvalid, "a patch is a mapping, or a list of operations (RFC 6902)"));
    HF_TRY(const auto list, patch_.target ? selected() : named(patch));
    if (const auto status = room_.write(weight_of(patch) * list.size()); !status)
      return fail(at(status.error(), nullptr));
    // From the end, so that one that is deleted does not move those to come.
    for (auto i = list.rbegin(); i != list.rend(); ++i) {
      HF_TRY(const Merged merged, merge(all_[*i], patch));
      if (merged == Merged::kDeleted) all_.erase(all_.begin() + static_cast<std::ptrdiff_t>(*i));
    }
    return {};
  }

  Result<Merged> merge(BuiltResource& resource, Json patch) {
    Json& object = *resource.object;
    patch["apiVersion"] = object.at("apiVersion");
    if (!patch_.may_change_kind || !patch.contains("kind")) patch["kind"] = object.at("kind");
    const Json name = object.at("metadata").at("name");
    const std::string ns = resource.ns();
    if (patch_.may_rename || patch_.may_change_kind) resource.store_previous();
    auto merged = strategic_merge(object, patch);
    if (!merged) return fail(at(merged.error(), &resource));
    if (*merged == Merged::kDeleted) return merged;
    if (!object["metadata"].is_object()) object["metadata"] = Json::object();
    Json& metadata = object["metadata"];
    if (!patch_.may_rename) metadata["name"] = name;
    metadata.erase("namespace");
    if (!ns.empty()) metadata["namespace"] = ns;
    if (const auto shape = resource.check_shape(); !shape) return fail(at(shape.error(), &resource));
    return merged;
  }

  const KustomizePatch& patch_;
  BuildRoom& room_;
  ResourceMap& all_;
  std::uint32_t line_ = 0;
};

}  // namespace

Status apply_patch(const KustomizePatch& patch, const ReadBeside& read, BuildRoom& room, ResourceMap& all) {
  if (patch.path.empty()) return Patching(patch, room, all).run(patch.text);
  const auto text = read(patch.path);
  if (!text) return fail(text.error().code(), patch.where + ".path: " + text.error().message());
  return Patching(patch, room, all).run(*text);
}

}  // namespace holdfast::gitops
