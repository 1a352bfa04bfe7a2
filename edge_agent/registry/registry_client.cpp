// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/registry/registry_client.hpp"

#include <algorithm>
#include <utility>

#include "base/limits/images.hpp"
#include "sync/link/https_client.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Result;
using base::Status;
using sync::HttpResponse;
namespace limits = base::limits;

namespace {

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::string brief(const base::Digest& digest) { return "sha256:" + digest.brief(); }

/// The body of a blob, whether the registry honours a range or sends all of it again.
class BlobBody {
 public:
  BlobBody(std::uint64_t from, std::uint64_t size, const RegistryClient::Take& take,
           const RegistryClient::Skipped& skipped)
      : from_(from), size_(size), take_(take), skipped_(skipped) {}

  bool wants(const HttpResponse& head) {
    if (head.status == 200) {
      skip_ = from_;
      return true;
    }
    if (head.status != 206) return false;
    range_ = check_content_range(head.header("content-range"), from_, size_);
    return true;
  }
  Status take(std::string_view piece) {
    HF_CHECK(range_);
    const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, piece.size()));
    skip_ -= skipped;
    piece.remove_prefix(skipped);
    if (skipped > 0 && skipped_) skipped_(skipped);
    if (piece.empty()) return {};
    own_ = take_(piece);
    return own_;
  }
  bool has_other_range() const { return !range_; }
  /// What went wrong here, and not on the way.
  const Status& own() const { return own_; }

 private:
  std::uint64_t from_;
  std::uint64_t size_;
  const RegistryClient::Take& take_;
  const RegistryClient::Skipped& skipped_;
  std::uint64_t skip_ = 0;  ///< what we have already, of an answer that begins anew
  Status range_;
  Status own_;
};

/// Without an answer that can be read nobody said anything about the image: the network, a box on the way, or our own clock.
base::Error on_the_way(base::Error error) {
  const bool is_way = error.code() == Code::kCorrupt || error.code() == Code::kPermission;
  return is_way ? base::Error(Code::kUnavailable, error.message()) : error;
}

}  // namespace

Result<WebAddress> RegistryClient::registry() const { return registry_address(image_, access_.is_plain); }

Result<HttpResponse> RegistryClient::call(const Question& question) {
  sync::HttpsRequest request;
  request.url = question.address.url;
  request.is_plain = question.address.is_plain;
  request.headers = question.headers;
  request.timeout = limits::kRegistrySilenceMax;
  request.body_bytes_max =
      question.sink == nullptr ? question.body_bytes_max : limits::kRegistryAnswerBytesMax;
  request.tls.system_ca = access_.ca_file.empty();
  request.tls.ca = sync::Pem::from_file(access_.ca_file);
  if (const auto* const proxy = access_.proxies.of(request.url.host)) request.proxy = *proxy;
  auto answer = question.sink == nullptr ? sync::https_call(request)
                                         : sync::https_call(request, *question.sink, question.body_bytes_max);
  if (!answer) return fail(on_the_way(std::move(answer).error()));
  return std::move(answer->response);
}

/// With what the registry itself may see, as long as the way leads to it.
Result<HttpResponse> RegistryClient::follow(Question question) {
  HF_TRY(const WebAddress own, registry());
  const auto headers = question.headers;
  for (int turns = 0; turns <= limits::kRegistryRedirectsMax; ++turns) {
    question.headers = headers;
    if (!authorization_.empty() && question.address.is_same_server(own))
      question.headers.emplace_back("Authorization", authorization_);
    HF_TRY(HttpResponse answer, call(question));
    // Where a blob lies, nobody may ask for the registry's credentials.
    if (answer.status == 401 && !question.address.is_same_server(own)) answer.status = 403;
    if (!is_redirect(answer.status)) return answer;
    HF_TRY(question.address, redirect_address(question.address, answer.header("location")));
  }
  return fail(Code::kCorrupt,
              "the registry redirects more than " + std::to_string(limits::kRegistryRedirectsMax) + " times");
}

Result<HttpResponse> RegistryClient::ask(Question question) {
  retry_after_.reset();
  const std::string what = question.what;
  auto answer = follow(question);
  if (answer && answer->status == 401) {
    // Without any yet, or with a token that has run out meanwhile.
    if (auto authorized = authorize(answer->header("www-authenticate")); !authorized)
      return fail(std::move(authorized).error().with_context(what));
    answer = follow(std::move(question));
  }
  if (!answer) return fail(std::move(answer).error().with_context(what));
  if (answer->status == 200 || answer->status == 206 || answer->status == 416) return answer;
  retry_after_ = edge_agent::retry_after(answer->header("retry-after"));
  return fail(registry_refusal(answer->status, answer->body, what));
}

