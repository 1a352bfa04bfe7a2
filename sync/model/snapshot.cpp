// SPDX-License-Identifier: Apache-2.0
// Snapshot as canonical JSON. What is empty or none is left out; members that a newer node adds are let pass.
#include "sync/model/snapshot.hpp"

#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/limits/model.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/text.hpp"
#include "sync/model/words.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::ObjectReader;
using base::Status;
namespace limits = base::limits;

constexpr Words<SectionPhase, 10> kPhases{{{{SectionPhase::kPending, "Pending"},
                                            {SectionPhase::kApplying, "Applying"},
                                            {SectionPhase::kSynced, "Synced"},
                                            {SectionPhase::kRetrying, "Retrying"},
                                            {SectionPhase::kRollingBack, "RollingBack"},
                                            {SectionPhase::kQuarantined, "Quarantined"},
                                            {SectionPhase::kHeld, "Held"},
                                            {SectionPhase::kUnschedulable, "Unschedulable"},
                                            {SectionPhase::kRemoving, "Removing"},
                                            {SectionPhase::kFailing, "Failing"}}}};

/// Held and removed applications together; a section's own resources and those it is leaving.
constexpr std::size_t kSectionsMax = 2 * limits::kSectionsPerNodeMax;
constexpr std::size_t kResourcesMax = 2 * limits::kResourcesPerSectionMax;

// ---- to JSON ----

void put(Json& out, const char* name, std::string_view text) {
  if (!text.empty()) out[name] = bounded_message(text);
}
void put(Json& out, const char* name, const base::Digest& digest) {
  if (!digest.is_none()) out[name] = digest.hex();
}

Json to_json(const ResourceStatus& status) {
  Json out{{"health", to_string(status.health)},
           {"kind", status.key.kind},
           {"name", status.key.name},
           {"namespace", status.key.ns},
           {"sync", to_string(status.sync)}};
  put(out, "group", status.key.group);
  put(out, "reason", status.reason);
  put(out, "message", status.message);
  return out;
}

Json to_json(const SectionStatus& status) {
  Json resources = Json::array();
  for (const auto& resource : status.resources) resources.push_back(to_json(resource));
  Json out{{"application", status.application.str()},
           {"health", to_string(status.health)},
           {"name", status.name},
           {"phase", to_string(status.phase)},
           {"resources", std::move(resources)},
           {"sync", to_string(status.sync)}};
  put(out, "accepted", status.accepted);
  put(out, "applied", status.applied);
  put(out, "lastGood", status.last_good);
  put(out, "quarantined", status.quarantined);
  put(out, "reason", status.reason);
  put(out, "message", status.message);
  return out;
}

Json to_json(const Condition& condition) {
  Json out{{"status", bounded_message(condition.status)}, {"type", bounded_message(condition.type)}};
  put(out, "reason", condition.reason);
  put(out, "message", condition.message);
  return out;
}

Json facts_json(const std::map<std::string, std::string>& facts) {
  Json out = Json::object();
  for (const auto& [name, value] : facts) out[clean_text(name)] = bounded_message(value);
  return out;
}

// ---- from JSON ----

/// A peer's text, whatever its length, within the limit that ours keeps.
FieldRead message_field(std::string& out) {
  return text_field(out,
                    [](std::string_view text) -> base::Result<std::string> { return bounded_message(text); });
}

Status check_room(std::size_t size, std::size_t size_max, std::string_view what) {
  if (size < size_max) return {};
  return fail(Code::kLimit, "more than " + std::to_string(size_max) + " " + std::string(what));
}

Status read_resource(const Json& value, const std::string& where, std::vector<ResourceStatus>& out) {
  HF_CHECK(check_room(out.size(), kResourcesMax, "resources"));
  ResourceStatus status;
  ObjectReader in(value, where);
  in.optional("group", status.key.group)
      .required("kind", status.key.kind)
      .required("namespace", status.key.ns)
      .required("name", status.key.name)
      .required("sync", text_field(status.sync, parse_sync_status))
      .required("health", text_field(status.health, parse_health))
      .optional("reason", message_field(status.reason))
      .optional("message", message_field(status.message));
  HF_CHECK(in.finish_open());
  HF_CHECK(ResourceKey::parse(status.key.text()));
  out.push_back(std::move(status));
  return {};
}

