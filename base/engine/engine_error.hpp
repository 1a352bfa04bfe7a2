// SPDX-License-Identifier: Apache-2.0
// What an engine's refusal means. Docker says it by the status, podman in part only in words: a name that is taken and a
// container in the wrong state are 500 there.
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::base {

/// Its own words: "message" of a JSON body, else the body as text; cut, one line, UTF-8.
std::string engine_message(std::string_view body);
/// The words of one, as engine_message gives them. `call` is "start container 4f3c12ab90de".
Error engine_error(std::string_view call, int status, std::string_view message);

}  // namespace holdfast::base
