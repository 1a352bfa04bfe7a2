// SPDX-License-Identifier: Apache-2.0
#include "gitops/kustomize/image_changes.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "gitops/kustomize/field_walk.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

using base::Json;

struct ImageParts {
  std::string name;
  std::string tag;
  std::string digest;
};

/// A colon before the first slash is the port of a registry.
ImageParts parts_of(const std::string& image) {
  const auto first_slash = image.find('/');
  const std::size_t from = first_slash == std::string::npos ? 0 : first_slash;
  const auto at = image.find('@', from);
  const auto colon = image.find(':', from);
  ImageParts out;
  if (at != std::string::npos) out.digest = image.substr(at + 1);
  if (colon < at) {
    out.tag = image.substr(colon + 1, at == std::string::npos ? at : at - colon - 1);
    out.name = image.substr(0, colon);
  } else {
    out.name = image.substr(0, at);
  }
  return out;
}

bool is_tag(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-' || c == '{' || c == '}';
  });
}

/// Whether `image` is `name` with or without a tag and a digest.
bool is_of_name(std::string_view image, std::string_view name) {
  if (!image.starts_with(name)) return false;
  image.remove_prefix(name.size());
  const auto digest = image.find("@sha256:");
  if (digest != std::string_view::npos) {
    if (!is_tag(image.substr(digest + 8))) return false;
    image = image.substr(0, digest);
  }
  return image.empty() || (image.front() == ':' && is_tag(image.substr(1)));
}

void change_in(Json& value, const KustomizeImage& change);

void change_containers(Json& list, const KustomizeImage& change) {
  if (!list.is_array()) return;
  for (auto& container : list) {
    if (!container.is_object() || !container.contains("image") || !container["image"].is_string()) continue;
    Json& image = container["image"];
    if (auto changed = changed_image(image.get<std::string>(), change)) image = *std::move(changed);
  }
}

/// REQUIRES: no deeper than limits::kJsonDepthMax, as all that was read is.
void change_in(Json& value, const KustomizeImage& change) {
  if (value.is_array()) {
    for (auto& element : value) change_in(element, change);
  } else if (value.is_object()) {
    for (auto& [name, member] : value.items()) {
      if (name == "containers" || name == "initContainers") change_containers(member, change);
      change_in(member, change);
    }
  }
}

bool has_replicas(std::string_view kind) {
  return kind == "Deployment" || kind == "StatefulSet" || kind == "ReplicaSet" ||
         kind == "ReplicationController";
}

}  // namespace

std::optional<std::string> changed_image(const std::string& image, const KustomizeImage& change) {
  if (!is_of_name(image, change.name)) return std::nullopt;
  ImageParts parts = parts_of(image);
  if (!change.new_name.empty()) parts.name = change.new_name;
  if (!change.new_tag.empty() || !change.digest.empty()) {
    parts.tag = change.new_tag;
    parts.digest = change.digest;
  }
  std::string out = parts.name;
  if (!parts.tag.empty()) out += ":" + parts.tag;
  if (!parts.digest.empty()) out += "@" + parts.digest;
  return out;
}

void change_images(const Kustomization& kustomization, ResourceMap& all) {
  for (const auto& change : kustomization.images) {
    for (auto& resource : all) {
      if (resource.text("kind") != "CustomResourceDefinition") change_in(*resource.object, change);
    }
  }
}

base::Status change_replicas(const Kustomization& kustomization, ResourceMap& all) {
  for (const auto& change : kustomization.replicas) {
    bool found = false;
    for (auto& resource : all) {
      if (!resource.was([&](const BuiltId& id) { return id.name == change.name && has_replicas(id.kind); }))
        continue;
      for_each_field(*resource.object, "spec/replicas", Missing::kCreate,
                     [&](Json& value) { value = change.count; });
      found = true;
    }
    if (found) continue;
    return base::fail(base::Code::kNotFound, change.where + ".name: there is no Deployment or StatefulSet " +
                                                 sync::in_quotes(change.name) +
                                                 "; mend the name, or take the entry out");
  }
  return {};
}

}  // namespace holdfast::gitops
