// SPDX-License-Identifier: Apache-2.0
// RegistryAddress: where an image is asked for, and what a registry's answers to that mean.
// API: https://github.com/opencontainers/distribution-spec (its "pull"), and Docker's token flow.
// Threads: pure functions, plain values.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "sync/link/https_client.hpp"
#include "sync/model/image_ref.hpp"

namespace holdfast::edge_agent {

/// A place that speaks HTTP; `is_plain` only where a person named it so.
struct WebAddress {
  sync::HttpsUrl url;
  bool is_plain = false;
  /// Scheme, host and port: whom a credential is for.
  bool is_same_server(const WebAddress& other) const;
};

/// "docker.io" is registry-1.docker.io. kInvalid: no address.
base::Result<WebAddress> registry_address(const sync::ImageRef& image, bool is_plain);
/// By digest, where there is one, else by tag.
std::string manifest_target(const sync::ImageRef& image);
std::string manifest_target(const sync::ImageRef& image, const base::Digest& digest);
std::string blob_target(const sync::ImageRef& image, const base::Digest& digest);

/// Where `location`, of an answer of `from`, leads: an absolute address, or a path on the same server. kPermission: it leads
/// from TLS to plain HTTP.
base::Result<WebAddress> redirect_address(const WebAddress& from, std::string_view location);

/// WWW-Authenticate: what the registry wants to see. Scheme "Bearer": a token of `realm`; "Basic": name and password.
struct AuthChallenge {
  bool is_bearer = false;
  std::string realm;
  std::string service;
  std::string scope;
  bool operator==(const AuthChallenge&) const = default;
};
/// kUnsupported: neither of the two.
base::Result<AuthChallenge> parse_challenge(std::string_view header);
/// Where the token is got: realm with its query. `image` names the scope where the challenge names none. kPermission: over
/// plain HTTP, though the registry itself is not.
base::Result<WebAddress> token_address(const AuthChallenge& challenge, const sync::ImageRef& image,
                                       const WebAddress& registry);
/// The token of its answer.
base::Result<std::string> parse_token(std::string_view body);

/// "Content-Range: bytes 100-199/200", with what was asked for; kCorrupt where it is of something else.
base::Status check_content_range(std::string_view header, std::uint64_t from, std::uint64_t size);

/// An answer that is no success, as an error for people: what was asked (`what`), the status, and the registry's own words.
base::Error registry_refusal(int status, std::string_view body, std::string_view what);
/// Of 429 and 503: seconds. A date, or nothing, is nullopt.
std::optional<std::chrono::seconds> retry_after(std::string_view header);

}  // namespace holdfast::edge_agent
