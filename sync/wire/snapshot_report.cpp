// SPDX-License-Identifier: Apache-2.0
// SnapshotReport: {"abilities":[…],"snapshot":{…}}; either may be missing. The snapshot goes in and comes out
// as the bytes it is, so that its digest holds on both sides.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "sync/model/fields.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::sync {
namespace {

using base::Json;
using base::Result;
using base::Status;

constexpr std::size_t kAbilitiesMax = 256;

/// "file/1", "delta/2": short and plain.
Result<std::string> parse_ability(std::string_view text) {
  const std::size_t slash = text.find('/');
  HF_CHECK(check_id(text.substr(0, slash), "ability"));
  if (slash != std::string_view::npos) HF_CHECK(check_id(text.substr(slash + 1), "ability"));
  return std::string(text);
}

}  // namespace

Frame encode(const SnapshotReport& report) {
  std::string body = "{";
  if (!report.abilities.empty()) body += "\"abilities\":" + base::canonical_json(Json(report.abilities));
  if (!report.abilities.empty() && !report.snapshot.empty()) body += ",";
  if (!report.snapshot.empty()) body += "\"snapshot\":" + report.snapshot;
  return {FrameType::kSnapshot, body + "}"};
}

Result<SnapshotReport> decode_snapshot_report(std::string_view body) {
  HF_TRY(const Json object, base::parse_json(body));
  SnapshotReport report;
  base::ObjectReader in(object, "");
  in.optional("snapshot", [&](const Json& snapshot, const std::string&) -> Status {
      if (!snapshot.is_object()) return base::fail(base::Code::kInvalid, "must be an object");
      report.snapshot = base::canonical_json(snapshot);
      return {};
    }).each("abilities", text_elements(report.abilities, kAbilitiesMax, parse_ability));
  HF_CHECK(in.finish_open());
  if (!std::is_sorted(report.abilities.begin(), report.abilities.end())) {
    return base::fail(base::Code::kInvalid, "abilities: must be sorted");
  }
  return report;
}

base::Digest abilities_digest(const std::vector<std::string>& abilities) {
  return base::Digest::of(base::canonical_json(Json(abilities)));
}

}  // namespace holdfast::sync
