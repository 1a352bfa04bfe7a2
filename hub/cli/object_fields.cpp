// SPDX-License-Identifier: Apache-2.0
#include "hub/cli/object_fields.hpp"

#include <nlohmann/json.hpp>

namespace holdfast::cli {

using base::Json;

const Json* find_at(const Json& object, std::string_view path) {
  const Json* at = &object;
  while (!path.empty()) {
    if (!at->is_object()) return nullptr;
    const auto slash = path.find('/');
    const auto found = at->find(std::string(path.substr(0, slash)));
    if (found == at->end()) return nullptr;
    at = &*found;
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return at;
}

std::string text_at(const Json& object, std::string_view path) {
  const auto* value = find_at(object, path);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

std::int64_t number_at(const Json& object, std::string_view path) {
  const auto* value = find_at(object, path);
  return value != nullptr && value->is_number_integer() ? value->get<std::int64_t>() : 0;
}

bool truth_at(const Json& object, std::string_view path) {
  const auto* value = find_at(object, path);
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

const Json& list_at(const Json& object, std::string_view path) {
  static const Json kNone = Json::array();
  const auto* value = find_at(object, path);
  return value != nullptr && value->is_array() ? *value : kNone;
}

std::map<std::string, std::string> strings_at(const Json& object, std::string_view path) {
  std::map<std::string, std::string> out;
  const auto* value = find_at(object, path);
  if (value == nullptr || !value->is_object()) return out;
  for (const auto& [name, member] : value->items()) {
    if (member.is_string()) out.emplace(name, member.get<std::string>());
  }
  return out;
}

std::string value_text(const Json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return value.get<std::string>();
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string json_text(const Json& value) {
  return value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace holdfast::cli
