// SPDX-License-Identifier: Apache-2.0
#include "gitops/repository_url.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/json.hpp"
#include "base/limits/git.hpp"
#include "sync/model/text.hpp"

namespace holdfast::gitops {
namespace {

using base::Code;
using base::fail;
using base::Result;
using base::Status;
using sync::in_quotes;
using Kind = RepositoryUrl::Kind;

constexpr std::string_view kForms =
    "write https://HOST/PATH, ssh://USER@HOST/PATH, USER@HOST:PATH, git://HOST/PATH or file:///PATH";
constexpr std::array<std::pair<std::string_view, Kind>, 4> kSchemes{
    {{"file", Kind::kFile}, {"https", Kind::kHttps}, {"ssh", Kind::kSsh}, {"git", Kind::kGit}}};

Status check_text(std::string_view url) {
  if (url.empty()) return fail(Code::kInvalid, "the repository URL is empty; " + std::string(kForms));
  if (url.size() > base::limits::kUrlLengthMax) {
    return fail(Code::kLimit, "the repository URL is longer than " +
                                  std::to_string(base::limits::kUrlLengthMax) + " bytes");
  }
  const auto bad = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; };
  if (!base::is_utf8(url) || std::any_of(url.begin(), url.end(), bad)) {
    return fail(Code::kInvalid, "the repository URL holds a space or a character that is no text");
  }
  return {};
}

/// Where there is an '@', a token may stand before it, whatever the rest is.
bool may_be_shown(std::string_view text) { return text.find('@') == std::string_view::npos; }

Result<Kind> kind_of(std::string_view scheme) {
  for (const auto& [name, kind] : kSchemes) {
    if (name == scheme) return kind;
  }
  if (scheme == "http") {
    return fail(Code::kUnsupported,
                "http:// shows tokens and content to everyone on the way; write https://");
  }
  const std::string shown =
      may_be_shown(scheme) ? "the scheme " + in_quotes(scheme) : "the repository URL's scheme";
  return fail(Code::kUnsupported, shown + " is not supported; " + std::string(kForms));
}

Status check_host(std::string_view host) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':' || c == '[' || c == ']';
  };
  if (!host.empty() && host.front() != '-' && std::all_of(host.begin(), host.end(), plain)) return {};
  return fail(Code::kInvalid, "the repository URL has no proper host; " + std::string(kForms));
}

Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (problem == std::errc{} && stop == text.data() + text.size() && port > 0) return port;
  // Not quoted: in https://user:TOKEN/path the token stands here.
  return fail(Code::kInvalid, "the port of the repository URL is no number between 1 and 65535");
}

/// "user@host:22"
Status parse_authority(std::string_view authority, RepositoryUrl& out) {
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    const std::string_view user = authority.substr(0, at);
    if (out.kind != Kind::kSsh || user.find(':') != std::string_view::npos) {
      return fail(
          Code::kInvalid,
          "the repository URL holds credentials, which would show in logs; remove them, and give the hub a "
          "username and a token file (https) or a key file (ssh) for this repository");
    }
    out.user = user;
    authority.remove_prefix(at + 1);
  }
  const auto colon = authority.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  if (has_port) {
    HF_TRY(out.port, parse_port(authority.substr(colon + 1)));
  }
  out.host = authority.substr(0, has_port ? colon : std::string_view::npos);
  return check_host(out.host);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Git decodes %XX in file URLs; so must the check.
std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool coded =
        text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0;
    if (coded) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

Status check_file_path(const std::string& path) {
  if (path.empty() || path.front() != '/' || path.find('\0') != std::string::npos) {
    return fail(Code::kInvalid, "a file:// URL names an absolute path: file:///srv/git/fleet.git");
  }
  for (const auto part : sync::split(path, '/')) {
    if (part == "..")
      return fail(Code::kInvalid, "a file:// URL must not hold \"..\"; write the path without it");
  }
  return {};
}

Result<RepositoryUrl> parse_file(std::string_view rest) {
  RepositoryUrl out;
  const auto slash = rest.find('/');
  const std::string_view host = rest.substr(0, slash);
  if (!host.empty() && host != "localhost") {
    return fail(Code::kInvalid, "a file:// URL names no host: file:///srv/git/fleet.git");
  }
  out.path = percent_decoded(slash == std::string_view::npos ? "" : rest.substr(slash));
  HF_CHECK(check_file_path(out.path));
  return out;
}

Result<RepositoryUrl> parse_with_scheme(std::string_view scheme, std::string_view rest) {
  HF_TRY(const Kind kind, kind_of(scheme));
  if (kind == Kind::kFile) return parse_file(rest);
  RepositoryUrl out;
  out.kind = kind;
  const auto slash = rest.find('/');
  HF_CHECK(parse_authority(rest.substr(0, slash), out));
  out.path = slash == std::string_view::npos ? "" : rest.substr(slash);
  if (out.path.size() < 2)
    return fail(Code::kInvalid, "the repository URL names no path; " + std::string(kForms));
  // Git puts its own words after the path; what people put there is a token.
  if (kind == Kind::kHttps && out.path.find_first_of("?#") != std::string::npos) {
    return fail(
        Code::kInvalid,
        "the repository URL holds a \"?\" or \"#\", and what follows would show in logs; end it with the "
        "repository, and give the hub a username and a token file for it");
  }
  return out;
}

bool is_scheme(std::string_view name) {
  constexpr std::array<std::string_view, 5> kNames{"file", "git", "http", "https", "ssh"};
  const auto same = [](char a, char b) { return a == b || (b >= 'A' && b <= 'Z' && a == b - 'A' + 'a'); };
  return std::any_of(kNames.begin(), kNames.end(), [&](std::string_view known) {
    return std::equal(known.begin(), known.end(), name.begin(), name.end(), same);
  });
}

/// "git@host:group/fleet.git"
Result<RepositoryUrl> parse_scp_like(std::string_view url) {
  const auto colon = url.find(':');
  const auto slash = url.find('/');
  if (colon == std::string_view::npos || (slash != std::string_view::npos && slash < colon)) {
    return fail(Code::kInvalid, (may_be_shown(url) ? in_quotes(url) : "it") + " is no repository URL; " +
                                    std::string(kForms));
  }
  // https:/user:TOKEN@host/path and user:TOKEN@host/path would else be paths on the hosts "https" and "user".
  if (!may_be_shown(url.substr(colon))) {
    return fail(Code::kInvalid,
                "the repository URL holds an \"@\" after its \":\", as if it held credentials; " +
                    std::string(kForms) +
                    ", and give the hub a token file or a key file for this repository");
  }
  if (is_scheme(url.substr(0, colon))) {
    return fail(Code::kInvalid, in_quotes(url.substr(0, colon)) +
                                    " is no host; the repository URL lacks the \"//\" after it; " +
                                    std::string(kForms));
  }
  RepositoryUrl out;
  out.kind = Kind::kSsh;
  HF_CHECK(parse_authority(url.substr(0, colon), out));
  out.path = url.substr(colon + 1);
  if (out.path.empty())
    return fail(Code::kInvalid, "the repository URL names no path; " + std::string(kForms));
  return out;
}

}  // namespace

Result<RepositoryUrl> parse_repository_url(std::string_view url) {
  HF_CHECK(check_text(url));
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return parse_scp_like(url);
  return parse_with_scheme(url.substr(0, scheme_end), url.substr(scheme_end + 3));
}

}  // namespace holdfast::gitops
