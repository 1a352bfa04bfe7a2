// SPDX-License-Identifier: Apache-2.0
// Fuzzes what is read of an engine's JSON: the first byte says as which answer. Whatever the bytes: no crash, and an error
// is one of those that the Engine seam promises.
// Threads: one.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/engine/engine_answers.hpp"
#include "base/engine/engine_error.hpp"
#include "base/engine/engine_events.hpp"
#include "base/json.hpp"
#include "base/limits/engine.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using holdfast::base::Code;
namespace base = holdfast::base;

template <class T>
void check(const base::Result<T>& result) {
  if (result) return;
  const Code code = result.error().code();
  if (code != Code::kCorrupt && code != Code::kLimit && code != Code::kInternal) std::abort();
}

void check_load(std::string_view text) {
  const auto status = base::parse_load_lines(text);
  if (!status && !base::is_utf8(status.error().message())) std::abort();
}

void check_message(std::string_view text) {
  const std::string message = base::engine_message(text);
  if (!base::is_utf8(message) || message.size() > base::limits::kEngineMessageBytesMax + 8) std::abort();
}

void check_events(std::string_view text) {
  std::size_t told = 0;
  base::EngineEvents whole([&](const base::EngineEvent&) { return ++told < 3; });
  check<void>(whole.feed(text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 10) {
    case 0: check(base::parse_container_list(text)); break;
    case 1: check(base::parse_container_state(text)); break;
    case 2: check(base::parse_image_list(text)); break;
    case 3: check(base::parse_image_info(text)); break;
    case 4: check(base::parse_engine_version(text)); break;
    case 5: check(base::parse_exec_state(text)); break;
    case 6: check_load(text); break;
    case 7: check_message(text); break;
    case 8: check_events(text); break;
    default: check(base::parse_engine_abilities(text)); break;
  }
  return 0;
}
