// SPDX-License-Identifier: Apache-2.0
#include "hub/json_path.hpp"

#include <nlohmann/json.hpp>

namespace holdfast::hub {

using base::Json;

const Json* find_at(const Json& object, std::string_view path) {
  const Json* at = &object;
  while (!path.empty()) {
    const auto slash = path.find('/');
    const auto name = path.substr(0, slash);
    if (!at->is_object()) return nullptr;
    const auto member = at->find(std::string(name));
    if (member == at->end()) return nullptr;
    at = &*member;
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
  }
  return at;
}

std::string text_at(const Json& object, std::string_view path) {
  const Json* at = find_at(object, path);
  return at != nullptr && at->is_string() ? at->get<std::string>() : std::string{};
}

std::int64_t number_at(const Json& object, std::string_view path) {
  const Json* at = find_at(object, path);
  return at != nullptr && at->is_number_integer() ? at->get<std::int64_t>() : 0;
}

bool truth_at(const Json& object, std::string_view path) {
  const Json* at = find_at(object, path);
  return at != nullptr && at->is_boolean() && at->get<bool>();
}

std::map<std::string, std::string> strings_at(const Json& object, std::string_view path) {
  std::map<std::string, std::string> out;
  const Json* at = find_at(object, path);
  if (at == nullptr || !at->is_object()) return out;
  for (const auto& [key, value] : at->items()) {
    if (value.is_string()) out.emplace(key, value.get<std::string>());
  }
  return out;
}

}  // namespace holdfast::hub
