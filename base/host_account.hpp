// SPDX-License-Identifier: Apache-2.0
// Who a program of the host runs as: the host's own users, whatever the root of the files is.
// Threads: any.
#pragma once

#include <optional>
#include <string>

#include "base/account_names.hpp"
#include "base/result.hpp"

namespace holdfast::base {

/// Of a name, "uid" or "uid:gid"; nullopt for "": whoever the agent runs as. Code::kNotFound names the user.
Result<std::optional<Credentials>> host_account(const std::string& user);

}  // namespace holdfast::base
