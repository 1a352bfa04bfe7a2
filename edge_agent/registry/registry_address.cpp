// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/registry/registry_address.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"
#include "base/limits/images.hpp"
#include "edge_agent/registry/registry_name.hpp"
#include "sync/model/text.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::Error;
using base::fail;
using base::Json;
using base::ObjectReader;
using base::Result;
using base::Status;
namespace limits = base::limits;

namespace {

Result<WebAddress> parse_web(std::string_view text) {
  constexpr std::string_view kPlain = "http://";
  WebAddress out;
  out.is_plain = text.starts_with(kPlain);
  if (!out.is_plain) {
    HF_TRY(out.url, sync::HttpsUrl::parse(text));
    return out;
  }
  const std::string_view rest = text.substr(kPlain.size());
  HF_TRY(out.url, sync::HttpsUrl::parse("https://" + std::string(rest)));
  const std::string_view authority = rest.substr(0, std::min(rest.find('/'), rest.size()));
  if (out.url.port == 443 && !authority.ends_with(":443")) out.url.port = 80;
  return out;
}

std::string repository_target(const sync::ImageRef& image, std::string_view what, const std::string& which) {
  return "/v2/" + image.repository + "/" + std::string(what) + "/" + which;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~' || c == '/' || c == ':' || c == ',' || c == '*';
}
std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out.push_back(c);
    } else {
      out.append("%").append(base::to_hex({&c, 1}));
    }
  }
  return out;
}

/// Parameters of a challenge: name=token or name="text with \" in it", with commas between.
class Parameters {
 public:
  explicit Parameters(std::string_view text) : rest_(text) {}
  bool next(std::string& name, std::string& value) {
    skip(" \t,");
    const auto equals = rest_.find('=');
    if (equals == std::string_view::npos) return false;
    name = lower_ascii(sync::trimmed(rest_.substr(0, equals)));
    rest_.remove_prefix(equals + 1);
    skip(" \t");
    value.clear();
    return rest_.starts_with('"') ? quoted(value) : token(value);
  }

 private:
  void skip(std::string_view characters) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(characters), rest_.size()));
  }
  bool quoted(std::string& value) {
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '"') {
        rest_.remove_prefix(i + 1);
        return true;
      }
      if (rest_[i] == '\\' && i + 1 < rest_.size()) ++i;
      value.push_back(rest_[i]);
    }
    return false;
  }
  bool token(std::string& value) {
    const auto end = std::min(rest_.find_first_of(" ,\t"), rest_.size());
    value = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return true;
  }

  std::string_view rest_;
};

/// The first message of a registry's answer, as bounded text.
std::string own_words(std::string_view body) {
  const auto json = base::parse_json(body.substr(0, limits::kRegistryAnswerBytesMax));
  std::string out;
  if (json && json->is_object()) {
    const auto errors = json->find("errors");
    const Json* first =
        errors != json->end() && errors->is_array() && !errors->empty() ? &errors->front() : nullptr;
    if (first != nullptr && first->is_object()) {
      for (const char* name : {"code", "message"}) {
        const auto found = first->find(name);
        if (found != first->end() && found->is_string())
          out += (out.empty() ? "" : ", ") + found->get<std::string>();
      }
    }
  }
  return out.empty() ? out : " (" + sync::bounded_text(out, 200) + ")";
}

}  // namespace

bool WebAddress::is_same_server(const WebAddress& other) const {
  return is_plain == other.is_plain && lower_ascii(url.host) == lower_ascii(other.url.host) &&
         url.port == other.url.port;
}

Result<WebAddress> registry_address(const sync::ImageRef& image, bool is_plain) {
  const std::string host(registry_host(image.registry));
  auto out = parse_web((is_plain ? "http://" : "https://") + host + "/v2/");
  if (!out) return fail(std::move(out).error().with_context("registry " + sync::in_quotes(image.registry)));
  return out;
}

std::string manifest_target(const sync::ImageRef& image) {
  if (image.digest) return manifest_target(image, *image.digest);
  return repository_target(image, "manifests", image.tag);
}
std::string manifest_target(const sync::ImageRef& image, const base::Digest& digest) {
  return repository_target(image, "manifests", "sha256:" + digest.hex());
}
std::string blob_target(const sync::ImageRef& image, const base::Digest& digest) {
  return repository_target(image, "blobs", "sha256:" + digest.hex());
}

Result<WebAddress> redirect_address(const WebAddress& from, std::string_view location) {
  WebAddress out = from;
  if (location.starts_with("//")) {
    HF_TRY(out, parse_web((from.is_plain ? "http:" : "https:") + std::string(location)));
  } else if (location.starts_with('/')) {
    HF_TRY(const auto path, sync::HttpsUrl::parse("https://x" + std::string(location)));
    out.url.target = path.target;
  } else {
    auto parsed = parse_web(location);
    if (!parsed) return fail(Code::kCorrupt, "a redirect to what is no address");
    out = *std::move(parsed);
  }
  if (out.is_plain && !from.is_plain)
    return fail(Code::kPermission, "a redirect from TLS to plain HTTP, at " + out.url.authority());
  return out;
}

