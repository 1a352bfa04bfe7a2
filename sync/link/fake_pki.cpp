// SPDX-License-Identifier: Apache-2.0
#include "sync/link/fake_pki.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <utility>

namespace holdfast::sync {

namespace {

template <class T>
T must(base::Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "FakePki: %s\n", result.error().message().c_str());
    std::abort();
  }
  return *std::move(result);
}

void write_file(const std::string& name, const std::string& text) {
  std::ofstream out(name, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) std::abort();
}

}  // namespace

FakePki::FakePki(base::WallTime now, const std::string& common_name, std::uint64_t seed)
    : now_(now),
      random_(seed),
      key_(must(PrivateKey::generate())),
      ca_(must(make_ca(key_, common_name, now - std::chrono::hours(24), now + std::chrono::hours(24 * 3650),
                       random_))) {}

TlsIdentity FakePki::make(const CertificateProfile& profile) {
  const PrivateKey key = must(PrivateKey::generate());
  const CertificateRequest request = must(CertificateRequest::make(key, profile.common_name));
  const Certificate made = must(issue(ca_, key_, request, profile, random_));
  return {Pem::from_text(made.pem()), Pem::from_text(key.pem())};
}

TlsIdentity FakePki::client(const std::string& common_name, Life life) {
  return make({CertificateUse::kClient, common_name, {}, now_ + life.from, now_ + life.to});
}

TlsIdentity FakePki::server(const std::vector<std::string>& names, Life life) {
  return make({CertificateUse::kServer, "test server", names, now_ + life.from, now_ + life.to});
}

TlsIdentity FakePki::server_with_ca() {
  TlsIdentity identity = server();
  identity.certificate.text += ca_.pem();
  return identity;
}

TlsIdentity FakePki::write(const std::string& folder, const std::string& name,
                           const TlsIdentity& identity) const {
  const TlsIdentity files{Pem::from_file(folder + "/" + name + ".pem"),
                          Pem::from_file(folder + "/" + name + ".key")};
  write_file(folder + "/ca.pem", ca_.pem());
  write_file(files.certificate.file, must(identity.certificate.load()));
  write_file(files.key.file, must(identity.key.load()));
  return files;
}

}  // namespace holdfast::sync