Status read_section(const Json& value, const std::string& where, std::vector<SectionStatus>& out) {
  HF_CHECK(check_room(out.size(), kSectionsMax, "sections"));
  SectionStatus status;
  ObjectReader in(value, where);
  in.required("application", id_field(status.application))
      .required("name", status.name)
      .required("phase", text_field(status.phase, parse_section_phase))
      .required("sync", text_field(status.sync, parse_sync_status))
      .required("health", text_field(status.health, parse_health))
      .optional("accepted", digest_field(status.accepted))
      .optional("applied", digest_field(status.applied))
      .optional("lastGood", digest_field(status.last_good))
      .optional("quarantined", digest_field(status.quarantined))
      .optional("reason", message_field(status.reason))
      .optional("message", message_field(status.message))
      .each("resources", [&](const Json& resource, const std::string& at) {
        return read_resource(resource, at, status.resources);
      });
  HF_CHECK(in.finish_open());
  HF_CHECK(check_name(status.name, where + ".name"));
  out.push_back(std::move(status));
  return {};
}

Status read_condition(const Json& value, const std::string& where, std::vector<Condition>& out) {
  HF_CHECK(check_room(out.size(), limits::kConditionsMax, "conditions"));
  Condition condition;
  ObjectReader in(value, where);
  in.required("type", message_field(condition.type))
      .required("status", message_field(condition.status))
      .optional("reason", message_field(condition.reason))
      .optional("message", message_field(condition.message));
  HF_CHECK(in.finish_open());
  out.push_back(std::move(condition));
  return {};
}

Status bound_facts(std::map<std::string, std::string>& facts) {
  if (facts.size() > limits::kFactsMax) {
    return fail(Code::kLimit, "facts: more than " + std::to_string(limits::kFactsMax));
  }
  for (auto& [name, value] : facts) {
    if (name.size() > limits::kNameLengthMax) {
      return fail(Code::kLimit,
                  "facts: a name of more than " + std::to_string(limits::kNameLengthMax) + " bytes");
    }
    value = bounded_message(value);
  }
  return {};
}

}  // namespace

std::string_view to_string(SectionPhase phase) { return kPhases.word(phase); }
base::Result<SectionPhase> parse_section_phase(std::string_view text) { return kPhases.parse(text, "phase"); }

std::string encode_snapshot(const Snapshot& snapshot) {
  Json sections = Json::array();
  for (const auto& section : snapshot.sections) sections.push_back(to_json(section));
  Json conditions = Json::array();
  for (const auto& condition : snapshot.conditions) conditions.push_back(to_json(condition));
  Json out{{"accepted", snapshot.accepted.text()}, {"applied", snapshot.applied.text()},
           {"conditions", std::move(conditions)},  {"facts", facts_json(snapshot.facts)},
           {"node", snapshot.node.str()},          {"sections", std::move(sections)}};
  put(out, "agentVersion", snapshot.agent_version);
  put(out, "bootId", snapshot.boot_id);
  put(out, "content", snapshot.content);
  return base::canonical_json(out);
}

base::Result<Snapshot> decode_snapshot(std::string_view bytes) {
  Snapshot snapshot;
  HF_TRY(const Json object, base::parse_json(bytes));
  ObjectReader in(object, "");
  in.required("node", id_field(snapshot.node))
      .required("accepted", generation_field(snapshot.accepted))
      .required("applied", generation_field(snapshot.applied))
      .optional("content", digest_field(snapshot.content))
      .optional("bootId", message_field(snapshot.boot_id))
      .optional("agentVersion", message_field(snapshot.agent_version))
      .optional("facts", snapshot.facts)
      .each("sections",
            [&](const Json& value, const std::string& where) {
              return read_section(value, where, snapshot.sections);
            })
      .each("conditions", [&](const Json& value, const std::string& where) {
        return read_condition(value, where, snapshot.conditions);
      });
  HF_CHECK(in.finish_open());
  HF_CHECK(bound_facts(snapshot.facts));
  return snapshot;
}

base::Digest snapshot_digest(const Snapshot& snapshot) { return base::Digest::of(encode_snapshot(snapshot)); }

bool is_good_when_true(std::string_view condition_type) {
  return condition_type == "Ready" || condition_type == "DeletesAllowed" || condition_type == "StateVerified";
}

}  // namespace holdfast::sync
