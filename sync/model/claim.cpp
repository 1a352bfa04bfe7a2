// SPDX-License-Identifier: Apache-2.0
#include "sync/model/claim.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/limits/model.hpp"
#include "sync/model/ids.hpp"
#include "sync/model/text.hpp"
#include "sync/model/words.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Status;
namespace limits = base::limits;

constexpr Words<ClaimKind, 5> kKinds{{{{ClaimKind::kPath, "path"},
                                       {ClaimKind::kProcess, "process"},
                                       {ClaimKind::kUnit, "unit"},
                                       {ClaimKind::kContainer, "container"},
                                       {ClaimKind::kPort, "port"}}}};

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

Status check_path_text(std::string_view path) {
  if (path.size() > limits::kPathLengthMax) {
    return fail(Code::kLimit, "a path of " + std::to_string(path.size()) + " bytes; at most " +
                                  std::to_string(limits::kPathLengthMax) + " are allowed");
  }
  if (!base::is_utf8(path)) return fail(Code::kInvalid, "the path is not UTF-8");
  if (std::any_of(path.begin(), path.end(), is_control)) {
    return fail(Code::kInvalid, in_quotes(path) + " holds a control character");
  }
  if (path.empty() || path.front() != '/') {
    return fail(Code::kInvalid, in_quotes(path) + " is not absolute; a path on a node begins with '/'");
  }
  return {};
}

Status check_component(std::string_view component, std::string_view path) {
  if (component == "..") {
    return fail(Code::kInvalid, in_quotes(path) + " holds \"..\"; write the path without it");
  }
  if (component.size() > limits::kPathComponentLengthMax) {
    return fail(Code::kLimit, in_quotes(path) + " has a component of more than " +
                                  std::to_string(limits::kPathComponentLengthMax) + " bytes");
  }
  return {};
}

Status check_process(std::string_view value) {
  const std::size_t slash = value.find('/');
  if (slash == std::string_view::npos) {
    return fail(Code::kInvalid, in_quotes(value) + " is not \"namespace/name\"");
  }
  HF_CHECK(check_namespace(value.substr(0, slash), "namespace"));
  return check_name(value.substr(slash + 1), "name");
}

/// Kinds whose drivers are to come fix their own normal form; until then: one plain word.
Status check_word(std::string_view value) {
  const bool plain =
      !value.empty() && value.size() <= limits::kNameLengthMax && base::is_utf8(value) &&
      std::none_of(value.begin(), value.end(), [](char c) { return is_control(c) || c == ' '; });
  if (plain) return {};
  return fail(Code::kInvalid, in_quotes(value) + " cannot be claimed");
}

Status check_value(ClaimKind kind, std::string_view value) {
  switch (kind) {
    case ClaimKind::kPath: {
      HF_TRY(const std::string normal, normal_path(value));
      if (normal == value) return {};
      return fail(Code::kInvalid, in_quotes(value) + " is not in normal form, which is " + in_quotes(normal));
    }
    case ClaimKind::kProcess: return check_process(value);
    case ClaimKind::kUnit:
    case ClaimKind::kContainer:
    case ClaimKind::kPort: return check_word(value);
  }
  return check_word(value);
}

}  // namespace

std::string Claim::text() const { return std::string(kKinds.word(kind)) + ":" + value; }

base::Result<Claim> Claim::parse(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return fail(Code::kInvalid, in_quotes(text) + " is not a claim such as \"path:/etc/motd\"");
  }
  HF_TRY(const ClaimKind kind, kKinds.parse(text.substr(0, colon), "a claim's kind"));
  const std::string_view value = text.substr(colon + 1);
  HF_CHECK(check_value(kind, value));
  return Claim{kind, std::string(value)};
}

base::Result<std::string> normal_path(std::string_view path) {
  HF_CHECK(check_path_text(path));
  std::string normal;
  std::string_view rest = path;
  while (!rest.empty()) {
    rest.remove_prefix(1);  // the '/'
    const std::string_view component = rest.substr(0, rest.find('/'));
    rest.remove_prefix(component.size());
    HF_CHECK(check_component(component, path));
    if (!component.empty() && component != ".") normal.append("/").append(component);
  }
  if (normal.empty()) return fail(Code::kInvalid, in_quotes(path) + " is the root folder itself");
  if (path.ends_with('/') || path.ends_with("/.")) {
    return fail(Code::kInvalid, in_quotes(path) + " names a folder; name a file in it");
  }
  return normal;
}

}  // namespace holdfast::sync
