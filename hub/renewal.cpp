// SPDX-License-Identifier: Apache-2.0
#include "hub/renewal.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "base/time_text.hpp"
#include "hub/json_path.hpp"
#include "hub/node_book.hpp"
#include "sync/link/possession.hpp"

namespace holdfast::hub {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;
using namespace std::chrono_literals;

struct Renewal::Asked {
  std::string certificate;
  std::string csr;
  std::string signature;  ///< DER
  std::string name;       ///< by which it wants to be taken back; empty: it does not
};

namespace {

constexpr std::string_view kRefused =
    "the certificate is not accepted: its node was deleted or revoked, or it is of another fleet; to bring "
    "the "
    "machine back, `holdfast token create`, and on it `holdfast-agent unenroll --keep` and what was printed";

base::Error refused(const std::string& who, const std::string& why) {
  base::log::warn("a node's proof was refused", {{"uid", who}, {"why", why}});
  return {Code::kPermission, std::string(kRefused)};
}

/// A copy of a disk that is cleaned up must not take the original out of the fleet. Not known is not judged.
bool is_its_hardware(const Json& node, const std::string& hardware) {
  const auto enrolled = text_at(node, "spec/fingerprint");
  return hardware.empty() || enrolled.size() < hardware.size() || enrolled.starts_with(hardware);
}

}  // namespace

Status Renewal::check_issuer(const sync::Certificate& certificate) const {
  // Expired is no matter here: it is looked at as it was in its last second.
  const auto when = std::min(clock_.wall(), certificate.not_after() - 1s);
  return sync::verify_chain(certificate, pki_.issuers(), when, sync::CertificateUse::kClient);
}

Result<ObjectPtr> Renewal::proven_node(const Asked& asked, std::string_view purpose) const {
  HF_TRY(const auto certificate, sync::Certificate::from_pem(asked.certificate));
  const auto uid = certificate.common_name();
  if (auto held = sync::check_possession(certificate, purpose, asked.csr, asked.signature); !held)
    return fail(refused(uid, held.error().message()));
  if (auto ours = check_issuer(certificate); !ours) return fail(refused(uid, ours.error().message()));
  auto node = node_of(uid, asked.name);
  if (!node) return fail(refused(uid, node.error().message()));
  if (is_cut_off(**node)) return fail(refused(uid, "the node is cut off"));
  return node;
}

Result<ObjectPtr> Renewal::node_of(const std::string& uid, const std::string& name) const {
  HF_TRY(const auto nodes, objects_.list(kNodes));
  const auto found = std::ranges::find_if(
      nodes.items, [&](const ObjectPtr& node) { return text_at(*node, "spec/uid") == uid; });
  if (!uid.empty() && found != nodes.items.end()) return *found;
  if (name.empty() || readmission_ == nullptr) return fail(Code::kPermission, "no node has this uid");
  return readmission_->admit(sync::NodeUid(uid), name);
}

Result<Json> Renewal::renew(const Json& json) {
  Asked asked;
  std::string signature;
  HF_CHECK(base::ObjectReader(json, "renewal")
               .required("certificate", asked.certificate)
               .required("csr", asked.csr)
               .required("signature", signature)
               .optional("name", asked.name)
               .finish_open());
  if (!asked.name.empty()) HF_CHECK(sync::check_name(asked.name, "name"));
  HF_TRY(asked.signature, base::from_hex(signature));
  HF_TRY(const auto node, proven_node(asked, sync::kRenewPurpose));
  HF_TRY(const auto request, sync::CertificateRequest::from_pem(asked.csr));
  HF_TRY(const auto made, certificates_.issue(request, sync::NodeUid(text_at(*node, "spec/uid"))));
  HF_CHECK(show_certificate(objects_, name_of(*node), made));
  base::log::info("certificate renewed",
                  {{"name", name_of(*node)}, {"end", base::to_rfc3339_seconds(made.not_after())}});
  return Json{{"certificate", made.pem()}};
}

Result<Json> Renewal::leave(const Json& json) {
  Asked asked;
  std::string signature;
  std::string hardware;
  HF_CHECK(base::ObjectReader(json, "request to leave")
               .required("certificate", asked.certificate)
               .required("signature", signature)
               .optional("hardware", hardware)
               .finish_open());
  HF_TRY(asked.signature, base::from_hex(signature));
  HF_TRY(const auto node, proven_node(asked, sync::kLeavePurpose));
  if (!is_its_hardware(*node, hardware)) {
    return fail(Code::kConflict,
                "node " + name_of(*node) +
                    " is another machine, of whose disk this one has a copy; it stays enrolled");
  }
  HF_CHECK(objects_.remove(kNodes, name_of(*node), {.uid = uid_of(*node), .resource_version = ""}));
  base::log::info("node left", {{"name", name_of(*node)}, {"uid", text_at(*node, "spec/uid")}});
  return Json{{"name", name_of(*node)}};
}

}  // namespace holdfast::hub
