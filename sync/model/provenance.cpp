// SPDX-License-Identifier: Apache-2.0
// Provenance travels beside its section as a JSON array in the order of the resources; its digest is in the
// signed header, so it is read as strictly as what is signed.
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/limits/model.hpp"
#include "sync/model/desired_state.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/text.hpp"

namespace holdfast::sync {
namespace {

using base::Json;

base::Status read_entry(const Json& value, const std::string& where, std::vector<Provenance>& out) {
  if (out.size() >= base::limits::kResourcesPerSectionMax) {
    return base::fail(base::Code::kLimit,
                      "more than " + std::to_string(base::limits::kResourcesPerSectionMax) + " entries");
  }
  Provenance entry;
  base::ObjectReader in(value, where);
  in.required("key", text_field(entry.key, ResourceKey::parse))
      .required("source", entry.source)
      .optional("commit", id_field(entry.commit))
      .required("file", entry.file)
      .required("line", number_field(entry.line, 0, std::numeric_limits<std::uint32_t>::max()));
  HF_CHECK(in.finish());
  out.push_back(std::move(entry));
  return {};
}

}  // namespace

std::string encode_provenance(const std::vector<Provenance>& list) {
  Json out = Json::array();
  for (const auto& entry : list) {
    Json row{{"file", clean_text(entry.file)},
             {"key", entry.key.text()},
             {"line", entry.line},
             {"source", clean_text(entry.source)}};
    if (!entry.commit.empty()) row["commit"] = entry.commit.str();
    out.push_back(std::move(row));
  }
  return base::canonical_json(out);
}

base::Result<std::vector<Provenance>> decode_provenance(std::string_view bytes) {
  std::vector<Provenance> list;
  HF_TRY(const Json array, base::parse_json(bytes));
  HF_CHECK(read_list(array, "provenance", [&](const Json& value, const std::string& where) {
    return read_entry(value, where, list);
  }));
  return list;
}

}  // namespace holdfast::sync
