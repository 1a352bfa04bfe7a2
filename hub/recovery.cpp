// SPDX-License-Identifier: Apache-2.0
#include "hub/recovery.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file_io.hpp"
#include "base/json.hpp"
#include "base/limits/documents.hpp"
#include "base/limits/wire.hpp"
#include "hub/backup.hpp"
#include "hub/identity_files.hpp"
#include "hub/pki.hpp"
#include "hub/tables.hpp"
#include "sync/model/fields.hpp"
#include "sync/wire/trust.hpp"

namespace holdfast::hub {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;

namespace {

std::uint64_t seconds_of(base::WallTime time) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

/// What nodes believe, as files.
std::vector<std::string> key_files(const DataFolder& folder) {
  return {folder.ca_key(), folder.ca_certificate(), folder.signing_key(), folder.hub_file(),
          folder.trust_file()};
}

Status keep_former_cas(const DataFolder& folder, const std::string& bundle) {
  HF_TRY(const auto cas, sync::Certificate::bundle_from_pem(bundle));
  HF_CHECK(base::make_private_directory(folder.old_cas()));
  for (const auto& ca : cas) HF_CHECK(base::write_file(folder.old_ca(ca.digest()) + ".crt", ca.pem(), 0644));
  return {};
}

Result<sync::TrustDocument> read_trust(const std::string& path, const base::PublicKey& recovery) {
  HF_TRY(const auto held, base::read_file(path, base::limits::kTrustBytesMax));
  auto sealed = sync::decode_trust(held);
  if (!sealed)
    return fail(sealed.error().code(),
                sealed.error().message() + "; it is the trust.json in the data folder of any node");
  return sync::verify_trust(*sealed, recovery);
}

/// Whoever has the old hub's keys is believed no more; of the old CAs only the certificates are left, by which nodes show
/// who they are.
Status make_keys(const DataFolder& folder, const RecoveryOrder& order, base::WallTime now,
                 base::Random& random) {
  HF_TRY(const auto recovery, read_recovery_key(order.recovery_key));
  auto document = read_trust(order.trust, recovery.public_key());
  if (!document) return fail(std::move(document).error().with_context("--trust " + order.trust));
  HF_CHECK(keep_former_cas(folder, document->ca_bundle));

  HF_TRY(const auto ca_key, sync::PrivateKey::generate());
  HF_TRY(const auto ca, make_fleet_ca(ca_key, now, random));
  const auto signing = base::SigningKey::generate(random);
  // Whatever version a node holds was counted up, and is lower.
  document->version = std::max(document->version + 1, seconds_of(now));
  document->issued = now;
  document->ca_bundle = ca.pem();
  document->signing_keys = {signing.public_key()};
  const Json identity{{"fleet", document->fleet.str()}};
  HF_CHECK(base::write_file(folder.ca_key(), ca_key.pem(), 0600));
  HF_CHECK(base::write_file(folder.ca_certificate(), ca.pem(), 0644));
  HF_CHECK(base::write_file(folder.signing_key(), signing.seed_hex() + "\n", 0600));
  HF_CHECK(base::write_file(folder.recovery_key() + ".pub", recovery.public_key().hex() + "\n", 0644));
  HF_CHECK(base::write_file(folder.hub_file(), base::canonical_json(identity) + "\n", 0600));
  return base::write_file(folder.trust_file(), sync::encode_trust(sync::sign_trust(*document, recovery)),
                          0600);
}

/// A file of no bytes, as a full disk or a copy that broke off leaves it, holds as little as none.
bool is_store_lost(const DataFolder& folder) {
  std::error_code problem;
  const auto bytes = std::filesystem::file_size(folder.store(), problem);
  return problem ? !is_there(folder.store()) : bytes == 0;
}

base::Error lost_store(const DataFolder& folder) {
  return {Code::kNotFound,
          folder.store() + (is_there(folder.store()) ? " is empty" : " is missing") +
              ", though a hub was here: is a disk not mounted? Put it back from a backup; if "
              "there is none: holdfast-hub recover --data " +
              folder.root()};
}

Status check_keys(const DataFolder& folder, const RecoveryOrder& order, bool& are_there) {
  const auto files = key_files(folder);
  const auto missing = std::ranges::find_if(files, [](const std::string& file) { return !is_there(file); });
  are_there = missing == files.end();
  const bool is_given = !order.recovery_key.empty() || !order.trust.empty();
  if (are_there && is_given) {
    return fail(Code::kConflict, folder.root() +
                                     ": the keys are here, and stay in use: leave --recovery-key and --trust "
                                     "out (for new keys there is `holdfast-hub rotate`)");
  }
  if (are_there || (!order.recovery_key.empty() && !order.trust.empty())) return {};
  return fail(Code::kInvalid, *missing +
                                  " is missing, so the hub's keys are lost: give --recovery-key FILE and "
                                  "--trust FILE, the trust.json in the data folder of any node");
}

}  // namespace

std::string encode_recovered(const Recovered& recovered) {
  Json except = Json::array();
  for (const auto& uid : recovered.except) except.push_back(uid.str());
  return base::canonical_json(Json{{"floor", base::to_decimal(recovered.floor)},
                                   {"readmitUntilMs", recovered.readmit_until.time_since_epoch().count()},
                                   {"except", std::move(except)}});
}

Result<Recovered> decode_recovered(std::string_view bytes) {
  HF_TRY(const Json json, base::parse_json(bytes));
  std::string floor;
  std::int64_t until = 0;
  std::vector<std::string> except;
  HF_CHECK(base::ObjectReader(json, "")
               .required("floor", floor)
               .required("readmitUntilMs", until)
               .each("except", sync::text_elements(except, base::limits::kReadmitExceptMax,
                                                   [](std::string_view uid) -> Result<std::string> {
                                                     HF_CHECK(sync::check_id(uid, "uid"));
                                                     return std::string(uid);
                                                   }))
               .finish());
  Recovered out;
  HF_TRY(out.floor, base::from_decimal(floor));
  out.readmit_until = base::WallTime(std::chrono::milliseconds(until));
  for (auto& uid : except) out.except.emplace(std::move(uid));
  return out;
}

Result<Recovered> load_recovered(const DataFolder& folder) {
  HF_TRY(const auto bytes, read_if_there(folder.recovered_file()));
  if (!bytes) return Recovered{};
  auto recovered = decode_recovered(*bytes);
  if (!recovered) return fail(std::move(recovered).error().with_context(folder.recovered_file()));
  return recovered;
}

Status recover(const DataFolder& folder, const RecoveryOrder& order, base::WallTime now,
               base::Random& random) {
  HF_CHECK(base::make_private_directory(folder.root()));
  HF_CHECK(check_no_restore_is_due(folder));
  HF_TRY(const auto lock, lock_of_stopped_hub(folder));
  if (!is_store_lost(folder)) {
    return fail(Code::kConflict,
                folder.store() +
                    " is there, so nothing is lost here: `holdfast-hub check`, then start the hub, or put a "
                    "backup back; if it is damaged, move it away and recover again");
  }
  bool has_keys = false;
  HF_CHECK(check_keys(folder, order, has_keys));
  if (!has_keys) HF_CHECK(make_keys(folder, order, now, random));
  const Recovered recovered{
      .floor = seconds_of(now), .readmit_until = now + order.readmit, .except = order.except};
  HF_CHECK(base::write_file(folder.recovered_file(), encode_recovered(recovered), 0600));
  return sync::LmdbStore::open(hub_store(folder.store())).map([](const auto&) {});
}

base::Error with_way_out(const DataFolder& folder, const base::Error& error) {
  if (error.code() != Code::kCorrupt) return error;
  return {error.code(), error.disposition(),
          error.message() + ": " + std::string(kDamagedStoreWayOut) + " --data " + folder.root()};
}

Status check_store_is_there(const DataFolder& folder) {
  if (!is_store_lost(folder) || !is_any_identity_there(folder)) return {};
  return fail(lost_store(folder));
}

Status check_whole_store(const DataFolder& folder) {
  if (is_store_lost(folder)) return fail(lost_store(folder));
  const auto checked = sync::check_store(folder.store());
  if (!checked) return fail(with_way_out(folder, checked.error()));
  return {};
}

Result<std::unique_ptr<sync::LmdbStore>> open_hub_store(const DataFolder& folder) {
  auto store = sync::LmdbStore::open(hub_store(folder.store()));
  if (!store) return fail(with_way_out(folder, store.error()));
  return store;
}

Result<sync::NodeUid> parse_node_uid(std::string_view text) {
  constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  const auto fits = [](char c, char shape) {
    return shape == '-' ? c == '-' : (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  };
  if (std::ranges::equal(text, kShape, fits)) return sync::NodeUid(std::string(text));
  return fail(Code::kInvalid, "\"" + std::string(text) +
                                  "\" is no uid of a node: it is spec.uid, a UUID in small letters, which "
                                  "`holdfast get nodes -o wide` shows");
}

}  // namespace holdfast::hub
