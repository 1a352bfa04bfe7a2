// SPDX-License-Identifier: Apache-2.0
// Takeover: ends live sessions of the embedded broker. A list of revoked certificates keeps a node out and leaves its
// session alone; so its client id is taken over once, over the broker's Unix socket, which ends the session that had
// it (MQTT 3.1.1 §3.1.4), and given up again.
// Threads: one, the event loop's.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "base/event_loop.hpp"
#include "base/handle.hpp"
#include "sync/model/ids.hpp"

namespace holdfast::hub {

struct TakeoverOptions {
  std::string socket;    ///< path of the broker's own listener
  std::string user;      ///< whom it knows there
  std::string password;  ///< a secret
};

class Takeover {
 public:
  Takeover(base::EventLoop& loop, TakeoverOptions options);
  ~Takeover();
  /// One after the other, soon. A broker that is not there has no session either: it is given up after a while.
  void end_session(const sync::NodeUid& uid);
  std::size_t ended() const { return ended_; }

 private:
  void next();
  void give_up_or_wait(const base::Error& why);
  base::Status ask(const sync::NodeUid& uid);
  void on_answer();
  void close();

  base::EventLoop& loop_;
  TakeoverOptions options_;
  std::deque<sync::NodeUid> waiting_;
  base::Fd socket_;
  int attempts_ = 0;  ///< at the first that waits
  std::size_t ended_ = 0;
  std::unique_ptr<base::EventLoop::Timer> timer_;
};

/// Pure: the CONNECT packet of MQTT 3.1.1, with a clean session.
std::string connect_packet(const std::string& client_id, const TakeoverOptions& options);

}  // namespace holdfast::hub
