// SPDX-License-Identifier: Apache-2.0
#include "sync/model/field_rules.hpp"

#include <nlohmann/json.hpp>

namespace holdfast::sync {

base::Status apply_rules(const FieldTable& table, const base::Json& value, const std::string& where,
                         base::ObjectReader& in) {
  for (const auto& rule : table.rules) {
    if (rule.use == FieldUse::kHonoured) continue;
    in.ignore(rule.field);
    if (rule.use == FieldUse::kIgnored || !in.has(rule.field)) continue;
    if (!rule.unless.empty() && base::canonical_json(value[std::string(rule.field)]) == rule.unless) continue;
    return base::fail(base::Code::kUnsupported,
                      where + "." + std::string(rule.field) + ": " + std::string(rule.note));
  }
  return {};
}

}  // namespace holdfast::sync
