// SPDX-License-Identifier: Apache-2.0
#include "hub/cli/targets.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace holdfast::cli {

using base::Code;
using base::Error;
using base::fail;
using base::Json;
using base::Result;

Result<Targets> read_targets(const std::string& kind, std::vector<std::string> words) {
  const auto slash = kind.find('/');
  if (slash != std::string::npos) words.insert(words.begin(), kind.substr(slash + 1));
  HF_TRY(const auto* type, find_object_type(kind.substr(0, slash)));
  for (const auto& word : words) {
    if (word.empty()) return fail(Code::kInvalid, "a name must not be empty");
  }
  return Targets{type, std::move(words)};
}

Result<Targets> read_named_targets(const std::string& kind, std::vector<std::string> words) {
  HF_TRY(auto out, read_targets(kind, std::move(words)));
  if (out.type->is_report) {
    return fail(Code::kInvalid,
                "resources are what nodes report; see `holdfast get resources` and `holdfast why "
                "NODE KIND/NAME`");
  }
  const std::string singular(out.type->singular);
  if (out.words.empty())
    return fail(Code::kInvalid, "which " + singular + "? Give a name: " + singular + " NAME");
  return out;
}

Error with_way_out(Error error, const ObjectType& type) {
  if (error.code() != Code::kNotFound) return error;
  return {Code::kNotFound,
          error.message() + "; `holdfast get " + std::string(type.plural) + "` lists those there are"};
}

Result<Json> get_object(ApiClient& hub, const ObjectType& type, const std::string& name,
                        std::string_view accept) {
  auto object = hub.get(ApiPath(type.plural).part(name), accept);
  if (!object) return fail(with_way_out(std::move(object).error(), type));
  return object;
}

const ObjectType& object_type(std::string_view plural) {
  return *std::ranges::find(object_types(), plural, &ObjectType::plural);
}

}  // namespace holdfast::cli
