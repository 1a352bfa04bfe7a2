// SPDX-License-Identifier: Apache-2.0
#include "hub/command_desk.hpp"

#include <utility>

#include "base/limits/hub.hpp"

namespace holdfast::hub {

namespace limits = base::limits;
using base::Code;
using base::fail;
using base::Status;

void CommandDesk::ask(const std::string& name, sync::CommandKind kind, std::string arguments, OnAnswer done) {
  auto* node = context_.nodes.find_by_name(name);
  if (node == nullptr) return done(fail(Code::kNotFound, "nodes \"" + name + "\" not found"));
  if (!node->is_online()) {
    return done(fail(Code::kUnavailable,
                     "node \"" + name + "\" is not connected; it is asked again when you ask again"));
  }
  if (pending_.size() >= limits::kCommandsPendingMax) {
    return done(fail(Code::kLimit, "too many commands wait for their answers; try again in a moment"));
  }
  const auto id = context_.seams.random.uuid();
  if (auto status = send(*node, id, kind, std::move(arguments)); !status)
    return done(fail(std::move(status).error()));
  pending_[id] = {node->uid, name, context_.now() + limits::kCommandTimeout, {}, std::move(done)};
}

Status CommandDesk::send(NodeEntry& node, const std::string& id, sync::CommandKind kind,
                         std::string arguments) {
  sync::Command command;
  command.node = node.uid;
  HF_TRY(command.counter, context_.nodes.next_command(node));
  command.id = id;
  command.kind = kind;
  command.arguments = std::move(arguments);
  command.deadline = context_.seams.clock.wall() + limits::kCommandTimeout;
  HF_TRY(const auto sealed, sync::sign_command(command, context_.options.signing_key));
  return sender_.queue(node, sync::encode(sealed));
}

void CommandDesk::on_answer(const NodeEntry& node, const sync::Answer& answer) {
  const auto found = pending_.find(answer.id);
  if (found == pending_.end() || found->second.node != node.uid) return;  // too late, or none of its business
  Pending& pending = found->second;
  if (pending.body.size() + answer.body.size() > limits::kLogAnswerBytesMax * 2) {
    return finish(answer.id,
                  fail(Code::kLimit, "the answer of node \"" + node.name + "\" is too long; ask for less"));
  }
  pending.body += answer.body;
  if (!answer.ok)
    return finish(answer.id, fail(Code::kUnavailable, "node \"" + node.name + "\": " + pending.body));
  if (answer.last) finish(answer.id, std::move(pending.body));
}

void CommandDesk::run_due() {
  const auto now = context_.now();
  std::vector<std::string> late;
  for (const auto& [id, pending] : pending_) {
    if (pending.deadline <= now) late.push_back(id);
  }
  for (const auto& id : late) {
    finish(id, fail(Code::kTimeout, "node \"" + pending_.at(id).node_name + "\" did not answer in time"));
  }
}

std::optional<base::MonotonicTime> CommandDesk::next_due() const {
  std::optional<base::MonotonicTime> next;
  for (const auto& [id, pending] : pending_) {
    if (!next || pending.deadline < *next) next = pending.deadline;
  }
  return next;
}

void CommandDesk::finish(const std::string& id, base::Result<std::string> answer) {
  auto pending = pending_.extract(id);
  if (pending) pending.mapped().done(std::move(answer));  // after it is gone: the callback may ask again
}

}  // namespace holdfast::hub