Result<AuthChallenge> parse_challenge(std::string_view header) {
  const std::string_view text = sync::trimmed(header);
  const auto space = std::min(text.find(' '), text.size());
  const std::string scheme = lower_ascii(text.substr(0, space));
  AuthChallenge out;
  out.is_bearer = scheme == "bearer";
  if (!out.is_bearer && scheme != "basic") {
    return fail(Code::kUnsupported, "the registry wants " +
                                        (text.empty() ? "credentials and does not say which"
                                                      : sync::in_quotes(text.substr(0, space))) +
                                        "; Bearer and Basic are known here");
  }
  Parameters parameters(text.substr(space));
  for (std::string name, value; parameters.next(name, value);) {
    if (name == "realm") out.realm = value;
    if (name == "service") out.service = value;
    if (name == "scope") out.scope = value;
  }
  if (out.is_bearer && out.realm.empty())
    return fail(Code::kCorrupt, "the registry wants a token and does not say where it is got");
  return out;
}

Result<WebAddress> token_address(const AuthChallenge& challenge, const sync::ImageRef& image,
                                 const WebAddress& registry) {
  auto out = parse_web(challenge.realm);
  if (!out) return fail(Code::kCorrupt, "the registry names no address where its token is got");
  if (out->is_plain && !registry.is_plain)
    return fail(Code::kPermission,
                "the registry wants its token got over plain HTTP, at " + out->url.authority());
  const std::string scope =
      challenge.scope.empty() ? "repository:" + image.repository + ":pull" : challenge.scope;
  std::string& target = out->url.target;
  target += target.find('?') == std::string::npos ? "?" : "&";
  if (!challenge.service.empty()) target += "service=" + percent_encoded(challenge.service) + "&";
  target += "scope=" + percent_encoded(scope);
  return out;
}

Result<std::string> parse_token(std::string_view body) {
  base::JsonLimits bounds = base::default_json_limits();
  bounds.bytes_max = limits::kRegistryAnswerBytesMax;
  bounds.integers = base::JsonIntegers::kRounded;
  const auto json = base::parse_json(body, bounds);
  std::string token;
  std::string access_token;
  const bool is_read = json && json->is_object() &&
                       ObjectReader(*json, "token")
                           .optional("token", token)
                           .optional("access_token", access_token)
                           .finish_open();
  if (token.empty()) token = access_token;
  if (!is_read || token.empty())
    return fail(Code::kCorrupt, "the answer to the question for a token has none");
  if (token.size() > limits::kRegistryTokenBytesMax) return fail(Code::kLimit, "a token that is too long");
  return token;
}

Status check_content_range(std::string_view header, std::uint64_t from, std::uint64_t size) {
  const std::string right =
      "bytes " + std::to_string(from) + "-" + std::to_string(size - 1) + "/" + std::to_string(size);
  const std::string open = "bytes " + std::to_string(from) + "-" + std::to_string(size - 1) + "/*";
  if (header == right || header == open) return {};
  return fail(Code::kCorrupt,
              "asked for " + sync::in_quotes(right) + ", the registry sends " + sync::in_quotes(header));
}

Error registry_refusal(int status, std::string_view body, std::string_view what) {
  struct Row {
    int status;
    Code code;
    std::string_view text;
  };
  constexpr std::array kRows{
      Row{401, Code::kPermission, "the registry wants (other) credentials: name them in imagePullSecrets"},
      Row{403, Code::kPermission, "the registry does not allow it with these credentials"},
      Row{404, Code::kNotFound, "the registry has none of that name"},
      Row{410, Code::kNotFound, "the registry has it no more"},
      Row{429, Code::kUnavailable, "the registry wants to be asked less often"},
  };
  const auto row = std::ranges::find(kRows, status, &Row::status);
  const bool is_known = row != kRows.end();
  const std::string text = is_known            ? std::string(row->text)
                           : status / 100 == 5 ? "the registry is in trouble"
                                               : "an answer that is none";
  const Code code = is_known ? row->code : status / 100 == 5 ? Code::kUnavailable : Code::kCorrupt;
  return {code,
          std::string(what) + ": " + text + ", HTTP status " + std::to_string(status) + own_words(body)};
}

std::optional<std::chrono::seconds> retry_after(std::string_view header) {
  const auto seconds = base::from_decimal(sync::trimmed(header));
  if (!seconds) return std::nullopt;
  const auto most = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(limits::kRegistryRetryAfterMax).count());
  return std::chrono::seconds(std::min(*seconds, most));
}

}  // namespace holdfast::edge_agent
