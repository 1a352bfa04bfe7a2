// SPDX-License-Identifier: Apache-2.0
// The stored form of SectionRecord: canonical JSON, strict both ways. docs/store.md has it field by field.
#include <limits>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/limits/agent.hpp"
#include "base/limits/model.hpp"
#include "edge_agent/section_step.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/words.hpp"

namespace holdfast::edge_agent {
namespace {

using base::Digest;
using base::Json;
using base::ObjectReader;
using base::Result;
using base::Status;
namespace limits = base::limits;

constexpr sync::Words<sync::RemovalMode, 2> kModes{
    {{{sync::RemovalMode::kPrune, "Prune"}, {sync::RemovalMode::kRelease, "Release"}}}};

Json digests_json(const std::vector<Digest>& digests) {
  Json out = Json::array();
  for (const auto& digest : digests) out.push_back(digest.hex());
  return out;
}

Json ref_json(const sync::SectionRef& ref) {
  Json withhold = Json::array();
  for (const auto& claim : ref.withhold) withhold.push_back(claim.text());
  return {{"application", ref.application.str()}, {"name", ref.name},
          {"revision", ref.revision.str()},       {"digest", ref.digest.hex()},
          {"provenance", ref.provenance.hex()},   {"withhold", std::move(withhold)},
          {"pruneConfirmed", ref.prune_confirmed}};
}

auto digest_elements(std::vector<Digest>& out, std::size_t count_max) {
  return sync::text_elements(out, count_max, [](std::string_view text) { return Digest::from_hex(text); });
}

auto string_read(std::string& out) {
  return sync::text_field(out,
                          [](std::string_view text) -> Result<std::string> { return std::string(text); });
}

Result<sync::Revision> read_revision(std::string_view text) { return sync::Revision(text); }

Status read_ref(const Json& value, const std::string& where, sync::SectionRef& ref) {
  ObjectReader in(value, where);
  in.required("application", sync::id_field(ref.application))
      .required("name", string_read(ref.name))
      .required("revision", sync::text_field(ref.revision, read_revision))
      .required("digest", sync::digest_field(ref.digest))
      .required("provenance", sync::digest_field(ref.provenance))
      .each("withhold",
            sync::text_elements(ref.withhold, limits::kResourcesPerSectionMax, sync::Claim::parse))
      .required("pruneConfirmed", ref.prune_confirmed);
  return in.finish();
}

Status read_removal(const Json& value, const std::string& where, SectionRecord& record) {
  auto& removal = record.removal;
  ObjectReader in(value, where);
  in.required("mode",
              sync::text_field(removal.mode, [](std::string_view t) { return kModes.parse(t, "mode"); }))
      .required("confirmed", removal.confirmed);
  HF_CHECK(in.finish());
  removal.application = record.accepted.application;
  removal.name = record.accepted.name;
  record.removal_pending = true;
  return {};
}

}  // namespace

std::string encode_section_record(const SectionRecord& record) {
  Json out{{"accepted", ref_json(record.accepted)},
           {"applied", record.applied.hex()},
           {"lastGood", digests_json(record.last_good)},
           {"quarantined", digests_json(record.quarantined)},
           {"phase", sync::to_string(record.phase)},
           {"attempt", record.attempt},
           {"reason", record.reason},
           {"message", record.message}};
  if (!record.given_up.empty()) out["givenUp"] = digests_json(record.given_up);
  if (record.run != 0) out["run"] = record.run;
  if (!record.touched_in.empty()) out["touchedIn"] = record.touched_in;
  if (record.cut_off != 0) out["cutOff"] = record.cut_off;
  if (record.removal_pending) {
    out["removal"] = {{"mode", kModes.word(record.removal.mode)}, {"confirmed", record.removal.confirmed}};
  }
  return base::canonical_json(out);
}

Result<SectionRecord> decode_section_record(std::string_view bytes) {
  HF_TRY(const Json value, base::parse_json(bytes));
  SectionRecord record;
  ObjectReader in(value, "section record");
  in.required("accepted",
              [&](const Json& v, const std::string& where) { return read_ref(v, where, record.accepted); })
      .required("applied", sync::digest_field(record.applied))
      .each("lastGood", digest_elements(record.last_good, limits::kLastGoodKept))
      .each("quarantined", digest_elements(record.quarantined, limits::kQuarantinedKept))
      .required("phase", sync::text_field(record.phase, sync::parse_section_phase))
      .required("attempt", sync::number_field(record.attempt, 0, std::int64_t{limits::kRetryLimitMax} + 1))
      .required("reason", string_read(record.reason))
      .required("message", string_read(record.message))
      .each("givenUp", digest_elements(record.given_up, limits::kLastGoodKept))
      .optional("run",
                sync::number_field(record.run, 0, std::int64_t{std::numeric_limits<std::uint32_t>::max()}))
      .optional("touchedIn", string_read(record.touched_in))
      .optional("cutOff", sync::number_field(record.cut_off, 0, std::int64_t{limits::kRebootsInARowMax}))
      .optional("removal",
                [&](const Json& v, const std::string& where) { return read_removal(v, where, record); });
  HF_CHECK(in.finish());
  return record;
}

}  // namespace holdfast::edge_agent
