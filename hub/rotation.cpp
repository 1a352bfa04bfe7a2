// SPDX-License-Identifier: Apache-2.0
#include "hub/rotation.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/file_io.hpp"
#include "base/limits/hub.hpp"
#include "hub/backup.hpp"
#include "hub/pki.hpp"

namespace holdfast::hub {

using base::Code;
using base::fail;
using base::Result;
using base::Status;
namespace limits = base::limits;

namespace {

Status move_file(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) == 0) return {};
  return fail(base::Error::from_errno(errno, from));
}

/// Verified by the public half that lies in the folder.
Result<std::optional<sync::TrustDocument>> document_of(const DataFolder& folder) {
  HF_TRY(const auto text, read_if_there(folder.trust_file()));
  HF_TRY(const auto key, read_if_there(folder.recovery_key() + ".pub"));
  if (!text || !key) return std::optional<sync::TrustDocument>();
  HF_TRY(const auto recovery,
         content_of(folder.recovery_key() + ".pub", base::PublicKey::from_hex(first_line(*key))));
  HF_TRY(const auto sealed, content_of(folder.trust_file(), sync::decode_trust(*text)));
  HF_TRY(auto document, content_of(folder.trust_file(), sync::verify_trust(sealed, recovery)));
  return std::optional(std::move(document));
}

/// The same again after a rotation that was killed before its document counted.
Result<base::SigningKey> next_signing_key(const DataFolder& folder, base::Random& random) {
  HF_TRY(const auto text, read_if_there(folder.next_signing_key()));
  if (text) return content_of(folder.next_signing_key(), base::SigningKey::from_seed_hex(first_line(*text)));
  auto key = base::SigningKey::generate(random);
  HF_CHECK(base::write_file(folder.next_signing_key(), key.seed_hex() + "\n", 0600));
  return key;
}

Result<sync::Certificate> next_ca(const DataFolder& folder, base::WallTime now, base::Random& random) {
  HF_TRY(const auto key, sync::PrivateKey::generate());
  HF_TRY(auto ca, make_fleet_ca(key, now, random));
  HF_CHECK(base::write_file(folder.next_ca_key(), key.pem(), 0600));
  HF_CHECK(base::write_file(folder.next_ca_certificate(), ca.pem(), 0644));
  return ca;
}

sync::TrustDocument next_version(sync::TrustDocument document, base::WallTime now) {
  ++document.version;
  document.issued = now;
  return document;
}

Result<sync::TrustDocument> with_next_ca(const DataFolder& folder, base::WallTime now, base::Random& random,
                                         sync::TrustDocument document) {
  HF_TRY(const auto ca, next_ca(folder, now, random));
  HF_TRY(const auto known, sync::Certificate::bundle_from_pem(document.ca_bundle));
  document.ca_bundle = ca.pem();
  for (std::size_t i = 0; i < std::min(known.size(), limits::kCasKept - 1); ++i)
    document.ca_bundle += known[i].pem();
  return next_version(std::move(document), now);
}

Result<sync::TrustDocument> with_next_signing_key(const DataFolder& folder, const RotationOrder& order,
                                                  base::WallTime now, base::Random& random,
                                                  sync::TrustDocument document) {
  HF_TRY(const auto key, next_signing_key(folder, random));
  return with_signing_key(std::move(document), key.public_key(), order.old, now);
}

/// The old pair goes where its certificates are still looked up before the new one takes its place.
Status keep_old_ca(const DataFolder& folder) {
  HF_TRY(const auto certificate, read_if_there(folder.ca_certificate()));
  HF_TRY(const auto key, read_if_there(folder.ca_key()));
  if (!certificate || !key) return fail(Code::kNotFound, folder.ca_key() + " is missing");
  HF_TRY(const auto ca, content_of(folder.ca_certificate(), sync::Certificate::from_pem(*certificate)));
  HF_TRY(const auto ca_key, content_of(folder.ca_key(), sync::PrivateKey::from_pem(*key)));
  if (!ca.matches(ca_key)) return {};  // the new key is there already, and the old pair was kept before it
  HF_CHECK(base::make_private_directory(folder.old_cas()));
  const auto path = folder.old_ca(ca.digest());
  HF_CHECK(base::write_file(path + ".key", *key, 0600));
  return base::write_file(path + ".crt", *certificate, 0644);
}

Status finish_ca(const DataFolder& folder, const sync::TrustDocument& document) {
  HF_TRY(const auto next, read_if_there(folder.next_ca_certificate()));
  if (!next || !document.ca_bundle.starts_with(*next)) return {};
  HF_TRY(const auto key, read_if_there(folder.next_ca_key()));
  if (key) {
    HF_CHECK(keep_old_ca(folder));
    HF_CHECK(move_file(folder.next_ca_key(), folder.ca_key()));
  }
  return move_file(folder.next_ca_certificate(), folder.ca_certificate());
}

Status finish_signing_key(const DataFolder& folder, const sync::TrustDocument& document) {
  HF_TRY(const auto next, read_if_there(folder.next_signing_key()));
  if (!next) return {};
  HF_TRY(const auto key,
         content_of(folder.next_signing_key(), base::SigningKey::from_seed_hex(first_line(*next))));
  if (document.signing_keys.front() != key.public_key()) return {};
  return move_file(folder.next_signing_key(), folder.signing_key());
}

}  // namespace

sync::TrustDocument with_signing_key(sync::TrustDocument document, const base::PublicKey& key, OldKeys old,
                                     base::WallTime now) {
  auto& keys = document.signing_keys;
  if (old == OldKeys::kDrop) keys.clear();
  keys.insert(keys.begin(), key);
  if (keys.size() > limits::kSigningKeysKept) keys.resize(limits::kSigningKeysKept);
  return next_version(std::move(document), now);
}

Status finish_rotation(const DataFolder& folder) {
  HF_TRY(const auto document, document_of(folder));
  if (!document) return {};
  HF_CHECK(finish_signing_key(folder, *document));
  return finish_ca(folder, *document);
}

Result<std::uint64_t> rotate(const DataFolder& folder, const RotationOrder& order, base::WallTime now,
                             base::Random& random) {
  HF_CHECK(check_no_restore_is_due(folder));
  HF_TRY(const auto lock, lock_of_stopped_hub(folder));
  HF_CHECK(finish_rotation(folder));
  HF_TRY(auto held, document_of(folder));
  if (!held) {
    const std::string missing =
        is_there(folder.trust_file()) ? folder.recovery_key() + ".pub" : folder.trust_file();
    return fail(Code::kNotFound,
                missing + " is missing: put it back from a backup. Has this hub ever been started?");
  }
  HF_TRY(const auto recovery, read_recovery_key(order.recovery_key));
  const auto public_key = read_if_there(folder.recovery_key() + ".pub").value().value_or("");
  if (recovery.public_key().hex() != first_line(public_key)) {
    return fail(Code::kConflict,
                order.recovery_key + " is not the recovery key that the nodes of this fleet pinned");
  }
  HF_TRY(const auto document, order.what == Rotated::kCa
                                  ? with_next_ca(folder, now, random, *std::move(held))
                                  : with_next_signing_key(folder, order, now, random, *std::move(held)));
  const auto sealed = sync::sign_trust(document, recovery);
  HF_CHECK(base::write_file(folder.trust_file(), sync::encode_trust(sealed), 0600));
  HF_CHECK(finish_rotation(folder));
  return document.version;
}

}  // namespace holdfast::hub
