// SPDX-License-Identifier: Apache-2.0
// The header's canonical JSON. Members that say nothing (no provenance, nothing withheld, not confirmed) are
// left out, so that every header has one form; decode_header takes no other.
#include "sync/model/desired_state.hpp"

#include <algorithm>
#include <cassert>
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
using base::Result;
using base::Status;
namespace limits = base::limits;

constexpr std::string_view kDomain = "holdfast/desired-state/1";
constexpr Words<RemovalMode, 2> kModes{
    {{{RemovalMode::kPrune, "Prune"}, {RemovalMode::kRelease, "Release"}}}};

// ---- to JSON ----

Json to_json(const std::vector<Claim>& claims) {
  Json out = Json::array();
  for (const auto& claim : claims) out.push_back(claim.text());
  return out;
}

/// What matters to the host; the content digest is of this.
Json content_json(const SectionRef& ref) {
  Json out{{"application", ref.application.str()}, {"digest", ref.digest.hex()}};
  if (!ref.withhold.empty()) out["withhold"] = to_json(ref.withhold);
  if (ref.prune_confirmed) out["pruneConfirmed"] = true;
  return out;
}

Json content_json(const Removal& removal) {
  Json out{{"application", removal.application.str()}, {"mode", kModes.word(removal.mode)}};
  if (removal.confirmed) out["confirmed"] = true;
  return out;
}

Json to_json(const SectionRef& ref) {
  Json out = content_json(ref);
  out["name"] = ref.name;
  if (!ref.revision.empty()) out["revision"] = ref.revision.str();
  if (!ref.provenance.is_none()) out["provenance"] = ref.provenance.hex();
  return out;
}

Json to_json(const Removal& removal) {
  Json out = content_json(removal);
  out["name"] = removal.name;
  return out;
}

template <class T, class ToJson>
Json list_json(const std::vector<T>& list, ToJson element) {
  Json out = Json::array();
  for (const auto& item : list) out.push_back(element(item));
  return out;
}

// ---- from JSON ----

FieldRead name_field(std::string& out) {
  return text_field(out, [](std::string_view name) -> Result<std::string> {
    HF_CHECK(check_name(name, "application name"));
    return std::string(name);
  });
}

Status read_section(const Json& value, const std::string& where, std::vector<SectionRef>& out) {
  SectionRef ref;
  ObjectReader in(value, where);
  in.required("application", id_field(ref.application))
      .required("name", name_field(ref.name))
      .optional("revision", id_field(ref.revision))
      .required("digest", digest_field(ref.digest))
      .optional("provenance", digest_field(ref.provenance))
      .each("withhold", text_elements(ref.withhold, limits::kResourcesPerSectionMax, Claim::parse))
      .optional("pruneConfirmed", ref.prune_confirmed);
  HF_CHECK(in.finish());
  out.push_back(std::move(ref));
  return {};
}

Status read_removal(const Json& value, const std::string& where, std::vector<Removal>& out) {
  Removal removal;
  ObjectReader in(value, where);
  in.required("application", id_field(removal.application))
      .required("name", name_field(removal.name))
      .required("mode",
                text_field(removal.mode, [](std::string_view text) { return kModes.parse(text, ""); }))
      .optional("confirmed", removal.confirmed);
  HF_CHECK(in.finish());
  out.push_back(std::move(removal));
  return {};
}

/// Before anything else: a newer schema is no error of form.
Status check_schema(const Json& object) {
  std::int64_t schema = 0;
  ObjectReader in(object, "");
  in.required("schema", schema);
  HF_CHECK(in.finish_open());
  if (schema == kDesiredSchema) return {};
  if (schema > kDesiredSchema) {
    return fail(Code::kTooNew, "schema: " + std::to_string(schema) +
                                   " is newer than this agent, which reads " +
                                   std::to_string(kDesiredSchema) + "; update the agent");
  }
  return fail(Code::kInvalid, "schema: " + std::to_string(schema) + " is none");
}

template <class T>
bool sorted_by_application(const std::vector<T>& list) {
  const auto wrong = std::adjacent_find(
      list.begin(), list.end(), [](const T& a, const T& b) { return !(a.application < b.application); });
  return wrong == list.end();
}

bool sorted_and_unique(const std::vector<Claim>& claims) {
  return std::adjacent_find(claims.begin(), claims.end(),
                            [](const Claim& a, const Claim& b) { return !(a < b); }) == claims.end();
}

