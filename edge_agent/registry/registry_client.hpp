// SPDX-License-Identifier: Apache-2.0
// RegistryClient: asks one registry for one image: manifests, and blobs from where they broke off. Tokens and redirects are its
// own affair; credentials go to the registry and to where it says that its tokens are got, never to where a blob is redirected.
// Threads: a program that does nothing else: it blocks.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "edge_agent/registry/image_manifest.hpp"
#include "edge_agent/registry/pull_credentials.hpp"
#include "edge_agent/registry/registry_address.hpp"
#include "sync/link/proxy.hpp"

namespace holdfast::edge_agent {

/// How one registry is spoken to.
struct RegistryAccess {
  bool is_plain = false;  ///< http://, where the agent's configuration allows it
  std::string ca_file;    ///< who is believed; empty: whom the machine believes
  PullCredentials credentials;
  sync::ProxyRules proxies;
};

struct FetchedManifest {
  base::Digest digest;
  std::string bytes;
};

class RegistryClient {
 public:
  RegistryClient(sync::ImageRef image, RegistryAccess access)
      : image_(std::move(image)), access_(std::move(access)) {}

  /// kPermission, kNotFound, kUnavailable, kTimeout, kLimit; kCorrupt: not what the digest says.
  base::Result<FetchedManifest> manifest();
  base::Result<FetchedManifest> manifest(const BlobRef& manifest);
  /// Hands on the bytes of the blob from `from` on, as they come. kCorrupt: the registry sends something else, or broke off;
  /// kInvalid: it does not have that much (416).
  using Take = std::function<base::Status(std::string_view piece)>;
  /// `skipped` is told of bytes that came although they are here: of a registry that knows no ranges.
  using Skipped = std::function<void(std::size_t bytes)>;
  base::Status blob(const BlobRef& blob, std::uint64_t from, const Take& take, const Skipped& skipped = {});
  /// What the registry asked for when it refused last.
  std::optional<std::chrono::seconds> retry_after() const { return retry_after_; }

 private:
  struct Question {
    WebAddress address;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string what;  ///< for messages
    const sync::BodySink* sink = nullptr;
    std::uint64_t body_bytes_max = 0;
  };
  struct BlobAsk {
    const BlobRef& blob;
    std::uint64_t from;
    const Take& take;
    const Skipped& skipped;
    bool with_range;
  };
  /// False: another range came than the one that was asked for.
  base::Result<bool> ask_blob(const BlobAsk& ask);
  base::Result<WebAddress> registry() const;
  base::Result<sync::HttpResponse> ask(Question question);
  base::Result<sync::HttpResponse> follow(Question question);
  base::Result<sync::HttpResponse> call(const Question& question);
  base::Status authorize(std::string_view challenge);
  base::Result<FetchedManifest> fetch_manifest(const std::string& target,
                                               const std::optional<base::Digest>& digest);

  sync::ImageRef image_;
  RegistryAccess access_;
  std::string authorization_;
  std::optional<std::chrono::seconds> retry_after_;
};

}  // namespace holdfast::edge_agent
