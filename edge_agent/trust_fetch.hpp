// SPDX-License-Identifier: Apache-2.0
// TrustFetch: asks the hub's addresses for the trust document while no broker is reached: keys, CA or addresses may have
// changed while this node was away. Whoever answers is listened to, for the document is signed itself, and whoever lies in
// between can do no more than withhold it. A node without a document asks nobody. Asks in a thread that does nothing else.
// Threads: one, the event loop's; the question runs in one of its own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/backoff.hpp"
#include "base/clock.hpp"
#include "base/event_loop.hpp"
#include "base/random.hpp"
#include "edge_agent/side_call.hpp"
#include "edge_agent/trust_keeper.hpp"
#include "sync/link/proxy.hpp"

namespace holdfast::edge_agent {

struct TrustQuestion {
  std::vector<std::string> hubs;  ///< https://host:port
  sync::ProxyRules proxies;
};
/// Blocks. Answers that `is_news` does not take are passed over: a machine that has the hub's old address may have an old
/// document. kNotFound: all were; else why the last address did not answer.
base::Result<std::string> ask_for_trust(const TrustQuestion& question,
                                        const std::function<base::Result<bool>(std::string_view)>& is_news);

class TrustFetch {
 public:
  struct Seams {
    base::EventLoop& loop;
    base::Clock& clock;
    base::Random& random;
  };
  TrustFetch(Seams seams, TrustKeeper& keeper, NodeFile node, sync::ProxyRules proxies = {});

  void start();
  /// As the link has it; asks only while it is not connected.
  void connected(bool is_connected);
  /// Why the last question brought nothing; empty: it did, or none was asked.
  const std::string& trouble() const { return trouble_; }

 private:
  void wait();
  void ask();
  void on_answer(const base::Result<std::string>& answer);

  Seams seams_;
  TrustKeeper& keeper_;
  NodeFile node_;
  sync::ProxyRules proxies_;
  base::Backoff backoff_;
  bool is_connected_ = false;
  SideCall<base::Result<std::string>> call_;
  std::string trouble_;
  std::unique_ptr<base::EventLoop::Timer> timer_;
};

}  // namespace holdfast::edge_agent
