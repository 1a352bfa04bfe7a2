// SPDX-License-Identifier: Apache-2.0
#include "sync/model/image_ref.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/limits/model.hpp"
#include "sync/model/text.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Status;

constexpr std::string_view kDefaultRegistry = "docker.io";
constexpr std::size_t kTagLengthMax = 128;

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_alphanumeric(char c) { return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z'); }

/// One part of a repository: letters and digits, between them one of ".", "_", "__" or any number of "-".
bool is_component(std::string_view part) {
  if (part.empty() || !is_lower_or_digit(part.front()) || !is_lower_or_digit(part.back())) return false;
  std::string_view separator;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (is_lower_or_digit(part[i])) continue;
    const std::size_t begin = i;
    while (!is_lower_or_digit(part[i + 1])) ++i;  // the last one is a letter or digit
    separator = part.substr(begin, i + 1 - begin);
    const bool dashes = separator.find_first_not_of('-') == std::string_view::npos;
    if (!dashes && separator != "." && separator != "_" && separator != "__") return false;
  }
  return true;
}

bool is_port(std::string_view text) {
  const auto number = base::from_decimal(text);
  return number && *number >= 1 && *number <= 65'535;
}

bool is_host(std::string_view host) {
  if (host.starts_with('[')) return host.size() > 2 && host.ends_with(']');
  if (host.empty() || !is_alphanumeric(host.front()) || !is_alphanumeric(host.back())) return false;
  if (host.find("..") != std::string_view::npos) return false;
  return std::all_of(host.begin(), host.end(),
                     [](char c) { return is_alphanumeric(c) || c == '-' || c == '.'; });
}

bool is_registry(std::string_view text) {
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon == std::string_view::npos) return is_host(text);
  return is_host(text.substr(0, colon)) && is_port(text.substr(colon + 1));
}

/// As engines tell a registry from the first part of a repository.
bool names_registry(std::string_view first) {
  return first == "localhost" || first.find_first_of(".:") != std::string_view::npos ||
         std::any_of(first.begin(), first.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool is_tag(std::string_view tag) {
  if (tag.empty() || tag.size() > kTagLengthMax || tag.front() == '.' || tag.front() == '-') return false;
  return std::all_of(tag.begin(), tag.end(),
                     [](char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '-'; });
}

base::Status not_an_image(std::string_view text, std::string_view why) {
  return fail(Code::kInvalid,
              in_quotes(text) +
                  " is not an image such as \"registry.example.com/team/app:1.2\": " + std::string(why));
}

Status read_digest(std::string_view text, std::string_view& rest, ImageRef& out) {
  const std::size_t at = rest.find('@');
  if (at == std::string_view::npos) return {};
  constexpr std::string_view kAlgorithm = "sha256:";
  const std::string_view digest = rest.substr(at + 1);
  rest = rest.substr(0, at);
  if (!digest.starts_with(kAlgorithm)) return not_an_image(text, "a digest begins with sha256:");
  const auto read = base::Digest::from_hex(digest.substr(kAlgorithm.size()));
  if (!read) return not_an_image(text, "a digest has 64 of 0-9 and a-f behind sha256:");
  out.digest = *read;
  return {};
}

Status read_tag(std::string_view text, std::string_view& rest, ImageRef& out) {
  const std::size_t slash = rest.rfind('/');
  const std::size_t colon = rest.find(':', slash == std::string_view::npos ? 0 : slash);
  if (colon != std::string_view::npos) {
    out.tag = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    if (!is_tag(out.tag)) return not_an_image(text, "a tag is letters, digits, '_', '.' and '-'");
  } else if (!out.digest) {
    out.tag = "latest";
  }
  return {};
}

Status read_repository(std::string_view text, std::string_view rest, ImageRef& out) {
  out.registry = kDefaultRegistry;
  const std::size_t slash = rest.find('/');
  if (slash != std::string_view::npos && names_registry(rest.substr(0, slash))) {
    out.registry = rest.substr(0, slash);
    rest.remove_prefix(slash + 1);
    if (!is_registry(out.registry))
      return not_an_image(text, "its registry is no host with or without a port");
  }
  const auto parts = split(rest, '/');
  if (!std::all_of(parts.begin(), parts.end(), is_component)) {
    return not_an_image(text,
                        "its name is lower-case letters and digits, with '.', '_', '-' and '/' between");
  }
  if (out.registry == kDefaultRegistry && parts.size() == 1) out.repository = "library/";
  out.repository += rest;
  return {};
}

}  // namespace

std::string ImageRef::text() const {
  std::string out = registry + "/" + repository;
  if (!tag.empty()) out += ":" + tag;
  if (digest) out += "@sha256:" + digest->hex();
  return out;
}

base::Result<ImageRef> ImageRef::parse(std::string_view text) {
  if (text.size() > base::limits::kPathLengthMax)
    return fail(Code::kLimit, "the name of the image is too long");
  ImageRef out;
  std::string_view rest = text;
  HF_CHECK(read_digest(text, rest, out));
  HF_CHECK(read_tag(text, rest, out));
  HF_CHECK(read_repository(text, rest, out));
  return out;
}

}  // namespace holdfast::sync
