// SPDX-License-Identifier: Apache-2.0
// Objects as a Table: what `kubectl get` and `holdfast get` print.
#include <nlohmann/json.hpp>

#include "hub/api/rest.hpp"

namespace holdfast::hub {

using base::Json;

Json table_of(const ResourceType& type, const std::vector<ObjectPtr>& items, std::uint64_t version,
              base::WallTime now) {
  Json columns = Json::array();
  for (const auto& column : type.columns) {
    columns.push_back({{"name", column.name},
                       {"type", column.type},
                       {"format", column.name == "NAME" ? "name" : ""},
                       {"description", ""},
                       {"priority", column.wide ? 1 : 0}});
  }
  Json rows = Json::array();
  for (const auto& item : items) {
    Json cells = Json::array();
    for (const auto& column : type.columns) cells.push_back(column.cell(*item, now));
    Json shown{{"apiVersion", "meta.k8s.io/v1"},
               {"kind", "PartialObjectMetadata"},
               {"metadata", item->value("metadata", Json::object())}};
    rows.push_back({{"cells", std::move(cells)}, {"object", std::move(shown)}});
  }
  return {{"apiVersion", "meta.k8s.io/v1"},
          {"kind", "Table"},
          {"metadata", {{"resourceVersion", std::to_string(version)}}},
          {"columnDefinitions", std::move(columns)},
          {"rows", std::move(rows)}};
}

}  // namespace holdfast::hub
