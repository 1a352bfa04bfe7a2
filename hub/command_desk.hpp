// SPDX-License-Identifier: Apache-2.0
// CommandDesk: signed commands to nodes and their answers. A command is answered once: by the node, by its
// deadline, or at once when the node is not there.
// Threads: one.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "hub/context.hpp"
#include "hub/sender.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::hub {

class CommandDesk {
 public:
  using OnAnswer = Controller::OnAnswer;
  CommandDesk(Context& context, Sender& sender) : context_(context), sender_(sender) {}

  /// `arguments`: canonical JSON.
  void ask(const std::string& node, sync::CommandKind kind, std::string arguments, OnAnswer done);
  void on_answer(const NodeEntry& node, const sync::Answer& answer);
  void run_due();
  std::optional<base::MonotonicTime> next_due() const;

 private:
  struct Pending {
    sync::NodeUid node;
    std::string node_name;
    base::MonotonicTime deadline{};
    std::string body;
    OnAnswer done;
  };
  base::Status send(NodeEntry& node, const std::string& id, sync::CommandKind kind, std::string arguments);
  void finish(const std::string& id, base::Result<std::string> answer);

  Context& context_;
  Sender& sender_;
  std::map<std::string, Pending> pending_;
};

}  // namespace holdfast::hub
