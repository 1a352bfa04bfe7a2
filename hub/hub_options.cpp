// SPDX-License-Identifier: Apache-2.0
#include "hub/hub_options.hpp"

#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/time_text.hpp"
#include "gitops/repository_url.hpp"
#include "sync/link/x509.hpp"

namespace holdfast::hub {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;

namespace {

Result<std::uint16_t> read_port(std::string_view text, const std::string& where) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return fail(Code::kInvalid, where + ": \"" + std::string(text) + "\" is not a port (0 to 65535)");
  }
  return port;
}

Status read_repository(const Json& value, const std::string& where, HubOptions& out) {
  gitops::Repository repository;
  HF_CHECK(base::ObjectReader(value, where)
               .required("url", repository.url)
               .optional("username", repository.username)
               .optional("tokenFile", repository.token_file)
               .optional("sshKeyFile", repository.ssh_key_file)
               .optional("knownHostsFile", repository.known_hosts_file)
               .optional("caFile", repository.ca_file)
               .finish());
  out.repositories.push_back(std::move(repository));
  return {};
}

Status read_source(const Json& value, const std::string& where, HubOptions& out) {
  RootSource root;
  HF_CHECK(base::ObjectReader(value, where)
               .required("url", root.url)
               .optional("path", root.path)
               .optional("ref", root.revision)
               .finish());
  HF_TRY(root.url, read_source_url(root.url));
  out.root = std::move(root);
  return {};
}

}  // namespace

Status read_listen(const std::string& text, HubOptions& out) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return fail(Code::kInvalid, "listen: " + text + ": write ADDR:PORT");
  HF_TRY(out.listen_port, read_port(std::string_view(text).substr(colon + 1), "listen"));
  auto address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  if (!address.empty()) out.listen_address = address;
  return {};
}

Status read_broker(const std::string& text, HubOptions& out) {
  constexpr std::string_view kEmbedded = "embedded";
  if (text.starts_with("mqtts://")) {
    out.broker_url = text;
    return {};
  }
  if (!text.starts_with(kEmbedded) || (text.size() > kEmbedded.size() && text[kEmbedded.size()] != ':')) {
    return fail(Code::kInvalid, "broker: " + text + ": write embedded, embedded:PORT or mqtts://HOST:PORT");
  }
  if (text.size() == kEmbedded.size()) return {};
  HF_TRY(out.broker_port, read_port(std::string_view(text).substr(kEmbedded.size() + 1), "broker"));
  if (out.broker_port == 0)
    return fail(Code::kInvalid, "broker: " + text + ": nodes need a port that stays, 1 to 65535");
  return {};
}

Status check_advertised(const std::vector<std::string>& names) {
  for (const auto& name : names) {
    if (!sync::is_certificate_name(name) || name.find('*') != std::string::npos)
      return fail(Code::kInvalid,
                  "advertise: \"" + name +
                      "\" is neither a host name nor an IP address; write it without a scheme and a port");
  }
  return {};
}

Status check_ports_differ(const HubOptions& options) {
  const bool is_same = options.broker_url.empty() && options.listen_port == options.broker_port;
  if (!is_same || options.listen_port == 0) return {};
  return fail(Code::kInvalid, "listen and broker: both say port " + std::to_string(options.listen_port) +
                                  "; nodes that may reach no other are served at the one of listen, and the "
                                  "broker needs one of its own");
}

Status read_store(const std::string& text) {
  if (text == "lmdb") return {};
  if (text.starts_with("etcd="))
    return fail(Code::kUnsupported, "store: etcd is not in this release; write lmdb, or leave it out");
  return fail(Code::kInvalid, "store: " + text + ": write lmdb");
}

Result<std::string> read_source_url(const std::string& text) {
  if (!text.starts_with('/')) {
    // Said here, before anything is started.
    if (auto url = gitops::parse_repository_url(text); !url)
      return fail(std::move(url).error().with_context("source"));
    return text;
  }
  std::error_code problem;
  if (!std::filesystem::is_directory(text, problem))
    return fail(Code::kNotFound, "source: " + text + ": there is no such folder");
  std::string url = "file://";
  for (const char c : text) {
    // Git decodes %XX in file URLs, and a URL of ours holds no spaces.
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '%')
      url += "%" + base::to_hex({&c, 1});
    else
      url += c;
  }
  return url;
}

Status read_poll(const std::string& text, HubOptions& out) {
  auto poll = base::parse_duration(text);
  if (!poll) return fail(std::move(poll).error().with_context("poll"));
  out.poll_interval = *poll;
  return {};
}

Status read_node_certificate_life(const std::string& text, HubOptions& out) {
  auto life = base::parse_duration(text);
  if (!life) return fail(std::move(life).error().with_context("node-certificate-life"));
  if (*life < base::limits::kNodeCertificateLifeMin || *life > base::limits::kNodeCertificateLifeMax)
    return fail(Code::kLimit, "node-certificate-life: " + text + ": write a duration from 10s to 87600h");
  out.node_certificate_life = *life;
  return {};
}

Status read_config(const std::string& text, HubOptions& out) {
  HF_TRY(const Json json, base::parse_json(text));
  const auto text_of = [](const Json& value, const std::string& where) -> Result<std::string> {
    if (value.is_string()) return value.get<std::string>();
    return fail(Code::kInvalid, where + ": must be a string");
  };
  base::ObjectReader in(json, "config");
  in.optional("data", out.data)
      .optional("logLevel", out.log_level)
      .optional("advertise", out.advertise)
      .optional("brokerStopsWithHub", out.broker_stops_with_hub)
      .optional("listen",
                [&](const Json& value, const std::string& where) -> Status {
                  HF_TRY(const auto listen, text_of(value, where));
                  return read_listen(listen, out);
                })
      .optional("broker",
                [&](const Json& value, const std::string& where) -> Status {
                  HF_TRY(const auto broker, text_of(value, where));
                  return read_broker(broker, out);
                })
      .optional("store",
                [&](const Json& value, const std::string& where) -> Status {
                  HF_TRY(const auto store, text_of(value, where));
                  return read_store(store);
                })
      .optional("poll",
                [&](const Json& value, const std::string& where) -> Status {
                  HF_TRY(const auto poll, text_of(value, where));
                  return read_poll(poll, out);
                })
      .optional("nodeCertificateLife",
                [&](const Json& value, const std::string& where) -> Status {
                  HF_TRY(const auto life, text_of(value, where));
                  return read_node_certificate_life(life, out);
                })
      .optional("source",
                [&](const Json& value, const std::string& where) { return read_source(value, where, out); })
      .each("repositories",
            [&](const Json& value, const std::string& where) { return read_repository(value, where, out); });
  return in.finish();
}

}  // namespace holdfast::hub
