// SPDX-License-Identifier: Apache-2.0
#include "hub/cli/client_file.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "base/file_io.hpp"
#include "base/limits/client.hpp"
#include "gitops/document.hpp"
#include "hub/cli/object_fields.hpp"

namespace holdfast::cli {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;

namespace {

/// The member `what` of the element of `list` that has this name: kubeconfig's lists of named things.
Result<const Json*> named(const Json& file, const std::string& list, const std::string& name,
                          const char* what) {
  for (const auto& element : list_at(file, list)) {
    if (text_at(element, "name") != name) continue;
    const auto* found = find_at(element, what);
    if (found != nullptr && found->is_object()) return found;
  }
  return fail(Code::kInvalid, list + ": there is none named \"" + name + "\"");
}

Result<const Json*> current_context(const Json& file) {
  const auto name = text_at(file, "current-context");
  const auto& all = list_at(file, "contexts");
  if (name.empty() && all.size() == 1)
    return named(file, "contexts", text_at(all.front(), "name"), "context");
  if (name.empty()) return fail(Code::kInvalid, "current-context: is missing");
  return named(file, "contexts", name, "context");
}

Status bad_server(const std::string& url, const std::string& why) {
  // Before an @ may stand a password.
  const auto quoted = url.find('@') == std::string::npos ? "\"" + url + "\" " : "the URL ";
  return fail(Code::kInvalid, "server: " + quoted + why + "; it must look like https://hub.example.com:8443");
}

Status read_port(std::string_view text, const std::string& url, std::uint16_t& port) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0)
    return bad_server(url, "has a bad port");
  return {};
}

Status read_server(const std::string& url, ClientFile& out) {
  constexpr std::string_view kScheme = "https://";
  if (!url.starts_with(kScheme)) return bad_server(url, "is not reached by TLS");
  std::string_view rest = std::string_view(url).substr(kScheme.size());
  while (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.find_first_of("/?#@ ") != std::string_view::npos)
    return bad_server(url, "holds more than host and port");
  if (rest.starts_with('[')) {  // IPv6
    const auto close = rest.find(']');
    if (close == std::string_view::npos) return bad_server(url, "has no closing bracket");
    out.host = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
    if (!rest.empty() && !rest.starts_with(':')) return bad_server(url, "has a bad port");
  } else {
    const auto colon = rest.find(':');
    out.host = rest.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon);
  }
  if (out.host.empty()) return bad_server(url, "names no host");
  return rest.empty() ? Status() : read_port(rest.substr(1), url, out.port);
}

Status read_cluster(const Json& cluster, ClientFile& out) {
  if (truth_at(cluster, "insecure-skip-tls-verify")) {
    return fail(Code::kUnsupported,
                "insecure-skip-tls-verify: is refused, the hub would get its token stolen; take the "
                "admin.yaml that the hub wrote");
  }
  HF_CHECK(read_server(text_at(cluster, "server"), out));
  const auto ca = text_at(cluster, "certificate-authority-data");
  if (ca.empty()) return fail(Code::kInvalid, "certificate-authority-data: is missing");
  auto pem = base::from_base64(ca);
  if (!pem) return fail(std::move(pem).error().with_context("certificate-authority-data"));
  out.ca_pem = *std::move(pem);
  return {};
}

Status read_user(const Json& user, ClientFile& out) {
  out.token = text_at(user, "token");
  if (out.token.empty())
    return fail(Code::kInvalid, "token: is missing; other ways to sign in are not known here");
  if (out.token.find_first_of("\r\n") != std::string::npos)
    return fail(Code::kInvalid, "token: must be one line");
  return {};
}

Result<Json> only_document(std::string_view text) {
  const auto documents = gitops::read_yaml(text);
  if (documents.problem) {
    return fail(Code::kInvalid,
                "line " + std::to_string(documents.problem->line) + ": " + documents.problem->message);
  }
  if (documents.list.size() != 1) return fail(Code::kInvalid, "must hold one YAML document");
  return base::parse_json(documents.list.front().json);
}

Result<ClientFile> read_document(std::string_view text) {
  HF_TRY(const Json file, only_document(text));
  HF_TRY(const auto* context, current_context(file));
  HF_TRY(const auto* cluster, named(file, "clusters", text_at(*context, "cluster"), "cluster"));
  HF_TRY(const auto* user, named(file, "users", text_at(*context, "user"), "user"));
  ClientFile out;
  HF_CHECK(read_cluster(*cluster, out));
  HF_CHECK(read_user(*user, out));
  return out;
}

std::string default_path(const Console& console) {
  const auto config = console.variable("XDG_CONFIG_HOME");
  if (config.starts_with('/')) return config + "/holdfast/client.yaml";
  const auto home = console.variable("HOME");
  return home.empty() ? "" : home + "/.config/holdfast/client.yaml";
}

base::Error nowhere(const std::string& looked_at) {
  return {Code::kNotFound,
          "which hub? There is no client file" + (looked_at.empty() ? "" : " at " + looked_at) +
              "; `holdfast-hub serve` writes one to admin.yaml of its data folder: give it with --config "
              "FILE or HOLDFAST_CONFIG, or copy it there"};
}

}  // namespace

std::string ClientFile::server() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return "https://" + (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<ClientFile> parse_client_file(std::string_view text, const std::string& path) {
  auto out = read_document(text);
  if (!out) return fail(std::move(out).error().with_context("client file " + path));
  out->path = path;
  return out;
}

Result<ClientFile> read_client_file(const std::string& given, const Console& console) {
  auto path = given.empty() ? console.variable("HOLDFAST_CONFIG") : given;
  const bool is_default = path.empty();
  if (is_default) path = default_path(console);
  if (path.empty()) return fail(nowhere(""));
  auto text = base::read_file(path, base::limits::kClientFileBytesMax);
  if (!text && is_default && text.error().code() == Code::kNotFound) return fail(nowhere(path));
  if (!text) return fail(std::move(text).error().with_context("client file"));
  return parse_client_file(*text, path);
}

}  // namespace holdfast::cli
