// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/trust_keeper.hpp"

#include "base/file_io.hpp"
#include "base/limits/wire.hpp"
#include "base/log.hpp"
#include "base/planted.hpp"
#include "sync/link/https_client.hpp"
#include "sync/link/mosquitto_link.hpp"
#include "sync/link/x509.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr const char* kNotRead = "the trust document cannot be used, and nobody is believed without it";

}  // namespace

Status check_trust(const sync::TrustDocument& document, const sync::FleetId& fleet) {
  if (document.fleet != fleet) {
    return fail(Code::kPermission, "the trust document is of fleet " + document.fleet.str() +
                                       ", this node is of " + fleet.str());
  }
  // Each would leave the node without a way back.
  if (document.hubs.empty()) return fail(Code::kInvalid, "trust document: hubs: must name at least one");
  HF_CHECK(sync::Certificate::bundle_from_pem(document.ca_bundle));
  for (const auto& hub : document.hubs) HF_CHECK(sync::HttpsUrl::parse(hub));
  for (const auto& broker : document.brokers) HF_CHECK(sync::BrokerAddress::parse(broker));
  return {};
}

Result<std::optional<sync::TrustDocument>> newer_trust(std::string_view encoded,
                                                       const sync::TrustDocument& held,
                                                       const NodeFile& node) {
  HF_TRY(const auto sealed, sync::decode_trust(encoded));
  HF_TRY(auto document, sync::verify_trust(sealed, node.recovery_key));
  HF_CHECK(check_trust(document, node.fleet));
  const bool is_newer = document.version > held.version || base::planted("older-trust-accepted");
  return is_newer ? std::optional(std::move(document)) : std::nullopt;
}

void TrustKeeper::load() {
  const auto stored = read();
  if (const auto offered = take_offered(); !offered)
    base::log::failure("a trust document was refused", folder_.offered_trust_file(), offered.error());
  if (!trouble_.empty()) base::log::failure(kNotRead, "trust", stored.error());
}

void TrustKeeper::read_again() {
  if (trouble_.empty() || !read()) return;
  for (const auto& listener : listeners_) listener();
}

Status TrustKeeper::read() {
  auto stored = folder_.load_trust(node_);
  if (!stored) {
    trouble_ = stored.error().message();
    return fail(std::move(stored).error());
  }
  in_force(*std::move(stored));
  return {};
}

void TrustKeeper::in_force(sync::TrustDocument document) {
  document_ = std::move(document);
  trouble_.clear();
  base::log::recovered(kNotRead, "trust");
}

Result<bool> TrustKeeper::take(std::string_view encoded) {
  HF_TRY(auto newer, newer_trust(encoded, document_, node_));
  if (!newer) return false;
  HF_CHECK(base::write_file(folder_.trust_file(), encoded, 0600));
  base::log::info("another trust document is in force", {{"version", base::to_decimal(newer->version)},
                                                         {"before", base::to_decimal(document_.version)}});
  in_force(*std::move(newer));
  for (const auto& listener : listeners_) listener();
  return true;
}

/// The file may have been lost while this agent ran: what it still knows is then stored anew.
Result<bool> TrustKeeper::take_from_person(std::string_view encoded) {
  HF_TRY(const bool taken, take(encoded));
  if (taken || folder_.load_trust(node_)) return taken;
  HF_TRY(const auto same, newer_trust(encoded, {}, node_));
  if (same != document_) return false;
  HF_CHECK(base::write_file(folder_.trust_file(), encoded, 0600));
  return true;
}

Result<bool> TrustKeeper::take_offered() {
  const auto path = folder_.offered_trust_file();
  const auto bytes = base::read_file(path, base::limits::kTrustBytesMax);
  if (!bytes && bytes.error().code() == Code::kNotFound) return false;
  auto taken = bytes ? take_from_person(*bytes) : Result<bool>(fail(bytes.error()));
  HF_CHECK(base::remove_file(path));
  return taken;
}

}  // namespace holdfast::edge_agent
