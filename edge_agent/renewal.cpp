// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/renewal.hpp"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/limits/agent.hpp"
#include "base/log.hpp"
#include "base/time_text.hpp"
#include "sync/link/possession.hpp"

namespace holdfast::edge_agent {

using base::fail;
using base::Json;
using base::Result;
using base::Status;
using namespace std::chrono_literals;
namespace limits = base::limits;

namespace {

constexpr std::string_view kTarget = "/apis/holdfast.dev/v1/renew";
constexpr const char* kNotRead =
    "the node's key and certificate cannot be used, and no hub is reached without them";
constexpr const char* kNotRenewed = "the node's certificate could not be renewed";

const base::BackoffPolicy kBackoff{.base = limits::kRenewalRetryMin,
                                   .factor = 2,
                                   .max = limits::kRenewalRetryMax,
                                   .reset_after = 0ms,
                                   .is_first_free = false};

/// The others of the bundle are of former times: whoever is of theirs gets in for a while only.
bool is_of_first(const sync::Certificate& certificate, const std::string& bundle) {
  auto cas = sync::Certificate::bundle_from_pem(bundle);
  if (!cas || cas->empty()) return true;
  cas->erase(cas->begin() + 1, cas->end());
  return sync::verify_chain(certificate, *cas, certificate.not_before(), sync::CertificateUse::kClient)
      .has_value();
}

/// All that the asking thread uses.
struct Asking {
  DataFolder folder;
  sync::PrivateKey key;
  sync::Certificate certificate;
  std::string name;
  HubQuestion question;
};

Result<Json> ask_with(const Asking& from) {
  HF_TRY(const auto next, NodeCertificate::next_key(from.folder, from.key.place()));
  HF_TRY(const auto request, sync::CertificateRequest::make(next, from.certificate.common_name()));
  HF_TRY(const auto proof,
         sync::prove_possession(from.key, from.certificate, sync::kRenewPurpose, request.pem()));
  HubQuestion question = from.question;
  question.body = base::canonical_json(Json{{"certificate", from.certificate.pem()},
                                            {"csr", request.pem()},
                                            {"signature", base::to_hex(proof)},
                                            {"name", from.name}});
  return ask_hub(question);
}

}  // namespace

base::WallTime believed_time(base::WallTime clock, base::WallTime not_before, base::WallTime attested) {
  return std::max({clock, not_before, attested});
}

Renewal::Renewal(Seams seams, DataFolder folder, std::string name, Trust trust, sync::ProxyRules proxies)
    : seams_(seams),
      name_(std::move(name)),
      certificate_(std::move(folder)),
      trust_(std::move(trust)),
      proxies_(std::move(proxies)),
      backoff_(kBackoff),
      call_(seams.loop, [this](const Result<Json>& answer) { on_answer(answer); }),
      timer_(seams.loop.timer([this] { look(); })) {}

void Renewal::open() {
  constexpr auto kSteps = 1000ms;
  spread_ = double(seams_.random.jitter(kSteps).count()) / double(kSteps.count());
  static_cast<void>(read());
}

Status Renewal::read() {
  if (certificate_.is_loaded()) return {};
  if (auto loaded = certificate_.load(); !loaded) {
    trouble_ = loaded.error().message();
    base::log::failure(kNotRead, "certificate", loaded.error());
    return loaded;
  }
  trouble_.clear();
  base::log::recovered(kNotRead, "certificate");
  look_at_issuer(false);
  return {};
}

base::WallTime Renewal::not_after() const {
  return certificate_.is_loaded() ? certificate_.not_after() : base::WallTime{};
}

bool Renewal::is_key_in_tpm() const {
  return certificate_.is_loaded() && certificate_.current_key().place() == sync::KeyPlace::kTpm;
}

base::WallTime Renewal::due() const {
  if (!certificate_.is_loaded()) return {};
  const auto due = renewal_time(certificate_.not_before(), certificate_.not_after(), spread_);
  return std::min(due, reissue_due_.value_or(due));
}

base::WallTime Renewal::now() const {
  const auto not_before = certificate_.is_loaded() ? certificate_.not_before() : base::WallTime{};
  return believed_time(seams_.clock.wall(), not_before, std::max(earliest_, trust_().issued));
}

void Renewal::start() { look(); }

void Renewal::trust_changed(bool is_connected) {
  backoff_.reset();
  look_at_issuer(is_connected);
  look();
}

void Renewal::look_at_issuer(bool is_connected) {
  if (!certificate_.is_loaded()) return;
  if (is_of_first(certificate_.newest(), trust_().ca_bundle)) return reissue_due_.reset();
  if (reissue_due_) return;
  const auto within = is_connected ? limits::kReissueSpread : limits::kReissueSpreadAway;
  reissue_due_ = now() + std::chrono::duration_cast<std::chrono::milliseconds>(within * spread_);
}

void Renewal::look() {
  if (call_.is_under_way()) return;
  if (!read()) return timer_->set(limits::kRenewalRetryMin);
  // A clock may be set meanwhile, so it is never slept through to the end.
  const auto left = due() - now();
  if (left > 0ms) return timer_->set(std::min<std::chrono::milliseconds>(left, limits::kRenewalLookInterval));
  ask();
}

void Renewal::ask() {
  const auto trust = trust_();
  const auto asking = std::make_shared<const Asking>(
      Asking{.folder = certificate_.folder(),
             .key = certificate_.current_key().share(),
             .certificate = sync::Certificate::share(certificate_.current().get()),
             .name = name_,
             .question = {.hubs = trust.hubs,
                          .ca_bundle = trust.ca_bundle,
                          .when = now(),
                          .target = std::string(kTarget),
                          .body = "",
                          .proxies = proxies_}});
  call_.start([asking] { return ask_with(*asking); });
}

void Renewal::on_answer(const Result<Json>& answer) {
  const auto taken = answer ? take(*answer) : Status(fail(answer.error()));
  if (taken) {
    backoff_.reset();
    trouble_.clear();
    ++renewals_;
    look_at_issuer(true);
    base::log::recovered(kNotRenewed, "certificate");
    base::log::info("certificate renewed", {{"end", base::to_rfc3339_seconds(not_after())}});
    if (on_renewed_) on_renewed_();
    return look();
  }
  trouble_ = taken.error().message();
  base::log::failure(kNotRenewed, "certificate", taken.error());
  const auto wait = backoff_.record(seams_.clock.monotonic());
  timer_->set(wait / 2 + seams_.random.jitter(wait / 2));
}

Status Renewal::take(const Json& answer) {
  std::string pem;
  HF_CHECK(base::ObjectReader(answer, "the hub's answer").required("certificate", pem).finish_open());
  return certificate_.take_next(pem);
}

void Renewal::connected() {
  constexpr const char* kNotStored = "the node's new certificate could not be stored";
  if (const auto stored = certificate_.connected(); !stored)
    return base::log::failure(kNotStored, "certificate", stored.error());
  base::log::recovered(kNotStored, "certificate");
}

}  // namespace holdfast::edge_agent
