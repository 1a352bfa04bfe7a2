// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/node_certificate.hpp"

#include <cmath>

#include "base/file_io.hpp"
#include "base/limits/https.hpp"
#include "base/log.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Result;
using base::Status;

base::WallTime renewal_time(base::WallTime not_before, base::WallTime not_after, double spread) {
  const auto life = not_after - not_before;
  return not_before + life * 2 / 3 +
         std::chrono::milliseconds(std::llround(double((life / 30).count()) * spread));
}

Result<NodeCertificate::Pair> NodeCertificate::read_pair(const std::string& certificate_file,
                                                         const std::string& key_file) {
  HF_TRY(const auto key_pem, base::read_file(key_file, base::limits::kPemBytesMax));
  HF_TRY(const auto certificate_pem, base::read_file(certificate_file, base::limits::kPemBytesMax));
  auto key = sync::PrivateKey::from_pem(key_pem);
  if (!key) return fail(std::move(key).error().with_context(key_file));
  auto certificate = sync::Certificate::from_pem(certificate_pem);
  if (!certificate) return fail(std::move(certificate).error().with_context(certificate_file));
  if (!certificate->matches(*key))
    return fail(Code::kCorrupt, key_file + " is not the key of " + certificate_file);
  return Pair{*std::move(key), *std::move(certificate)};
}

Status NodeCertificate::load() {
  if (auto next = read_pair(folder_.next_certificate_file(), folder_.next_key_file())) {
    next_ = *std::move(next);
  } else {
    // A key without its certificate is asked with again; a certificate without its key is worth nothing.
    HF_CHECK(base::remove_file(folder_.next_certificate_file()));
  }
  auto current = read_pair(folder_.certificate_file(), folder_.key_file());
  if (current) {
    current_ = *std::move(current);
    return {};
  }
  if (!next_) return fail(std::move(current).error());
  // The kill fell while the next took the place of the old.
  current_ = std::exchange(next_, std::nullopt);
  next_ = read_pair(folder_.next_certificate_file(), folder_.next_key_file()).value();
  tried_next_ = true;
  return connected();
}

sync::TlsIdentity NodeCertificate::identity_to_try() {
  tried_next_ = next_ && !tried_next_;
  if (!tried_next_)
    return {sync::Pem::from_file(folder_.certificate_file()), sync::Pem::from_file(folder_.key_file())};
  return {sync::Pem::from_file(folder_.next_certificate_file()),
          sync::Pem::from_file(folder_.next_key_file())};
}

Status NodeCertificate::connected() {
  if (!next_ || !tried_next_) return {};
  HF_CHECK(base::write_file(folder_.key_file(), next_->key.pem(), 0600));
  HF_CHECK(base::write_file(folder_.certificate_file(), next_->certificate.pem(), 0644));
  current_ = std::exchange(next_, std::nullopt);
  tried_next_ = false;
  return drop_next();
}

Status NodeCertificate::drop_next() {
  HF_CHECK(base::remove_file(folder_.next_key_file()));
  return base::remove_file(folder_.next_certificate_file());
}

Result<sync::PrivateKey> NodeCertificate::next_key(const DataFolder& folder, sync::KeyPlace place) {
  if (const auto pem = base::read_file(folder.next_key_file(), base::limits::kPemBytesMax)) {
    auto key = sync::PrivateKey::from_pem(*pem);
    if (key && key->place() == place) return key;
  }
  HF_TRY(auto key, sync::PrivateKey::generate(place));
  HF_CHECK(base::write_file(folder.next_key_file(), key.pem(), 0600));
  return key;
}

Status NodeCertificate::take_next(const std::string& pem) {
  HF_TRY(auto certificate, sync::Certificate::from_pem(pem));
  HF_TRY(auto key, next_key());
  if (!certificate.matches(key)) return fail(Code::kInvalid, "the certificate is not for the key that asked");
  if (certificate.common_name() != current().common_name())
    return fail(Code::kInvalid, "the certificate is for node " + certificate.common_name());
  HF_CHECK(base::write_file(folder_.next_certificate_file(), certificate.pem(), 0644));
  next_ = Pair{std::move(key), std::move(certificate)};
  tried_next_ = false;
  return {};
}

}  // namespace holdfast::edge_agent
