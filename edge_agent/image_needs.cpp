// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/image_needs.hpp"

#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "sync/model/image_ref.hpp"
#include "sync/model/section.hpp"

namespace holdfast::edge_agent {
namespace {

using base::Json;

void add_of_list(const Json& list, std::set<std::string>& out) {
  for (const Json& container : list) {
    if (!container.is_object()) continue;
    const auto image = container.find("image");
    if (image == container.end() || !image->is_string()) continue;
    // One that is no reference could not be pulled either.
    if (const auto reference = sync::ImageRef::parse(image->get_ref<const std::string&>()))
      out.insert(reference->text());
  }
}

/// REQUIRES: as deep as a document may be.
void add_of(const Json& value, std::set<std::string>& out) {
  if (!value.is_structured()) return;
  for (const auto& [name, member] : value.items()) {
    if (member.is_array() && (name == "containers" || name == "initContainers")) add_of_list(member, out);
    add_of(member, out);
  }
}

}  // namespace

base::Status add_images_of(std::string_view section, std::set<std::string>& out) {
  HF_TRY(const auto read, sync::decode_section(section));
  for (const sync::Resource& resource : read.resources) {
    HF_TRY(const Json body, base::parse_json(resource.body));
    add_of(body, out);
  }
  return {};
}

base::Result<std::set<std::string>> ImageNeeds::of(const std::set<base::Digest>& sections, const Read& read) {
  std::erase_if(known_, [&](const auto& pair) { return !sections.contains(pair.first); });
  std::set<std::string> out;
  for (const auto& section : sections) {
    auto known = known_.find(section);
    if (known == known_.end()) {
      HF_TRY(const std::string bytes, read(section));
      std::set<std::string> images;
      HF_CHECK(add_images_of(bytes, images));
      known = known_.emplace(section, std::move(images)).first;
    }
    out.insert(known->second.begin(), known->second.end());
  }
  return out;
}

}  // namespace holdfast::edge_agent
