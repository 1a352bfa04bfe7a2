// SPDX-License-Identifier: Apache-2.0
#include "base/engine/engine_error.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/limits/engine.hpp"

namespace holdfast::base {
namespace {

struct Words {
  std::string_view part;
  Code code;
};
/// In words where the status does not say it; the first that is found counts.
constexpr std::array kWords{
    Words{"no space left on device", Code::kNoSpace},   Words{"disk quota exceeded", Code::kNoSpace},
    Words{"name is already in use", Code::kConflict},   Words{"container state improper", Code::kConflict},
    Words{"has dependent containers", Code::kConflict},
};

Code code_of_status(int status) {
  switch (status) {
    case 400: return Code::kInvalid;
    case 401:
    case 403: return Code::kPermission;
    case 404: return Code::kNotFound;
    case 409: return Code::kConflict;
    case 501: return Code::kUnsupported;
    case 502:
    case 503: return Code::kUnavailable;
    case 504: return Code::kTimeout;
    default: return status >= 500 ? Code::kIo : Code::kInvalid;
  }
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

std::string as_line(std::string_view text) {
  constexpr std::string_view kCut = "…";
  std::string out(text.substr(0, limits::kEngineMessageBytesMax));
  // Cut in the middle of a character: without what is left of it.
  for (int left = 3; left > 0 && out.size() < text.size() && !is_utf8(out); --left) out.pop_back();
  if (!is_utf8(out))
    std::ranges::replace_if(out, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  std::ranges::replace_if(out, is_control, ' ');
  const auto end = out.find_last_not_of(' ');
  out.resize(end == std::string::npos ? 0 : end + 1);
  return text.size() > limits::kEngineMessageBytesMax ? out.append(kCut) : out;
}

}  // namespace

std::string engine_message(std::string_view body) {
  if (const auto json = parse_json(body); json && json->is_object()) {
    const auto message = json->find("message");
    if (message != json->end() && message->is_string())
      return as_line(message->get_ref<const std::string&>());
  }
  return as_line(body);
}

Error engine_error(std::string_view call, int status, std::string_view message) {
  Code code = code_of_status(status);
  if (status >= 500) {
    const auto said = std::ranges::find_if(
        kWords, [&](const Words& words) { return message.find(words.part) != std::string_view::npos; });
    if (said != kWords.end()) code = said->code;
  }
  std::string text = std::string(call) + ": the container engine answers " + std::to_string(status);
  if (!message.empty()) text.append(": ").append(message);
  return {code, std::move(text)};
}

}  // namespace holdfast::base
