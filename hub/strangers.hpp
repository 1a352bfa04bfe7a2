// SPDX-License-Identifier: Apache-2.0
// Strangers: nodes of the fleet that a recovered hub hears and does not know. The broker let them in by their
// certificates, so they are who they say: each is asked what it is called, is taken back, and asked for what it holds.
// Threads: one.
#pragma once

#include <functional>
#include <map>
#include <string_view>

#include "base/result.hpp"
#include "hub/context.hpp"
#include "sync/model/ids.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::hub {

class Strangers {
 public:
  /// False: the link takes no more.
  using Ask = std::function<bool(const sync::NodeUid& uid, const sync::Report& question)>;
  Strangers(Context& context, Ask ask) : context_(context), ask_(std::move(ask)) {}

  /// Whether this hub takes that one back.
  bool is_welcome(const sync::NodeUid& uid) const;
  void on_message(const sync::NodeUid& uid, std::string_view payload);
  /// Asks whoever is to be asked. False: the link takes no more.
  bool pump();
  /// The link is down: who is there will be heard again.
  void forget() { questions_.clear(); }

 private:
  base::Status on_proof(const sync::NodeUid& uid, std::string_view body);

  Context& context_;
  Ask ask_;
  std::map<sync::NodeUid, sync::Report> questions_;
};

}  // namespace holdfast::hub
