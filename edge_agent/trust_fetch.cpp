// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/trust_fetch.hpp"

#include <utility>

#include "base/limits/agent.hpp"
#include "base/limits/wire.hpp"
#include "base/log.hpp"
#include "sync/link/https_client.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Result;
using namespace std::chrono_literals;
namespace limits = base::limits;

namespace {

constexpr std::string_view kTarget = "/apis/holdfast.dev/v1/trust";
constexpr const char* kNotFound = "no newer trust document was found";

const base::BackoffPolicy kBackoff{.base = limits::kTrustFetchAfter,
                                   .factor = 2,
                                   .max = limits::kTrustFetchIntervalMax,
                                   .reset_after = 0ms,
                                   .is_first_free = false};

Result<std::string> ask_one(const std::string& hub, const sync::ProxyRules& proxies) {
  sync::HttpsRequest request;
  HF_TRY(request.url, sync::HttpsUrl::parse(hub));
  request.url.target = kTarget;
  request.tls.server_check = sync::ServerCheck::kNone;
  request.body_bytes_max = limits::kTrustBytesMax;
  if (const auto* const proxy = proxies.of(request.url.host)) request.proxy = *proxy;
  HF_TRY(auto answer, sync::https_call(request));
  if (answer.response.status == 200) return std::move(answer.response.body);
  return fail(Code::kUnavailable, hub + ": answered " + std::to_string(answer.response.status));
}

}  // namespace

Result<std::string> ask_for_trust(const TrustQuestion& question,
                                  const std::function<Result<bool>(std::string_view)>& is_news) {
  base::Error last(Code::kNotFound, "what the hub's addresses have is not newer");
  for (const auto& hub : question.hubs) {
    auto answer = ask_one(hub, question.proxies);
    if (!answer) {
      last = answer.error();
      continue;
    }
    const auto newer = is_news(*answer);
    if (newer && *newer) return answer;
    if (!newer) last = base::Error(newer.error()).with_context(hub);
  }
  return fail(std::move(last));
}

TrustFetch::TrustFetch(Seams seams, TrustKeeper& keeper, NodeFile node, sync::ProxyRules proxies)
    : seams_(seams),
      keeper_(keeper),
      node_(std::move(node)),
      proxies_(std::move(proxies)),
      backoff_(kBackoff),
      call_(seams.loop, [this](const Result<std::string>& answer) { on_answer(answer); }),
      timer_(seams.loop.timer([this] { ask(); })) {}

void TrustFetch::start() { wait(); }

/// Halved at most by chance: a whole fleet may have lost its broker at once.
void TrustFetch::wait() {
  const auto after = backoff_.record(seams_.clock.monotonic());
  timer_->set(after / 2 + seams_.random.jitter(after / 2));
}

void TrustFetch::connected(bool is_connected) {
  if (std::exchange(is_connected_, is_connected) == is_connected) return;
  timer_->cancel();
  backoff_.reset();
  if (is_connected) return trouble_.clear();
  if (!call_.is_under_way()) wait();
}

void TrustFetch::ask() {
  if (call_.is_under_way() || is_connected_) return;
  keeper_.read_again();
  // Whose answer is the newest could not be told: an old document, kept by whoever lies in between, would do.
  if (!keeper_.trouble().empty()) return wait();
  const TrustQuestion question{.hubs = keeper_.document().hubs, .proxies = proxies_};
  const auto is_news = [fleet = node_.fleet, recovery = node_.recovery_key,
                        held = keeper_.document().version](std::string_view encoded) -> Result<bool> {
    HF_TRY(const auto sealed, sync::decode_trust(encoded));
    HF_TRY(const auto document, sync::verify_trust(sealed, recovery));
    HF_CHECK(check_trust(document, fleet));
    return document.version > held;
  };
  call_.start([question, is_news] { return ask_for_trust(question, is_news); });
}

void TrustFetch::on_answer(const Result<std::string>& answer) {
  const auto taken = answer ? keeper_.take(*answer) : Result<bool>(fail(answer.error()));
  if (taken) {
    trouble_.clear();
    base::log::recovered(kNotFound, "trust");
    backoff_.reset();
  } else if (taken.error().code() != Code::kNotFound) {
    trouble_ = taken.error().message();
    base::log::failure(kNotFound, "trust", taken.error());
  }
  if (!is_connected_) wait();
}

}  // namespace holdfast::edge_agent
