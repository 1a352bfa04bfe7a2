// SPDX-License-Identifier: Apache-2.0
// ApiPath: builds the addresses of the hub's API; whatever a person typed is encoded, so that no name can
// reach another route.
// Threads: plain values.
#pragma once

#include <string>
#include <string_view>

namespace holdfast::cli {

/// RFC 3986: everything but unreserved characters as %XX.
std::string encode_component(std::string_view text);

class ApiPath {
 public:
  /// "/apis/holdfast.dev/v1/<type>"
  explicit ApiPath(std::string_view type);
  /// REQUIRES: no query yet.
  ApiPath& part(std::string_view text);
  /// An empty value is left out.
  ApiPath& query(std::string_view name, std::string_view value);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  bool has_query_ = false;
};

}  // namespace holdfast::cli
