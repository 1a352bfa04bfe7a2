// SPDX-License-Identifier: Apache-2.0
#include "base/host_account.hpp"

#include <utility>

#include "base/limits/agent.hpp"
#include "base/plain_file.hpp"

namespace holdfast::base {

Result<std::optional<Credentials>> host_account(const std::string& user) {
  if (user.empty()) return std::optional<Credentials>();
  const std::string passwd = read_plain_file("/etc/passwd", limits::kAccountFileBytesMax).value_or("");
  const std::string groups = read_plain_file("/etc/group", limits::kAccountFileBytesMax).value_or("");
  HF_TRY(Credentials credentials, credentials_in(passwd, groups, user));
  return std::optional(std::move(credentials));
}

}  // namespace holdfast::base
