// SPDX-License-Identifier: Apache-2.0
#include "hub/rendition.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/limits/model.hpp"
#include "base/limits/wire.hpp"
#include "base/log.hpp"
#include "gitops/application_folder.hpp"
#include "gitops/manifest_finding.hpp"
#include "hub/json_path.hpp"
#include "sync/model/kinds.hpp"
#include "sync/model/process_spec.hpp"
#include "sync/model/secret.hpp"
#include "sync/model/unit_spec.hpp"
#include "sync/model/workload_spec.hpp"
#include "sync/wire/frame.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::hub {

using base::Digest;
using base::Result;
namespace limits = base::limits;

namespace {

/// What a section takes of a message, with all that goes along with it.
std::size_t packet_bytes(const sync::SectionBody& body) {
  const std::size_t plain = body.bytes.size() + body.provenance.size();
  if (plain <= limits::kSectionPacketBytesMax) return plain;
  return sync::encode_frame(sync::encode(sync::State{{}, {body}})).size();
}

std::string too_large(std::size_t size, const std::string& how, std::size_t max) {
  return "it takes " + std::to_string(size) + " bytes" + how + "; at most " + std::to_string(max) +
         " are allowed: give it fewer or smaller files, or make two applications of it";
}

std::string why_too_large(const sync::SectionBody& body) {
  const std::size_t size = std::max(body.bytes.size(), body.provenance.size());
  return size > limits::kSectionBytesMax ? too_large(size, "", limits::kSectionBytesMax) : "";
}

/// From here on nothing of it is in clear in this process.
base::Status seal_plain(gitops::Manifest& manifest, const PlainSealing& plain) {
  auto& secret = *manifest.parsed->sealed;
  base::Json said{{"name", secret.name}, {"namespace", secret.ns}, {"data", base::Json::object()}};
  std::vector<std::string> keys;
  for (const auto& [key, value] : secret.data) said["data"][key] = base::to_base64(value);
  std::string text = base::canonical_json(said);
  secret.version = Digest::of(plain.version_key->sign("holdfast/plain-secret/1", text).view());
  base::wipe(text);
  for (auto& value : said["data"]) base::wipe(value.get_ref<std::string&>());
  for (auto& [key, value] : secret.data) {
    auto sealed = base::seal(plain.hub_key, sync::bound_to(secret.ns, secret.name, key), value);
    base::wipe(value);
    value = std::move(sealed);
    keys.push_back(key);
  }
  secret.key = plain.hub_key.id();
  HF_TRY(base::Json object, base::parse_json(manifest.parsed->resource.body));
  object["data"] = sync::redacted_data(secret.version, keys);
  HF_TRY(manifest.parsed->resource, sync::parse_resource(object));
  base::wipe(manifest.json);
  manifest.json = base::canonical_json(object);
  return {};
}

std::chrono::seconds min_ready_of(const sync::Resource& resource) {
  const auto& kind = resource.key.kind;
  const bool may_have_it = kind == "Process" || kind == "Unit" || kind == "Deployment" || kind == "DaemonSet";
  if (!may_have_it || resource.body.find("minReadySeconds") == std::string::npos) return {};
  const auto object = base::parse_json(resource.body);
  if (!object) return {};
  const auto of = [](const auto& spec) { return spec ? spec->min_ready : std::chrono::seconds{0}; };
  if (kind == "Deployment") return of(sync::parse_deployment(*object));
  if (kind == "DaemonSet") return of(sync::parse_daemon_set(*object));
  if (kind == "Unit") return of(sync::parse_unit_spec(*object));
  return of(sync::parse_process_spec(*object));
}

/// Why the resource could never count as well; empty: it can.
std::string why_ready_too_late(const sync::Resource& resource, const sync::SectionPolicy& policy) {
  const auto min_ready = min_ready_of(resource);
  if (min_ready < policy.progress_deadline || min_ready.count() == 0) return "";
  const auto deadline = std::chrono::duration_cast<std::chrono::seconds>(policy.progress_deadline);
  return "is " + std::to_string(min_ready.count()) +
         ", and must be less than the Application's spec.syncPolicy.progressDeadlineSeconds, which is " +
         std::to_string(deadline.count()) +
         ": it would fail before it counts as Healthy; make it less, or give the Application more time";
}

std::string why_too_large_for_one_message(const sync::SectionBody& body) {
  if (auto why = why_too_large(body); !why.empty()) return why;
  const std::size_t packed = packet_bytes(body);
  if (packed <= limits::kSectionPacketBytesMax) return "";
  return too_large(packed, ", compressed for its way to a node whose agent takes no parts",
                   limits::kSectionPacketBytesMax);
}

}  // namespace

Result<Rendition> Rendition::load(gitops::GitSource& git, const RevisionPlace& place,
                                  const PlainSealing& plain) {
  HF_TRY(auto manifests, gitops::read_manifests(git, {place.url, place.commit, place.path},
                                                plain.is_allowed ? gitops::PlainSecrets::kAllow
                                                                 : gitops::PlainSecrets::kRefuse));
  Rendition out(place);
  out.allows_plain_secrets_ = plain.is_allowed;
  for (auto& manifest : manifests.list) {
    const bool is_plain = manifest.parsed && manifest.parsed->sealed && manifest.parsed->sealed->is_plain();
    if (is_plain && !plain.is_allowed)
      return base::fail(base::Code::kInternal, "a plain Secret was let pass");
    if (is_plain) HF_CHECK(seal_plain(manifest, plain));
  }
  out.findings_ = manifests.findings;
  out.for_nodes_.reads = manifests.reads;
  for (auto& manifest : manifests.list) {
    const auto json = base::parse_json(manifest.json);
    if (json && gitops::is_hub_kind(text_at(*json, "apiVersion"), text_at(*json, "kind"))) {
      out.for_hub_.push_back(std::move(manifest));
    } else {
      out.for_nodes_.list.push_back(std::move(manifest));
    }
  }
  for (const auto& manifest : out.for_nodes_.list) {
    if (manifest.parsed && manifest.parsed->sealed)
      out.secrets_.emplace(manifest.parsed->sealed->version, &*manifest.parsed->sealed);
  }
  if (gitops::has_errors(out.findings_)) return out;
  for (auto& finding : gitops::validate(out.for_nodes_)) out.findings_.push_back(std::move(finding));
  return out;
}

