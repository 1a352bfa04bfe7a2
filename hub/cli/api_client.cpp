// SPDX-License-Identifier: Apache-2.0
#include "hub/cli/api_client.hpp"

#include <arpa/inet.h>
#include <httplib.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <nlohmann/json.hpp>

#include "base/handle.hpp"
#include "base/limits/client.hpp"
#include "base/limits/documents.hpp"
#include "base/limits/hub.hpp"
#include "base/limits/wire.hpp"
#include "hub/cli/object_fields.hpp"

namespace holdfast::cli {

using base::Code;
using base::Error;
using base::fail;
using base::Json;
using base::Result;
using base::Status;
namespace limits = base::limits;
using namespace std::chrono_literals;

namespace {

/// An operation may wait for a node; the hub's own deadline ends first.
constexpr auto kAnswerTimeout = limits::kCommandTimeout + 15s;

void free_certificates(STACK_OF(X509) * certificates) { sk_X509_pop_free(certificates, X509_free); }
using Certificates = base::Handle<STACK_OF(X509), free_certificates>;

Result<Certificates> read_certificates(const std::string& pem) {
  const base::Handle<BIO, BIO_free_all> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Certificates out(sk_X509_new_null());
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    sk_X509_push(out.get(), certificate);
  }
  ERR_clear_error();
  if (sk_X509_num(out.get()) == 0) {
    return fail(Code::kInvalid, "certificate-authority-data: holds no certificate in PEM");
  }
  return out;
}

/// Checks the hub's chain against the given certificates alone: httplib would add the system's to its store.
int verify_with(X509_STORE_CTX* context, void* trusted) {
  X509_STORE_CTX_set0_trusted_stack(context, static_cast<STACK_OF(X509)*>(trusted));
  return X509_verify_cert(context);
}

void expect_host(SSL_CTX* context, const std::string& host) {
  X509_VERIFY_PARAM* parameters = SSL_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN);
  if (X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str()) != 1) {
    ERR_clear_error();
    X509_VERIFY_PARAM_set1_host(parameters, host.data(), host.size());
  }
}

/// The hub's certificate was refused: each reason has its own way out.
std::string distrust(long reason, const ClientFile& file) {
  const auto begin = "the certificate of " + file.server() + " is not trusted: ";
  if (reason == X509_V_ERR_HOSTNAME_MISMATCH || reason == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    return begin + "it is not made for " + file.host +
           "; use an address that it names, or start the hub with --advertise " + file.host;
  }
  if (reason == X509_V_ERR_CERT_HAS_EXPIRED || reason == X509_V_ERR_CERT_NOT_YET_VALID) {
    return begin + X509_verify_cert_error_string(reason) + "; is the clock of this machine right?";
  }
  return begin + X509_verify_cert_error_string(reason) + "; it does not come from the CA in " + file.path +
         ": if the hub was set up anew, take its new admin.yaml";
}

std::string unreachable(const ClientFile& file, const std::string& how) {
  return "the hub at " + file.server() + " " + how +
         "; is holdfast-hub running there? The address stands in " + file.path;
}

Code code_of(int status) {
  switch (status) {
    case 400:
    case 422: return Code::kInvalid;
    case 401:
    case 403: return Code::kPermission;
    case 404: return Code::kNotFound;
    case 409: return Code::kConflict;
    case 410:
    case 413:
    case 429: return Code::kLimit;
    case 501: return Code::kUnsupported;
    case 503: return Code::kUnavailable;
    case 504: return Code::kTimeout;
    case 507: return Code::kNoSpace;
    default: return status >= 500 ? Code::kInternal : Code::kInvalid;
  }
}

/// The message of a Status object; what is none is quoted in part.
std::string message_of(int status, const std::string& body) {
  constexpr std::size_t kQuotedMax = 200;
  if (const auto json = base::parse_json(body)) {
    if (auto message = text_at(*json, "message"); !message.empty()) return message;
  }
  return "the hub answered with HTTP status " + std::to_string(status) +
         (body.empty() ? "" : ": " + body.substr(0, kQuotedMax));
}

Error refused(int status, const std::string& body, const ClientFile& file) {
  auto message = message_of(status, body);
  if (status == 401) message += "; the token stands in " + file.path + ": take the hub's present admin.yaml";
  return {code_of(status), std::move(message)};
}

}  // namespace

struct ApiClient::Call {
  std::string method;
  std::string path;
  std::string accept{kJsonType};
  std::string content_type{};
  std::string body{};
};

class ApiClient::Http {
 public:
  Http(const ClientFile& file, Certificates trusted)
      : trusted_(std::move(trusted)), client_(file.host, file.port) {
    SSL_CTX* context = client_.ssl_context();
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_cert_verify_callback(context, verify_with, trusted_.get());
    expect_host(context, file.host);
    client_.enable_server_certificate_verification(true);
    client_.set_connection_timeout(limits::kConnectTimeout);
    client_.set_write_timeout(limits::kConnectTimeout);
    client_.set_keep_alive(true);
    client_.set_tcp_nodelay(true);
    client_.set_url_encode(false);  // ApiPath did
    client_.set_decompress(true);
  }

  struct Answer {
    int status = 0;
    std::string body;  ///< of a stream: only where the status is an error
  };
  /// Called with the pieces of a good answer.
  using OnPiece = std::function<bool(std::string_view piece)>;

