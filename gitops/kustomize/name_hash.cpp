// SPDX-License-Identifier: Apache-2.0
// As kustomize computes it: SHA-256 of the JSON that Go's encoder makes, ten hex digits of it, and five of the sixteen digits replaced so that no
// word comes out.
#include "gitops/kustomize/name_hash.hpp"

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/digest.hpp"
#include "base/sealing.hpp"
#include "gitops/json_text.hpp"

namespace holdfast::gitops {
namespace {

using base::Json;

/// Go writes these as escapes, so that JSON may stand in HTML and in JavaScript.
std::string as_go_writes(const std::string& json) {
  std::string out;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    const std::string_view rest = std::string_view(json).substr(i, 3);
    if (c == '<' || c == '>' || c == '&') {
      out += c == '<' ? "\\u003c" : c == '>' ? "\\u003e" : "\\u0026";
    } else if (rest == "\xe2\x80\xa8" || rest == "\xe2\x80\xa9") {
      out += rest == "\xe2\x80\xa8" ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out += c;
    }
  }
  return out;
}

Json member_or_empty(const Json& object, const char* name) {
  const auto member = object.find(name);
  return member == object.end() ? Json("") : *member;
}

}  // namespace

std::string name_hash(const Json& object) {
  const bool is_secret = text_member(object, "kind") == "Secret";
  Json hashed{{"kind", is_secret ? "Secret" : "ConfigMap"},
              {"name", ""},  // kustomize means to put it in, and puts this
              {"data", member_or_empty(object, "data")}};
  if (is_secret) hashed["type"] = text_member(object, "type");
  const char* other = is_secret ? "stringData" : "binaryData";
  if (object.contains(other)) hashed[other] = object.at(other);
  std::string hash = base::Digest::of(as_go_writes(hashed.dump())).hex().substr(0, 10);
  for (char& c : hash) {
    constexpr std::string_view kFrom = "013ae";
    constexpr std::string_view kTo = "ghkmt";
    const auto at = kFrom.find(c);
    if (at != std::string_view::npos) c = kTo[at];
  }
  return hash;
}

std::string kustomize_base64(const std::string& bytes) {
  constexpr std::size_t kLine = 70;
  const std::string whole = base::to_base64(bytes);
  if (whole.size() < kLine) return whole;
  std::string out;
  for (std::size_t i = 0; i < whole.size(); i += kLine) out += whole.substr(i, kLine) + "\n";
  return out;
}

}  // namespace holdfast::gitops
