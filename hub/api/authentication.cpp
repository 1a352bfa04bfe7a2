// SPDX-License-Identifier: Apache-2.0
#include "hub/api/authentication.hpp"

#include "base/limits/hub.hpp"
#include "base/signing.hpp"

namespace holdfast::hub {

using base::Code;
using base::fail;
namespace limits = base::limits;

base::Status Authentication::admit(const std::string& remote) {
  const std::lock_guard guard(mutex_);
  const auto found = failures_.find(remote);
  if (found == failures_.end()) return {};
  if (clock_.monotonic() - found->second.since > limits::kAuthenticationWindow) {
    failures_.erase(found);
    return {};
  }
  if (found->second.count < limits::kAuthenticationFailuresMax) return {};
  return fail(Code::kLimit, "too many failed attempts from this address; wait a minute");
}

void Authentication::failed(const std::string& remote) {
  const std::lock_guard guard(mutex_);
  // A flood from many addresses must not fill the memory; forgetting all is harmless, tokens have 256 bits.
  if (failures_.size() >= limits::kAuthenticationAddressesMax) failures_.clear();
  auto& entry = failures_[remote];
  if (entry.count++ == 0) entry.since = clock_.monotonic();
}

base::Result<std::string> Authentication::user_of(const std::string& authorization,
                                                  const std::string& remote) {
  constexpr std::string_view kBearer = "Bearer ";
  if (!authorization.starts_with(kBearer)) {
    return fail(Code::kPermission,
                "a bearer token is needed; the administrator's is in admin.yaml of the hub's data folder");
  }
  // Who has the token is let in from wherever others fail: a factory's machines share one address.
  const auto digest = base::Digest::of(std::string_view(authorization).substr(kBearer.size()));
  if (base::equal_constant_time(digest.view(), admin_token_.view())) return std::string("admin");
  HF_CHECK(admit(remote));
  failed(remote);
  return fail(Code::kPermission, "the bearer token is not valid");
}

}  // namespace holdfast::hub
