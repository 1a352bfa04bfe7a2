// SPDX-License-Identifier: Apache-2.0
// FakePki: a CA and certificates for tests, as the hub would issue them, in memory or in a folder.
// Threads: one.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/fake_random.hpp"
#include "sync/link/tls.hpp"
#include "sync/link/x509.hpp"

namespace holdfast::sync {

/// What went wrong ends the test program: a test without its certificates means nothing.
class FakePki {
 public:
  /// Valid from a day before `now` for ten years.
  explicit FakePki(base::WallTime now, const std::string& common_name = "test CA", std::uint64_t seed = 1);

  struct Life {
    std::chrono::hours from{-24};
    std::chrono::hours to{24 * 90};
  };
  TlsIdentity client(const std::string& common_name) { return client(common_name, Life{}); }
  TlsIdentity client(const std::string& common_name, Life life);
  /// For localhost, 127.0.0.1 and ::1.
  TlsIdentity server() { return server({"localhost", "127.0.0.1", "::1"}, Life{}); }
  TlsIdentity server(const std::vector<std::string>& names, Life life);
  /// The chain with the CA itself at its end, as a server sends it that wants to be pinned.
  TlsIdentity server_with_ca();

  const Certificate& ca() const { return ca_; }
  const PrivateKey& ca_key() const { return key_; }
  Pem ca_pem() const { return Pem::from_text(ca_.pem()); }
  /// Writes ca.pem, <name>.pem and <name>.key; returns the identity as files.
  TlsIdentity write(const std::string& folder, const std::string& name, const TlsIdentity& identity) const;

 private:
  TlsIdentity make(const CertificateProfile& profile);

  base::WallTime now_;
  base::FakeRandom random_;
  PrivateKey key_;
  Certificate ca_;
};

}  // namespace holdfast::sync
