// SPDX-License-Identifier: Apache-2.0
#include "hub/certificate_book.hpp"

#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/time_text.hpp"
#include "hub/json_path.hpp"
#include "hub/tables.hpp"

namespace holdfast::hub {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;

namespace {

/// "<uid>/<serial>": those of one node stand together.
std::string key_of(const sync::NodeUid& uid, const std::string& serial) { return uid.str() + "/" + serial; }

/// What cannot be read is kept and counts as one that does not expire: better revoked too long than not at all.
base::WallTime end_of(std::string_view record) {
  const auto json = base::parse_json(record);
  const auto end = json ? base::parse_rfc3339(text_at(*json, "notAfter")) : Result<base::WallTime>({});
  return json && end ? *end : base::WallTime::max();
}

}  // namespace

Result<sync::Certificate> CertificateBook::issue(const sync::CertificateRequest& request,
                                                 const sync::NodeUid& uid) {
  const auto now = seams_.clock.wall();
  HF_TRY(auto certificate, pki_.issue_node_certificate(request, uid, now, seams_.random, life_));
  HF_CHECK(note(uid, certificate, now));
  return certificate;
}

Status CertificateBook::note(const sync::NodeUid& uid, const sync::Certificate& certificate,
                             base::WallTime now) {
  const Json record{{"notAfter", base::to_rfc3339(certificate.not_after())}};
  return seams_.store.write([&](sync::WriteTxn& txn) -> Status {
    std::vector<std::string> expired;
    std::size_t in_use = 0;
    HF_CHECK(txn.scan(kCertificateTable, uid.str() + "/", [&](std::string_view key, std::string_view value) {
      if (end_of(value) < now)
        expired.emplace_back(key);
      else
        ++in_use;
      return true;
    }));
    if (in_use >= base::limits::kCertificatesPerNodeMax) {
      return fail(Code::kLimit, "node " + uid.str() + " has " + std::to_string(in_use) +
                                    " certificates that have not expired, as many as it is given");
    }
    for (const auto& key : expired) HF_CHECK(txn.erase(kCertificateTable, key));
    return txn.put(kCertificateTable, key_of(uid, certificate.serial_hex()), base::canonical_json(record));
  });
}

Result<std::vector<IssuedCertificate>> CertificateBook::in_use() const {
  const auto now = seams_.clock.wall();
  std::vector<IssuedCertificate> out;
  HF_CHECK(seams_.store.read([&](sync::ReadTxn& txn) {
    return txn.scan(kCertificateTable, "", [&](std::string_view key, std::string_view value) {
      const auto slash = key.find('/');
      const auto end = end_of(value);
      if (slash != std::string_view::npos && end >= now)
        out.push_back({sync::NodeUid(key.substr(0, slash)), std::string(key.substr(slash + 1)), end});
      return true;
    });
  }));
  return out;
}

Status show_certificate(Objects& objects, const std::string& node, const sync::Certificate& certificate) {
  const Json shown{{"serial", certificate.serial_hex()},
                   {"notAfter", base::to_rfc3339_seconds(certificate.not_after())}};
  return objects.write(Actor::kHub, [&](ObjectWriter& writer) -> Status {
    return writer.patch(kNodes, node, {{"spec", {{"certificate", shown}}}}).map([](const ObjectPtr&) {});
  });
}

}  // namespace holdfast::hub
