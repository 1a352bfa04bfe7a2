// SPDX-License-Identifier: Apache-2.0
#include "hub/application_record.hpp"

#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/time_text.hpp"

namespace holdfast::hub {

using base::Json;
using base::Result;
using base::Status;

namespace {

Json place_json(const RevisionPlace& place) {
  return {
      {"url", place.url}, {"path", place.path}, {"commit", place.commit.str()}, {"tree", place.tree.str()}};
}

Status read_place(const Json& value, const std::string& where, RevisionPlace& out) {
  std::string commit;
  std::string tree;
  base::ObjectReader in(value, where);
  in.required("url", out.url).required("path", out.path).required("commit", commit).required("tree", tree);
  HF_CHECK(in.finish_open());
  out.commit = sync::Revision(std::move(commit));
  out.tree = gitops::TreeId(std::move(tree));
  return {};
}

Status read_past(const Json& value, const std::string& where, std::vector<PastRevision>& out) {
  PastRevision past;
  std::string time;
  base::ObjectReader in(value, where);
  in.required("time", time).required("initiator", past.initiator);
  in.required("place",
              [&](const Json& place, const std::string& at) { return read_place(place, at, past.place); });
  HF_CHECK(in.finish_open());
  HF_TRY(past.time, base::parse_rfc3339(time));
  out.push_back(std::move(past));
  return {};
}

}  // namespace

std::string encode_record(const ApplicationRecord& record) {
  Json json = {{"name", record.name}, {"manifests", record.manifests}};
  if (record.in_force) json["inForce"] = place_json(*record.in_force);
  json["history"] = Json::array();
  for (const auto& past : record.history) {
    json["history"].push_back({{"place", place_json(past.place)},
                               {"time", base::to_rfc3339(past.time)},
                               {"initiator", past.initiator}});
  }
  json["pruneConfirmed"] = Json::array();
  for (const auto& digest : record.prune_confirmed) json["pruneConfirmed"].push_back(digest.hex());
  json["removalsConfirmed"] = Json::array();
  for (const auto& node : record.removals_confirmed) json["removalsConfirmed"].push_back(node.str());
  return base::canonical_json(json);
}

Result<ApplicationRecord> decode_record(std::string_view bytes) {
  HF_TRY(const auto json, base::parse_json(bytes));
  ApplicationRecord record;
  std::int64_t manifests = 0;
  std::vector<std::string> digests;
  std::vector<std::string> nodes;
  base::ObjectReader in(json, "application record");
  in.required("name", record.name).required("manifests", manifests);
  in.optional("inForce", [&](const Json& value, const std::string& where) {
    record.in_force.emplace();
    return read_place(value, where, *record.in_force);
  });
  in.each("history", [&](const Json& value, const std::string& where) {
    return read_past(value, where, record.history);
  });
  in.optional("pruneConfirmed", digests).optional("removalsConfirmed", nodes);
  HF_CHECK(in.finish_open());
  record.manifests = static_cast<std::uint64_t>(manifests);
  for (const auto& digest : digests) {
    HF_TRY(auto parsed, base::Digest::from_hex(digest));
    record.prune_confirmed.push_back(parsed);
  }
  for (auto& node : nodes) record.removals_confirmed.emplace_back(std::move(node));
  return record;
}

}  // namespace holdfast::hub
