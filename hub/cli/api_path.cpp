// SPDX-License-Identifier: Apache-2.0
#include "hub/cli/api_path.hpp"

namespace holdfast::cli {

std::string encode_component(std::string_view text) {
  constexpr std::string_view kUnreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  // A path of dots would be resolved away by whatever stands between us and the hub.
  const bool is_dots = text == "." || text == "..";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (!is_dots && kUnreserved.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xFU];
    }
  }
  return out;
}

ApiPath::ApiPath(std::string_view type) : text_("/apis/holdfast.dev/v1/" + encode_component(type)) {}

ApiPath& ApiPath::part(std::string_view text) {
  text_ += "/" + encode_component(text);
  return *this;
}

ApiPath& ApiPath::query(std::string_view name, std::string_view value) {
  if (value.empty()) return *this;
  text_ += has_query_ ? "&" : "?";
  text_ += std::string(name) + "=" + encode_component(value);
  has_query_ = true;
  return *this;
}

}  // namespace holdfast::cli
