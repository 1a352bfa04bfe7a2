// SPDX-License-Identifier: Apache-2.0
#include "hub/secret_keeper.hpp"

#include "base/limits/secrets.hpp"
#include "base/log.hpp"

namespace holdfast::hub {

using base::Result;
using base::Status;

namespace {
constexpr const char* kNotSealed = "secrets could not be sealed to nodes";
}

void SecretKeeper::run_due() {
  if (is_busy_ || (retry_at_ && context_.now() < *retry_at_)) return;
  retry_at_.reset();
  if (has_made_ && !context_.secrets.wants_anything()) drop_unused();
  batch_ = context_.secrets.take_wanted();
  if (batch_.orders.empty()) return;
  if (context_.options.sealer == nullptr)
    return take(base::fail(base::Code::kUnavailable, "this hub was started without its sealing keys"));
  is_busy_ = true;
  context_.options.sealer->seal(batch_.orders, [this](const Result<SealAnswer>& answer) {
    is_busy_ = false;
    take(answer);
    on_wake_();
  });
}

void SecretKeeper::take(const Result<SealAnswer>& answer) {
  const auto stored = answer ? store(*answer) : Status(base::fail(answer.error()));
  if (stored) {
    base::log::recovered(kNotSealed, "sealing");
  } else {
    base::log::failure(kNotSealed, "sealing", stored.error());
    retry_at_ = context_.now() + base::limits::kSealRetryInterval;
  }
  // Whatever came of it: who still lacks something wants it again.
  for (const auto& node : batch_.nodes) {
    const base::MonotonicTime at = retry_at_.value_or(context_.now());
    context_.queue.push({KeyKind::kNode, node.str()}, at);
  }
  batch_ = {};
}

Status SecretKeeper::store(const SealAnswer& answer) {
  ++context_.counters.store_writes;
  HF_CHECK(context_.secrets.put(answer.sealed));
  for (const auto& failure : answer.failures) context_.secrets.fail(failure);
  has_made_ = true;
  return {};
}

/// Only when all that is in force is known: what is not read from Git yet may need them.
void SecretKeeper::drop_unused() {
  has_made_ = false;
  std::set<base::Digest> used;
  for (const auto& [uid, application] : context_.applications.all()) {
    if (application.record.in_force && !application.in_force) return;
    for (const auto* rendition : {application.in_force.get(), application.newest.get()}) {
      if (rendition != nullptr) used.merge(rendition->secret_versions());
    }
  }
  if (const auto dropped = context_.secrets.drop_unused(used); !dropped)
    base::log::failure("sealed secrets that nobody needs could not be dropped", "sealing", dropped.error());
}

}  // namespace holdfast::hub
