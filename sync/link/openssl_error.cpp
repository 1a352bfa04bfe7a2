// SPDX-License-Identifier: Apache-2.0
#include "sync/link/openssl_error.hpp"

#include "sync/link/tls.hpp"

namespace holdfast::sync {

base::Error openssl_error(base::Code code, std::string_view what) {
  return {code, std::string(what) + ": " + take_tls_errors("OpenSSL gave no reason")};
}

}  // namespace holdfast::sync
