// SPDX-License-Identifier: Apache-2.0
// FakeHub: a hub's API on a loopback port over real TLS, with a CA of its own. It answers what a test told it
// to, and remembers what it was asked.
// Threads: the test's; the server's own threads are hidden behind a lock.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace holdfast::cli {

struct HubRequest {
  std::string method;
  std::string target;  ///< path and query as they came
  std::string accept;
  std::string content_type;
  std::string authorization;
  std::string body;
};

class FakeHub {
 public:
  /// `host`: the name or address that its certificate is made for.
  explicit FakeHub(const std::string& host = "127.0.0.1");
  ~FakeHub();
  FakeHub(const FakeHub&) = delete;
  FakeHub& operator=(const FakeHub&) = delete;

  /// "GET /apis/…" without the query → what it answers, in this order; the last answer is given again and
  /// again.
  void answer(const std::string& route, int status, const std::string& body);
  void answer(const std::string& route, const std::string& body) { answer(route, 200, body); }
  /// Refused from now on, as if nobody listened.
  void stop();

  std::vector<HubRequest> requests() const;
  HubRequest last_request() const;

  int port() const;
  /// Text of a client file for this hub.
  std::string client_file() const;
  /// As client_file(), with another server, token or CA; empty: this hub's.
  std::string client_file_with(const std::string& server, const std::string& token,
                               const std::string& ca_pem) const;
  std::string ca_pem() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

inline constexpr const char* kFakeToken = "secret-of-the-administrator";

}  // namespace holdfast::cli
