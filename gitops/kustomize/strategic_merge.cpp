// SPDX-License-Identifier: Apache-2.0
#include "gitops/kustomize/strategic_merge.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "gitops/json_text.hpp"
#include "sync/model/list_keys.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;

constexpr const char* kDirective = "$patch";

std::string group_of(const Json& object) {
  const std::string api_version = text_member(object, "apiVersion");
  const auto slash = api_version.find('/');
  return slash == std::string::npos ? "" : api_version.substr(0, slash);
}

class Merging {
 public:
  explicit Merging(const Json& object) : group_(group_of(object)), kind_(text_member(object, "kind")) {}

  Result<Merged> map(Json& value, const Json& patch) {
    HF_TRY(const std::string directive, directive_of(patch));
    if (directive == "delete") return Merged::kDeleted;
    if (directive == "replace" || !value.is_object()) value = Json::object();
    for (const auto& [name, member] : patch.items()) {
      if (name == kDirective) continue;
      path_.push_back(name);
      HF_CHECK(this->member(value, name, member));
      path_.pop_back();
    }
    return Merged::kYes;
  }

 private:
  std::string where() const {
    std::string out;
    for (const auto& part : path_) out.append(out.empty() ? "" : ".").append(part);
    return out.empty() ? "" : out + ": ";
  }

  Result<std::string> directive_of(const Json& patch) const {
    for (const auto& [name, value] : patch.items()) {
      if (!name.starts_with('$') || name == kDirective) continue;
      if (name.starts_with("$retainKeys") || name.starts_with("$setElementOrder/") ||
          name.starts_with("$deleteFromPrimitiveList/"))
        return fail(Code::kUnsupported, where() + name + " is not supported; write a JSON patch");
    }
    const auto directive = patch.find(kDirective);
    if (directive == patch.end()) return std::string();
    const std::string text = text_member(patch, kDirective);
    if (text == "delete" || text == "replace" || text == "merge") return text;
    return fail(Code::kInvalid, where() + "$patch: must be delete, replace or merge");
  }

  Status member(Json& object, const std::string& name, const Json& patch) {
    if (patch.is_null()) {
      object.erase(name);
      return {};
    }
    if (patch.is_object()) {
      Json value = object.contains(name) ? std::move(object[name]) : Json();
      HF_TRY(const Merged merged, map(value, patch));
      object.erase(name);
      if (merged == Merged::kYes) object[name] = std::move(value);
      return {};
    }
    if (patch.is_array()) return list(object[name], patch);
    object[name] = patch;
    return {};
  }

  Status list(Json& value, const Json& patch) {
    const auto keys = sync::list_keys(group_, kind_, path_);
    if (!value.is_array()) value = Json::array();
    if (keys.is_set) {
      set(value, patch);
    } else if (keys.members.empty()) {
      value = patch;
    } else {
      return list_map(value, patch, keys);
    }
    return {};
  }

  static void set(Json& value, const Json& patch) {
    Json out = patch;
    for (auto& old : value) {
      if (std::find(out.begin(), out.end(), old) == out.end()) out.push_back(std::move(old));
    }
    value = std::move(out);
  }

  static bool is_list_replacement(const Json& element) {
    return element.is_object() && element.size() == 1 && text_member(element, kDirective) == "replace";
  }

  Status list_map(Json& value, const Json& patch, const sync::ListKeys& keys) {
    std::vector<Json> old;
    if (std::none_of(patch.begin(), patch.end(), is_list_replacement)) {
      for (auto& element : value) old.push_back(std::move(element));
    }
    Json out = Json::array();
    for (const auto& element : patch) {
      if (is_list_replacement(element)) continue;
      HF_CHECK(check_element(element, keys));
      const auto same =
          std::find_if(old.begin(), old.end(), [&](const Json& at) { return is_same(at, element, keys); });
      Json merged = same == old.end() ? Json() : std::move(*same);
      if (same != old.end()) old.erase(same);
      HF_TRY(const Merged how, map(merged, element));
      if (how == Merged::kYes) out.push_back(std::move(merged));
    }
    for (auto& element : old) out.push_back(std::move(element));
    value = std::move(out);
    return {};
  }

  Status check_element(const Json& element, const sync::ListKeys& keys) const {
    const auto has = [&](std::string_view name) { return element.contains(std::string(name)); };
    if (!element.is_object() || std::none_of(keys.members.begin(), keys.members.end(), has))
      return fail(Code::kInvalid, where() + "each element must have " + std::string(keys.members.front()) +
                                      ", by which it is found");
    if (text_member(element, kDirective) != "replace") return {};
    return fail(Code::kUnsupported,
                where() +
                    "$patch: replace of one element is not supported; delete it, and add it by a "
                    "second patch, or write a JSON patch");
  }

  /// By those members that the patch names.
  static bool is_same(const Json& old, const Json& patch, const sync::ListKeys& keys) {
    if (!old.is_object()) return false;
    return std::all_of(keys.members.begin(), keys.members.end(), [&](std::string_view name) {
      const auto wanted = patch.find(std::string(name));
      if (wanted == patch.end()) return true;
      const auto found = old.find(std::string(name));
      return found != old.end() && *found == *wanted;
    });
  }

  std::string group_;
  std::string kind_;
  std::vector<std::string> path_;
};

}  // namespace

Result<Merged> strategic_merge(Json& object, const Json& patch) { return Merging(object).map(object, patch); }

}  // namespace holdfast::gitops
