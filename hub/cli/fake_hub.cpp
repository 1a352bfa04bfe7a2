// SPDX-License-Identifier: Apache-2.0
#include "hub/cli/fake_hub.hpp"

#include <arpa/inet.h>
#include <httplib.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/digest.hpp"
#include "base/handle.hpp"

namespace holdfast::cli {

namespace {

using Key = base::Handle<EVP_PKEY, EVP_PKEY_free>;
using Certificate = base::Handle<X509, X509_free>;

constexpr long kLifeSeconds = 3600;

void add_extension(X509* certificate, int nid, const std::string& value) {
  const base::Handle<X509_EXTENSION, X509_EXTENSION_free> extension(
      X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
  X509_add_ext(certificate, extension.get(), -1);
}

Certificate make_certificate(const std::string& name, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
  Certificate out(X509_new());
  X509_set_version(out.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(out.get()), issuer == nullptr ? 1 : 2);
  X509_gmtime_adj(X509_getm_notBefore(out.get()), -kLifeSeconds);
  X509_gmtime_adj(X509_getm_notAfter(out.get()), kLifeSeconds);
  X509_set_pubkey(out.get(), key);
  const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(out.get()), "CN", MBSTRING_UTF8, text, -1, -1, 0);
  X509_set_issuer_name(out.get(), X509_get_subject_name(issuer == nullptr ? out.get() : issuer));
  if (issuer == nullptr) {
    add_extension(out.get(), NID_basic_constraints, "critical,CA:TRUE");
  } else {
    in_addr address{};
    const bool is_address = inet_pton(AF_INET, name.c_str(), &address) == 1;
    add_extension(out.get(), NID_subject_alt_name, (is_address ? "IP:" : "DNS:") + name);
  }
  X509_sign(out.get(), issuer_key, EVP_sha256());
  return out;
}

std::string pem_of(X509* certificate) {
  const base::Handle<BIO, BIO_free_all> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

struct Answer {
  int status = 200;
  std::string body;
};

}  // namespace

struct FakeHub::State {
  explicit State(const std::string& host)
      : ca_key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")),
        key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")),
        ca(make_certificate("fake CA", ca_key.get(), nullptr, ca_key.get())),
        certificate(make_certificate(host, key.get(), ca.get(), ca_key.get())),
        server(certificate.get(), key.get()) {
    const auto serve = [this](const httplib::Request& request, httplib::Response& response) {
      take(request, response);
    };
    server.Get(".*", serve);
    server.Post(".*", serve);
    server.Put(".*", serve);
    server.Patch(".*", serve);
    server.Delete(".*", serve);
    server.new_task_queue = [] { return new httplib::ThreadPool(2); };
    server.set_keep_alive_timeout(1);
    port = server.bind_to_any_port("127.0.0.1");
    thread = std::thread([this] { server.listen_after_bind(); });
    while (!server.is_running()) std::this_thread::yield();
  }
  ~State() { stop(); }

  void stop() {
    server.stop();
    if (thread.joinable()) thread.join();
  }

  void take(const httplib::Request& request, httplib::Response& response) {
    const auto route = request.method + " " + request.path;
    const std::lock_guard guard(mutex);
    requests.push_back({request.method, request.target, request.get_header_value("Accept"),
                        request.get_header_value("Content-Type"), request.get_header_value("Authorization"),
                        request.body});
    auto& waiting = answers[route];
    if (waiting.empty()) {
      response.status = 404;
      response.set_content(
          R"({"kind":"Status","message":"no answer is set for )" + route + R"(","code":404})",
          "application/json");
      return;
    }
    response.status = waiting.front().status;
    response.set_content(waiting.front().body, "application/json");
    if (waiting.size() > 1) waiting.erase(waiting.begin());
  }

  Key ca_key;
  Key key;
  Certificate ca;
  Certificate certificate;
  httplib::SSLServer server;
  int port = 0;
  std::thread thread;
  std::mutex mutex;
  std::vector<HubRequest> requests;
  std::map<std::string, std::vector<Answer>> answers;
};

FakeHub::FakeHub(const std::string& host) : state_(std::make_unique<State>(host)) {}
FakeHub::~FakeHub() = default;

void FakeHub::answer(const std::string& route, int status, const std::string& body) {
  const std::lock_guard guard(state_->mutex);
  state_->answers[route].push_back({status, body});
}

void FakeHub::stop() { state_->stop(); }

std::vector<HubRequest> FakeHub::requests() const {
  const std::lock_guard guard(state_->mutex);
  return state_->requests;
}

HubRequest FakeHub::last_request() const {
  const std::lock_guard guard(state_->mutex);
  return state_->requests.empty() ? HubRequest() : state_->requests.back();
}

int FakeHub::port() const { return state_->port; }
std::string FakeHub::ca_pem() const { return pem_of(state_->ca.get()); }
std::string FakeHub::client_file() const { return client_file_with("", "", ""); }

std::string FakeHub::client_file_with(const std::string& server, const std::string& token,
                                      const std::string& ca_pem_given) const {
  const auto ca = base::to_base64(ca_pem_given.empty() ? ca_pem() : ca_pem_given);
  return "apiVersion: v1\nkind: Config\ncurrent-context: holdfast\n"
         "contexts:\n- name: holdfast\n  context: {cluster: holdfast, user: admin}\n"
         "clusters:\n- name: holdfast\n  cluster:\n    server: " +
         (server.empty() ? "https://127.0.0.1:" + std::to_string(port()) : server) +
         "\n    certificate-authority-data: " + ca + "\nusers:\n- name: admin\n  user: {token: \"" +
         (token.empty() ? kFakeToken : token) + "\"}\n";
}

}  // namespace holdfast::cli
