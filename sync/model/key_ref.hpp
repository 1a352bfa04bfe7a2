// SPDX-License-Identifier: Apache-2.0
// Reads configMapKeyRef and secretKeyRef, {name, key}, which File and Process have in common.
// Threads: pure function.
#pragma once

#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "sync/model/file_spec.hpp"

namespace holdfast::sync {

base::Result<KeyRef> parse_key_ref(const base::Json& value, const std::string& where);

}  // namespace holdfast::sync
