// SPDX-License-Identifier: Apache-2.0
#include "hub/revocation.hpp"

#include <utility>

#include "base/limits/hub.hpp"
#include "base/limits/wire.hpp"
#include "base/log.hpp"
#include "hub/json_path.hpp"
#include "hub/node_book.hpp"

namespace holdfast::hub {

using base::Result;
using base::Status;
namespace limits = base::limits;

std::vector<IssuedCertificate> revoked_of(const std::vector<IssuedCertificate>& issued,
                                          const std::vector<ObjectPtr>& nodes) {
  std::set<std::string> members;
  for (const auto& node : nodes) {
    if (!is_cut_off(*node)) members.insert(text_at(*node, "spec/uid"));
  }
  std::vector<IssuedCertificate> out;
  for (const auto& one : issued) {
    if (!members.contains(one.uid.str())) out.push_back(one);
  }
  return out;
}

Revocation::Revocation(Parts parts)
    : parts_(parts), timer_(parts.loop.timer([this] { look(); })), again_timer_(parts.loop.timer([this] {
        for (const auto& uid : std::exchange(again_, {})) parts_.takeover.end_session(uid);
      })) {}

Status Revocation::start() {
  const auto revoked = publish();
  if (!revoked && revoked.error().code() == base::Code::kNoSpace && parts_.broker.has_revocation_list()) {
    look_again(revoked.error());  // a full disk keeps no fleet without its hub
    return {};
  }
  if (!revoked) return base::fail(revoked.error());
  // One may have been revoked just before the hub ended, and the broker outlived it.
  for (const auto& one : *revoked) again_.insert(one.uid);
  again_timer_->set(limits::kConnectTimeout);
  return {};
}

void Revocation::changed() {
  parts_.loop.post([this] {
    if (!std::exchange(is_due_, true)) timer_->set(limits::kRevocationSpacing);
  });
}

Result<std::vector<IssuedCertificate>> Revocation::publish() {
  HF_TRY(const auto issued, parts_.certificates.in_use());
  HF_TRY(const auto nodes, parts_.objects.list(kNodes));
  auto revoked = revoked_of(issued, nodes.items);
  std::vector<sync::RevokedCertificate> listed;
  std::set<std::string> serials;
  for (const auto& one : revoked) {
    listed.push_back({one.serial});
    serials.insert(one.serial);
  }
  HF_TRY(const auto list, parts_.pki.revocation_list(listed, parts_.clock.wall()));
  HF_CHECK(parts_.broker.set_revocation_list(list));
  std::erase_if(revoked, [&](const IssuedCertificate& one) { return serials_.contains(one.serial); });
  serials_ = std::move(serials);
  return revoked;
}

namespace {
constexpr const char* kNotTold = "the broker could not be told who is revoked";
}  // namespace

void Revocation::look_again(const base::Error& error) {
  base::log::failure(kNotTold, "broker", error);
  is_due_ = true;
  timer_->set(limits::kRetryInterval);
}

void Revocation::look() {
  is_due_ = false;
  const auto revoked = publish();
  if (!revoked) return look_again(revoked.error());
  base::log::recovered(kNotTold, "broker");
  for (const auto& one : *revoked) {
    parts_.takeover.end_session(one.uid);
    again_.insert(one.uid);
  }
  if (!revoked->empty()) again_timer_->set(limits::kConnectTimeout);
}

}  // namespace holdfast::hub