bool disjoint(const DesiredHeader& header) {
  return std::none_of(header.removals.begin(), header.removals.end(), [&](const Removal& removal) {
    return std::any_of(header.sections.begin(), header.sections.end(),
                       [&](const SectionRef& ref) { return ref.application == removal.application; });
  });
}

}  // namespace

Status check_header(const DesiredHeader& header) {
  if (header.sections.size() > limits::kSectionsPerNodeMax ||
      header.removals.size() > limits::kSectionsPerNodeMax) {
    return fail(Code::kLimit, "more than " + std::to_string(limits::kSectionsPerNodeMax) +
                                  " sections or removals for one node");
  }
  if (!sorted_by_application(header.sections) || !sorted_by_application(header.removals)) {
    return fail(Code::kInvalid, "sections or removals are not sorted by application, or one is there twice");
  }
  if (!disjoint(header)) return fail(Code::kInvalid, "an application is both held and removed");
  for (const auto& ref : header.sections) {
    if (!sorted_and_unique(ref.withhold))
      return fail(Code::kInvalid, "withhold is not sorted, or holds a claim twice");
    if (ref.withhold.size() > limits::kResourcesPerSectionMax) {
      return fail(Code::kLimit, "application \"" + ref.name + "\" withholds more than " +
                                    std::to_string(limits::kResourcesPerSectionMax) + " claims");
    }
  }
  return {};
}

base::Digest DesiredHeader::content_digest() const {
  const Json content{
      {"removals", list_json(removals, [](const Removal& removal) { return content_json(removal); })},
      {"sections", list_json(sections, [](const SectionRef& ref) { return content_json(ref); })}};
  return base::Digest::of(base::canonical_json(content));
}

std::string encode_header(const DesiredHeader& header) {
  assert(check_header(header).has_value());
  return base::canonical_json(
      Json{{"fleet", header.fleet.str()},
           {"generation", header.generation.text()},
           {"node", header.node.str()},
           {"removals", list_json(header.removals, [](const Removal& removal) { return to_json(removal); })},
           {"schema", header.schema},
           {"sections", list_json(header.sections, [](const SectionRef& ref) { return to_json(ref); })}});
}

Result<DesiredHeader> decode_header(std::string_view bytes) {
  if (bytes.size() > limits::kHeaderBytesMax) {
    return fail(Code::kLimit, "a header of " + std::to_string(bytes.size()) + " bytes; at most " +
                                  std::to_string(limits::kHeaderBytesMax) + " are allowed");
  }
  HF_TRY(const Json object, base::parse_json(bytes));
  HF_CHECK(check_schema(object));
  DesiredHeader header;
  ObjectReader in(object, "");
  in.ignore("schema")
      .required("fleet", id_field(header.fleet))
      .required("node", id_field(header.node))
      .required("generation", generation_field(header.generation))
      .each("sections", [&](const Json& value,
                            const std::string& where) { return read_section(value, where, header.sections); })
      .each("removals", [&](const Json& value, const std::string& where) {
        return read_removal(value, where, header.removals);
      });
  HF_CHECK(in.finish());
  HF_CHECK(check_header(header));
  if (encode_header(header) != bytes) return fail(Code::kCorrupt, "the header is not in canonical form");
  return header;
}

SignedHeader sign_header(const DesiredHeader& header, const base::SigningKey& key) {
  SignedHeader out{encode_header(header), {}};
  out.signature = key.sign(kDomain, out.bytes);
  return out;
}

Result<DesiredHeader> verify_header(const SignedHeader& header, const std::vector<base::PublicKey>& keys,
                                    const FleetId& fleet, const NodeUid& node) {
  const bool trusted = std::any_of(keys.begin(), keys.end(), [&](const base::PublicKey& key) {
    return base::verify(key, kDomain, header.bytes, header.signature);
  });
  if (!trusted) {
    return fail(Code::kPermission, "the desired state is signed by none of the " +
                                       std::to_string(keys.size()) + " keys that this node trusts");
  }
  auto decoded = decode_header(header.bytes);
  if (!decoded) return fail(std::move(decoded).error().with_context("desired state"));
  if (decoded->fleet != fleet) {
    return fail(Code::kPermission, "the desired state is for fleet " + decoded->fleet.str() +
                                       "; this node belongs to fleet " + fleet.str());
  }
  if (decoded->node != node) {
    return fail(Code::kPermission,
                "the desired state is for node " + decoded->node.str() + "; this node is " + node.str());
  }
  return decoded;
}

}  // namespace holdfast::sync
