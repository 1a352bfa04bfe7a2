// SPDX-License-Identifier: Apache-2.0
// Authentication: who asks. Today one administrator by bearer token, compared in constant time; addresses that keep
// failing are slowed down. (Roles and OIDC take their place here.)
// Threads: any.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"

namespace holdfast::hub {

class Authentication {
 public:
  Authentication(base::Digest admin_token, base::Clock& clock) : admin_token_(admin_token), clock_(clock) {}

  /// The user's name. kPermission: no or a wrong token. kLimit: wrong, as too many from this address were.
  base::Result<std::string> user_of(const std::string& authorization, const std::string& remote);
  /// Whether `remote` failed so often that a further failure says no more than that it must wait.
  base::Status admit(const std::string& remote);
  void failed(const std::string& remote);

 private:
  struct Failures {
    int count = 0;
    base::MonotonicTime since{};
  };

  base::Digest admin_token_;
  base::Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Failures> failures_;  ///< bounded; see limits
};

}  // namespace holdfast::hub
