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
#include "hub/node_talk.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::hub {

class CommandDesk {
 public:
  using OnAnswer = Controller::OnAnswer;
  explicit CommandDesk(Context& context) : context_(context) {}

  /// `arguments`: canonical JSON.
  void ask(NodeTalk& talk, const std::string& node, sync::CommandKind kind, std::string arguments,
           OnAnswer done);
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
  base::Status send(NodeTalk& talk, NodeEntry& node, const std::string& id, sync::CommandKind kind,
                    std::string arguments);
  void finish(const std::string& id, base::Result<std::string> answer);

  Context& context_;
  std::map<std::string, Pending> pending_;
};

}  // namespace holdfast::hub
