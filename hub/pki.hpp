// SPDX-License-Identifier: Apache-2.0
// Pki: the hub's keys and certificates. Made at the first start, read at every other: fleet id, CA,
// certificates of the API server and of the hub's own broker session, signing key, recovery key, trust
// document, administrator's file. Private keys are files of mode 0600; the recovery key is needed only when
// the trust document changes.
// Threads: made once; const afterwards, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/signing.hpp"
#include "hub/data_folder.hpp"
#include "hub/identity_files.hpp"
#include "sync/link/x509.hpp"
#include "sync/model/ids.hpp"
#include "sync/wire/trust.hpp"

namespace holdfast::hub {

/// Name of the hub in the broker's ACL; node uids are uuids, so no node can have it.
inline constexpr const char* kHubClientName = "holdfast-hub";

struct PkiOptions {
  std::vector<std::string>
      names;            ///< of this machine as others reach it: DNS names and IP addresses, first is best
  std::string api_url;  ///< https://host:port
  std::vector<std::string> brokers;          ///< mqtts://host:port
  std::vector<std::string> more_api_urls{};  ///< of the same hub by other names
  std::string recovery_key{};  ///< file to sign a changed trust document with; empty: the data folder's
  StoreContent store = StoreContent::kNothing;  ///< of this hub, before this start
};

class Pki {
 public:
  /// What is missing is made where no hub was before (hub/identity_files.hpp); certificates whose names or life no longer fit are made anew; a trust document
  /// whose addresses no longer fit is signed anew with the next version.
  static base::Result<Pki> load_or_make(const DataFolder& folder, const PkiOptions& options,
                                        base::WallTime now, base::Random& random);

  const sync::FleetId& fleet() const { return fleet_; }
  const sync::Certificate& ca() const { return ca_; }
  const base::SigningKey& signing_key() const { return signing_; }
  const base::PublicKey& recovery_key() const { return recovery_; }
  const sync::SignedTrust& trust() const { return trust_; }
  const sync::TrustDocument& trust_document() const { return document_; }
  /// Whose node certificates are good for renewal: the CA and all that came before it.
  std::vector<sync::Certificate> issuers() const;
  /// SHA-256 of the administrator's bearer token.
  const base::Digest& admin_token() const { return admin_token_; }
  /// When the first of the hub's own certificates reaches two thirds of its life (the next start makes a new one), and
  /// when it ends.
  base::WallTime renewal_due() const { return renewal_due_; }
  base::WallTime certificates_end() const { return certificates_end_; }
  /// The first start made the recovery key just now.
  bool is_new() const { return is_new_; }

  base::Result<sync::Certificate> issue_node_certificate(const sync::CertificateRequest& request,
                                                         const sync::NodeUid& uid, base::WallTime now,
                                                         base::Random& random,
                                                         std::chrono::milliseconds life) const;
  /// In PEM: a CRL for each CA of whose certificates a broker believes (one without makes it refuse everybody).
  base::Result<std::string> revocation_list(const std::vector<sync::RevokedCertificate>& revoked,
                                            base::WallTime now) const;

 private:
  Pki(sync::Certificate ca, sync::PrivateKey ca_key, base::SigningKey signing)
      : ca_(std::move(ca)), ca_key_(std::move(ca_key)), signing_(std::move(signing)) {}

  base::Status make_leaf(const std::string& certificate_file, const std::string& key_file,
                         const sync::CertificateProfile& profile, base::WallTime now, base::Random& random);
  base::Status open_identity(const DataFolder& folder, const PkiOptions& options, base::Random& random);
  base::Status open_trust(const DataFolder& folder, const PkiOptions& options, base::WallTime now,
                          base::Random& random);
  base::Status open_old_cas(const DataFolder& folder);
  base::Status write_bundle(const DataFolder& folder) const;

  struct OldCa {
    sync::Certificate certificate;
    std::optional<sync::PrivateKey> key;  ///< none: of a hub that was lost; good for renewal alone
    bool lets_in = false;                 ///< is in the trust document, and revokes
  };
  sync::FleetId fleet_;
  sync::Certificate ca_;
  sync::PrivateKey ca_key_;
  base::SigningKey signing_;
  base::PublicKey recovery_;
  sync::SignedTrust trust_;
  sync::TrustDocument document_;
  std::vector<OldCa> old_cas_;
  base::Digest admin_token_;
  base::WallTime renewal_due_ = base::WallTime::max();
  base::WallTime certificates_end_ = base::WallTime::max();
  bool is_new_ = false;
};

/// The first line of a recovery key's file.
base::Result<base::SigningKey> read_recovery_key(const std::string& path);
/// Whether a file of the hub's data folder is there.
bool is_there(const std::string& path);
/// An optional file that holds a key or a certificate.
base::Result<std::optional<std::string>> read_if_there(const std::string& path);
/// What cannot be made anew and is not what it should be: with the file's name and the way out.
base::Error damaged(const base::Error& error, const std::string& path);
template <typename T>
base::Result<T> content_of(const std::string& path, base::Result<T> read) {
  return std::move(read).map_error([&path](const base::Error& error) { return damaged(error, path); });
}
/// One that says so already is left alone: on a full disk nothing else is needed.
base::Status write_if_other(const std::string& path, std::string_view content, std::uint32_t mode);
/// Of a key's file, as an editor may leave it: without what ends a line.
std::string first_line(std::string_view text);
/// A CA of its own, from a little before `now` on.
base::Result<sync::Certificate> make_fleet_ca(const sync::PrivateKey& key, base::WallTime now,
                                              base::Random& random);

}  // namespace holdfast::hub