gitops::Findings Rendition::findings_under(const sync::SectionPolicy& policy) const {
  gitops::FindingList findings;
  for (const auto& manifest : for_nodes_.list) {
    if (!manifest.parsed || findings.is_full()) continue;
    auto late = why_ready_too_late(manifest.parsed->resource, policy);
    if (!late.empty())
      findings.add_at(manifest, gitops::FieldPath().member("spec").member("minReadySeconds"),
                      std::move(late));
  }
  return std::move(findings).take();
}

const gitops::SealedSecret* Rendition::secret(const Digest& version) const {
  const auto found = secrets_.find(version);
  return found == secrets_.end() ? nullptr : found->second;
}

std::set<Digest> Rendition::secret_versions() const {
  std::set<Digest> out;
  for (const auto& [version, secret] : secrets_) out.insert(version);
  return out;
}

base::Status Rendition::fill_secret(sync::Resource& resource, const NodeSealing& sealing,
                                    RenderedSection& out) const {
  HF_TRY(base::Json object, base::parse_json(resource.body));
  HF_TRY(const auto redacted, sync::parse_secret(object));
  out.has_secrets = true;
  Result<std::optional<SecretBook::Data>> made = std::nullopt;
  if (sealing.book != nullptr && !sealing.key.is_none())
    made = sealing.book->find(redacted.version, sealing.key);
  // One that is damaged is as good as none: it is made anew.
  if (!made) base::log::failure("a sealed secret in the store cannot be read", "sealed", made.error());
  if (!made || !*made) {
    out.unsealed.push_back(redacted.version);
    return {};
  }
  object["data"] = sync::sealed_data(redacted.version, sealing.key, **made);
  HF_TRY(resource, sync::parse_resource(object));
  return {};
}

RenderedSection Rendition::render(const sync::SectionPolicy& policy, const gitops::TemplateValues& values,
                                  const NodeSealing& sealing) {
  ++renderings_;
  auto rendering = gitops::render(for_nodes_, values, place_.url, place_.commit);
  RenderedSection out;
  out.findings = std::move(rendering.findings);
  std::set<sync::Claim> claims;
  std::set<std::string> abilities;
  for (auto& resource : rendering.resources) {
    if (sync::is_secret(resource.key)) {
      if (const auto filled = fill_secret(resource, sealing, out); !filled)
        out.findings.push_back(
            {gitops::Severity::kError, "", 0, resource.key.brief(), "", filled.error().message()});
    }
    if (auto late = why_ready_too_late(resource, policy); !late.empty()) {
      const auto index = static_cast<std::size_t>(&resource - rendering.resources.data());
      const auto& from = rendering.provenance[index];
      out.findings.push_back({gitops::Severity::kError, from.file, from.line, resource.key.brief(),
                              "spec.minReadySeconds", std::move(late)});
    }
    for (auto& claim : sync::claims_of(resource)) claims.insert(std::move(claim));
    for (auto& ability : sync::abilities_of(resource)) abilities.insert(std::move(ability));
  }
  out.claims.assign(claims.begin(), claims.end());
  if (!out.is_good()) return out;
  out.abilities.assign(abilities.begin(), abilities.end());
  body_.bytes = sync::encode_section({policy, std::move(rendering.resources)});
  body_.provenance = sync::encode_provenance(rendering.provenance);
  body_.digest = Digest::of(body_.bytes);
  out.digest = body_.digest;
  out.provenance = Digest::of(body_.provenance);
  out.bytes = body_.bytes.size();
  out.too_large = why_too_large(body_);
  out.too_large_for_one_message = why_too_large_for_one_message(body_);
  return out;
}

const RenderedSection& Rendition::rendered(const sync::SectionPolicy& policy, gitops::TemplateValues& values,
                                           const NodeSealing& sealing) {
  if (!(policy == policy_)) cache_.clear();
  policy_ = policy;
  values.app_revision = place_.commit.str();
  auto key = gitops::values_read(for_nodes_, values);
  if (has_secrets()) key += "key " + sealing.key.hex();
  const auto known = cache_.find(key);
  // What was not sealed may be by now.
  if (known != cache_.end() && known->second.unsealed.empty()) return known->second;
  return cache_.insert_or_assign(std::move(key), render(policy, values, sealing)).first->second;
}

const RenderedSection& Rendition::section(const sync::SectionPolicy& policy, gitops::TemplateValues values,
                                          const NodeSealing& sealing) {
  return rendered(policy, values, sealing);
}

Result<sync::SectionBody> Rendition::body(const sync::SectionPolicy& policy, gitops::TemplateValues values,
                                          const NodeSealing& sealing) {
  const RenderedSection& known = rendered(policy, values, sealing);
  if (!known.is_good()) {
    return base::fail(base::Code::kInvalid, gitops::summary(known.findings, 1));
  }
  if (body_.digest == known.digest) return body_;
  const auto digest = known.digest;
  if (render(policy, values, sealing).digest == digest) return body_;
  // What was sealed for the node went meanwhile, or cannot be read any more.
  cache_.clear();
  return base::fail(base::Code::kConflict, "its secrets are sealed anew; it is rendered again");
}

}  // namespace holdfast::hub