Status RegistryClient::authorize(std::string_view header) {
  HF_TRY(const AuthChallenge challenge, parse_challenge(header));
  HF_TRY(const WebAddress own, registry());
  if (!challenge.is_bearer) {
    if (access_.credentials.empty())
      return fail(registry_refusal(401, {}, "a registry without anonymous access"));
    authorization_ = access_.credentials.basic();
    return {};
  }
  Question question;
  HF_TRY(question.address, token_address(challenge, image_, own));
  question.body_bytes_max = limits::kRegistryAnswerBytesMax;
  if (!access_.credentials.empty())
    question.headers.emplace_back("Authorization", access_.credentials.basic());
  HF_TRY(const HttpResponse answer, call(question));
  const std::string what = "a token of " + question.address.url.authority();
  if (answer.status != 200) {
    retry_after_ = edge_agent::retry_after(answer.header("retry-after"));
    return fail(registry_refusal(answer.status, answer.body, what));
  }
  HF_TRY(const std::string token, parse_token(answer.body));
  authorization_ = "Bearer " + token;
  return {};
}

Result<FetchedManifest> RegistryClient::manifest() {
  return fetch_manifest(manifest_target(image_), image_.digest);
}
Result<FetchedManifest> RegistryClient::manifest(const BlobRef& manifest) {
  return fetch_manifest(manifest_target(image_, manifest.digest), manifest.digest);
}

Result<FetchedManifest> RegistryClient::fetch_manifest(const std::string& target,
                                                       const std::optional<base::Digest>& digest) {
  Question question;
  HF_TRY(question.address, registry());
  question.address.url.target = target;
  question.headers = {{"Accept", std::string(accepted_manifests())}};
  question.what = "the manifest of " + image_.text();
  question.body_bytes_max = limits::kImageManifestBytesMax;
  const std::string what = question.what;
  HF_TRY(HttpResponse answer, ask(std::move(question)));
  if (answer.status != 200) return fail(registry_refusal(answer.status, answer.body, what));
  FetchedManifest out{base::Digest::of(answer.body), std::move(answer.body)};
  if (digest && *digest != out.digest) {
    return fail(Code::kCorrupt, what + ": what the registry sends has the digest sha256:" + out.digest.hex() +
                                    ", not sha256:" + digest->hex());
  }
  return out;
}

Status RegistryClient::blob(const BlobRef& blob, std::uint64_t from, const Take& take,
                            const Skipped& skipped) {
  HF_TRY(const bool is_done, ask_blob({blob, from, take, skipped, from > 0}));
  if (is_done) return {};
  // Whoever cannot give the rest may be able to give all of it.
  HF_TRY(const bool is_all, ask_blob({blob, from, take, skipped, false}));
  if (is_all) return {};
  return fail(Code::kUnavailable,
              "layer " + brief(blob.digest) + ": the registry sends a part that nobody asked for");
}

Result<bool> RegistryClient::ask_blob(const BlobAsk& ask) {
  const BlobRef& blob = ask.blob;
  Question question;
  HF_TRY(question.address, registry());
  question.address.url.target = blob_target(image_, blob.digest);
  if (ask.with_range) {
    question.headers = {
        {"Range", "bytes=" + std::to_string(ask.from) + "-" + std::to_string(blob.size_bytes - 1)}};
  }
  question.what = "layer " + brief(blob.digest) + " of " + image_.text();
  BlobBody body(ask.from, blob.size_bytes, ask.take, ask.skipped);
  const sync::BodySink sink{[&](const HttpResponse& head) { return body.wants(head); },
                            [&](std::string_view piece) { return body.take(piece); }};
  question.sink = &sink;
  question.body_bytes_max = blob.size_bytes;
  const std::string what = question.what;
  const auto answer = this->ask(std::move(question));
  if (body.has_other_range()) return false;
  HF_CHECK(body.own());
  if (!answer) return fail(answer.error());
  if (answer->status == 416)
    return fail(Code::kInvalid, what + ": the registry has no more than what is here already");
  return true;
}

}  // namespace holdfast::edge_agent
