// SPDX-License-Identifier: Apache-2.0
// What an engine is asked, in the words of Docker's API 1.40: bodies and queries.
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/engine.hpp"
#include "base/engine/api_version.hpp"

namespace holdfast::base {

/// The body of POST /containers/create. REQUIRES: check_container_spec.
std::string to_create_json(const ContainerSpec& spec, EngineMake engine);
/// The body of POST /containers/ID/exec. Code::kInvalid: no program is named.
Result<std::string> to_exec_json(const ExecCommand& command);
/// {"label": ["a=b", "c"]}
std::string to_filter_json(const LabelFilter& labels);

/// "/containers/ID" and "/images/REFERENCE" with what follows. Of nothing it is nobody's, and never all of them.
std::string container_target(const ContainerId& id, std::string_view rest);
std::string image_target(const std::string& reference, std::string_view rest);

/// For a path or a query: all but letters, digits and "-._~" as %XX; in a path '/', ':' and '@' stay, which are part of an image's name.
std::string query_escaped(std::string_view text);
std::string path_escaped(std::string_view text);

}  // namespace holdfast::base
