// SPDX-License-Identifier: Apache-2.0
// The end that kustomize gives to the names of generated ConfigMaps and Secrets: "5h2k9cmt42", of what they hold, so that a change of it is a
// new name and what reads it starts anew.
// Threads: pure functions.
#pragma once

#include <string>

#include "base/json.hpp"

namespace holdfast::gitops {

/// Of data, binaryData or stringData, type and kind; the name and the rest of metadata do not count. REQUIRES: `object` is a ConfigMap or Secret.
std::string name_hash(const base::Json& object);

/// Base64 as kustomize writes what is longer than a line: in lines of 70 characters, over which the hash is computed.
std::string kustomize_base64(const std::string& bytes);

}  // namespace holdfast::gitops