  Result<Answer> send(const Call& call, const ClientFile& file, std::chrono::milliseconds silence_max,
                      const OnPiece& on_piece) {
    Answer answer;
    bool is_stopped = false;
    bool is_too_long = false;
    httplib::Request request;
    request.method = call.method;
    request.path = call.path;
    request.body = call.body;
    request.set_header("Accept", call.accept);
    request.set_header("Authorization", "Bearer " + file.token);
    if (!call.content_type.empty()) request.set_header("Content-Type", call.content_type);
    request.response_handler = [&](const httplib::Response& response) {
      answer.status = response.status;
      return true;
    };
    request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
      const std::string_view piece(data, size);
      if (on_piece && answer.status == 200) {
        is_stopped = !on_piece(piece);
        return !is_stopped;
      }
      is_too_long = answer.body.size() + size > limits::kClientAnswerBytesMax;
      if (!is_too_long) answer.body += piece;
      return !is_too_long;
    };
    client_.set_read_timeout(silence_max);
    httplib::Response response;
    httplib::Error error = httplib::Error::Success;
    if (client_.send(request, response, error) || is_stopped) return answer;
    if (is_too_long)
      return fail(Code::kLimit, "the hub's answer is too long; ask for less, by name or with -l");
    return fail(problem(error, answer.status, file));
  }

 private:
  Error problem(httplib::Error error, int status, const ClientFile& file) const {
    const auto answer_begun = status != 0;
    switch (error) {
      case httplib::Error::SSLServerVerification:
        return {Code::kPermission, distrust(client_.get_openssl_verify_result(), file)};
      case httplib::Error::Connection: return {Code::kUnavailable, unreachable(file, "cannot be reached")};
      case httplib::Error::ConnectionTimeout:
        return {Code::kUnavailable, unreachable(file, "did not answer in time")};
      case httplib::Error::SSLConnection:
        return {Code::kUnavailable, unreachable(file, "answers, but not by TLS")};
      default:
        return {Code::kUnavailable, unreachable(file, answer_begun ? "broke off in the middle of its answer"
                                                                   : "did not answer, or not in time")};
    }
  }

  Certificates trusted_;  // outlives client_, which verifies by it
  httplib::SSLClient client_;
};

ApiClient::ApiClient(ClientFile file, std::unique_ptr<Http> http)
    : file_(std::move(file)), http_(std::move(http)) {}
ApiClient::~ApiClient() = default;

Result<std::unique_ptr<ApiClient>> ApiClient::make(ClientFile file) {
  auto trusted = read_certificates(file.ca_pem);
  if (!trusted) return fail(std::move(trusted).error().with_context("client file " + file.path));
  auto http = std::make_unique<Http>(file, *std::move(trusted));
  return std::unique_ptr<ApiClient>(new ApiClient(std::move(file), std::move(http)));
}

Result<Json> ApiClient::send(const Call& call) {
  HF_TRY(const auto answer, http_->send(call, file_, kAnswerTimeout, {}));
  if (answer.status < 200 || answer.status > 299) return fail(refused(answer.status, answer.body, file_));
  auto json = base::parse_json(
      answer.body, {limits::kClientAnswerBytesMax, limits::kJsonDepthMax, limits::kClientAnswerValuesMax});
  if (!json) {
    return fail(std::move(json).error().with_context("what " + file_.server() +
                                                     " answered cannot be read; is that a holdfast-hub?"));
  }
  return json;
}

Result<Json> ApiClient::get(const ApiPath& path, std::string_view accept) {
  return send({"GET", path.text(), std::string(accept)});
}

Result<Json> ApiClient::get_raw(const std::string& path) { return send({"GET", path}); }

Result<Json> ApiClient::post(const ApiPath& path, const Json& body) {
  return send({"POST", path.text(), std::string(kJsonType), std::string(kJsonType), body.dump()});
}

Result<Json> ApiClient::put(const ApiPath& path, const Json& body) {
  return send({"PUT", path.text(), std::string(kJsonType), std::string(kJsonType), body.dump()});
}

Result<Json> ApiClient::merge_patch(const ApiPath& path, const Json& patch) {
  return send({"PATCH", path.text(), std::string(kJsonType), std::string(kMergePatchType), patch.dump()});
}

Result<Json> ApiClient::remove(const ApiPath& path) { return send({"DELETE", path.text()}); }

Status ApiClient::stream(const ApiPath& path, std::string_view accept, std::chrono::milliseconds silence_max,
                         const OnLine& on_line) {
  std::string rest;  // the line that has begun
  bool is_too_long = false;
  const auto on_piece = [&](std::string_view piece) {
    for (auto end = piece.find('\n'); end != std::string_view::npos; end = piece.find('\n')) {
      rest += piece.substr(0, end);
      piece.remove_prefix(end + 1);
      if (!rest.empty() && !on_line(rest)) return false;
      rest.clear();
    }
    rest += piece;
    is_too_long = rest.size() > limits::kJsonBytesMax;
    return !is_too_long;
  };
  HF_TRY(const auto answer,
         http_->send({"GET", path.text(), std::string(accept)}, file_, silence_max, on_piece));
  if (answer.status != 200) return fail(refused(answer.status, answer.body, file_));
  if (is_too_long) return fail(Code::kLimit, "the hub sent a line that is too long");
  return {};
}

}  // namespace holdfast::cli
