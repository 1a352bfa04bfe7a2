// SPDX-License-Identifier: Apache-2.0
#include "test/sim/node_box.hpp"

#include "edge_agent/tables.hpp"

namespace holdfast::sim {

using base::MonotonicTime;

namespace {
/// So small that it is full now and then.
constexpr sync::SegmentLogOptions kSmallOutbox{.segment_bytes = 2'048, .segments = 4};
}  // namespace

NodeBox::NodeBox(edge_agent::NodeIdentity identity, sync::FakeBroker& broker, Oracle& oracle, Trace& trace,
                 Judge& judge, std::uint64_t seed)
    : Box(identity.name, trace, seed),
      store({edge_agent::kAgentTables.begin(), edge_agent::kAgentTables.end()}),
      identity_(std::move(identity)),
      broker_(broker),
      rules_(identity_.name, host, store, oracle, trace, judge),
      events_(identity_.name, segments, judge),
      sim_host_(host, fuse, rules_) {}

bool NodeBox::begin() {
  sim_store_ = std::make_unique<SimStore>(
      store, fuse, [](sync::Table, std::string_view, std::string_view) {});
  segments.on_point([this] { fuse.point(); });
  outbox_ =
      std::make_unique<edge_agent::Outbox>(edge_agent::Outbox::Seams{clock, random, segments}, kSmallOutbox);
  engine_ = std::make_unique<edge_agent::Engine>(
      edge_agent::Engine::Seams{clock, random, *sim_store_, sim_host_, outbox_.get()}, identity_);
  if (const auto booted = engine_->boot(); !booted) {
    note("boot failed: " + booted.error().message());
    return false;
  }
  engine_->set_facts(facts_);
  engine_->on_wake([this] { wake(); });
  link_ = std::make_unique<SimLink>(
      broker_, client_id(), fuse, [this](const auto& work) { guard(work); },
      [this](const std::string&, const std::string& payload) {
        events_.sent(payload);
        rules_.sent(payload);
      });
  session_ = std::make_unique<edge_agent::Session>(
      edge_agent::Session::Seams{clock, random, *sim_store_, *link_, outbox_.get()}, *engine_, identity_,
      [this](const sync::Command& command) { return carry_out(command); });
  session_->on_wake([this] { wake(); });
  session_->start();
  rules_.booted(*engine_);
  return true;
}

void NodeBox::end() {
  session_.reset();
  link_.reset();
  engine_.reset();
  outbox_.reset();
  events_.look();
  sim_store_.reset();
  host.agent_gone();
  store.restart();
}

base::Result<std::string> NodeBox::carry_out(const sync::Command& command) {
  const bool retry = command.kind == sync::CommandKind::kRetry;
  if (retry) rules_.retry_asked();
  if (retry || command.kind == sync::CommandKind::kSync) engine_->look_at_everything(retry);
  return std::string("{}");
}

std::optional<MonotonicTime> NodeBox::work() {
  constexpr int kRoundsMax = 1'000;
  std::optional<MonotonicTime> next;
  for (int round = 0; round < kRoundsMax; ++round) {
    next = engine_->run_due();
    rules_.looked(*engine_);
    events_.look();  // before the session reads them: a small outbox may have dropped some when they are sent
    const std::size_t delivered = host.deliver();
    const auto talk = session_->run_due();
    if (talk && (!next || *talk < *next)) next = talk;
    const bool is_due = next && *next <= clock.monotonic();
    if (delivered == 0 && !is_due) break;
  }
  if (const auto due = host.next_due(); due && (!next || *due < *next)) next = due;
  return next;
}

void NodeBox::set_facts(std::map<std::string, std::string> facts) {
  facts_ = std::move(facts);
  if (is_up() && engine_) guard([&] { engine_->set_facts(facts_); });
}

void NodeBox::power_cut(std::chrono::milliseconds later) {
  note("power cut");
  stop_for(std::chrono::milliseconds{0});
  end();
  store.crash();
  store.restart();
  segments.power_cut(&random);
  events_.power_was_cut();
  host.power_cut();
  rules_.power_was_cut();
  clock.reboot();
  stop_for(later);
}

}  // namespace holdfast::sim
