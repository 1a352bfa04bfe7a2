// SPDX-License-Identifier: Apache-2.0
#include "test/sim/node_box.hpp"

#include "edge_agent/state_records.hpp"
#include "edge_agent/tables.hpp"
#include "edge_agent/trust_keeper.hpp"

namespace holdfast::sim {

using base::MonotonicTime;

namespace {
/// So small that it is full now and then.
constexpr sync::SegmentLogOptions kSmallOutbox{.segment_bytes = 2'048, .segments = 4};
}  // namespace

NodeBox::NodeBox(edge_agent::NodeFile file, std::string trust, sync::FakeBroker& broker, Oracle& oracle,
                 Trace& trace, Judge& judge, std::uint64_t seed)
    : Box(file.name, trace, seed),
      store({edge_agent::kAgentTables.begin(), edge_agent::kAgentTables.end()}),
      file_(std::move(file)),
      trust_file_(std::move(trust)),
      broker_(broker),
      rules_(file_.name, host, store, oracle, trace, judge),
      events_(file_.name, segments, judge),
      trust_rules_(file_, judge),
      container_rules_(rules_.node(), containers, rules_.stored(), rules_.touch(), trace, judge),
      unit_rules_(rules_.node(), units, rules_.stored(), rules_.touch(), trace, judge),
      sim_host_(host, fuse, rules_),
      sim_engine_(containers, fuse, container_rules_),
      sim_units_(units, fuse, unit_rules_),
      asked_random_(seed ^ 0xa5cedU) {
  trust_rules_.took(trust_file_);
  sealing_keys_.add(base::SealingKey::generate(random), clock.wall());
}

void NodeBox::give_workloads() {
  has_workloads_ = true;
  base::ImageInfo image;
  image.id = base::ImageId("sha256:" + base::Digest::of(kImage).hex());
  image.tags = {std::string(kImage)};
  containers.add_image(image);
  containers.set_exec("/bin/ask no", {.exit_code = 1, .output = "not yet"});
}

void NodeBox::rotate_sealing_key() {
  note("makes another sealing key");
  sealing_keys_.add(base::SealingKey::generate(random), clock.wall());
  if (!is_up() || !engine_) return;
  guard([&] {
    engine_->set_sealing_keys(sealing_keys_);
    session_->say_hello_again();
  });
}

void NodeBox::storing(sync::Table table, std::string_view key, std::string_view value) {
  rules_.storing(table, key, value);
  if (table == edge_agent::kMetaTable && key == edge_agent::kHeaderKey) trust_rules_.storing_header(value);
}

/// As the agent's TrustKeeper does it with a file.
base::Result<bool> NodeBox::take_trust(std::string_view encoded) {
  HF_TRY(auto newer, edge_agent::newer_trust(encoded, trust_, file_));
  if (!newer) return false;
  fuse.point();
  trust_file_ = encoded;
  trust_rules_.took(encoded);
  note("trusts document " + std::to_string(newer->version));
  fuse.point();
  trust_ = *std::move(newer);
  session_->set_trust(trust_.signing_keys, trust_.version);
  return true;
}

sync::DesiredHeader NodeBox::accepted_header() const {
  auto& held = const_cast<sync::FakeStore&>(store);
  const auto bytes = sync::read_one(held, edge_agent::kMetaTable, edge_agent::kHeaderKey);
  const auto stored = bytes && *bytes
                          ? edge_agent::decode_stored_header(**bytes)
                          : base::Result<sync::SignedHeader>(base::fail(base::Code::kNotFound, ""));
  auto header = stored ? sync::decode_header(stored->bytes)
                       : base::Result<sync::DesiredHeader>(base::fail(stored.error()));
  if (header) return *std::move(header);
  sync::DesiredHeader none;
  none.fleet = file_.fleet;
  none.node = file_.uid;
  return none;
}

bool NodeBox::begin() {
  trust_ = trust_rules_.document();
  const auto identity = edge_agent::identity_of(file_, trust_);
  sim_store_ = std::make_unique<SimStore>(
      store, fuse, [this](sync::Table table, std::string_view key, std::string_view value) {
        storing(table, key, value);
      });
  segments.on_point([this] { fuse.point(); });
  outbox_ =
      std::make_unique<edge_agent::Outbox>(edge_agent::Outbox::Seams{clock, random, segments}, kSmallOutbox);
  engine_ = std::make_unique<edge_agent::Engine>(
      edge_agent::Engine::Seams{.clock = clock,
                                .random = random,
                                .store = *sim_store_,
                                .host = sim_host_,
                                .outbox = outbox_.get(),
                                .containers = has_workloads_ ? &sim_engine_ : nullptr,
                                .units = has_workloads_ ? &sim_units_ : nullptr},
      identity);
  engine_->set_sealing_keys(sealing_keys_);
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
      edge_agent::Session::Seams{clock, random, *sim_store_, *link_, outbox_.get()}, *engine_, identity,
      [this](const sync::Command& command) { return carry_out(command); });
  session_->on_trust([this](std::string_view encoded) { return take_trust(encoded); });
  session_->on_wake([this] { wake(); });
  session_->start();
  rules_.booted(*engine_);
  return true;
}

void NodeBox::end() {
  // What it had asked for is carried out without it, or was not heard.
  if (has_workloads_) {
    const bool is_heard = asked_random_.below(2) == 0;
    containers.agent_gone(is_heard ? base::FakeEngine::Asked::kCarriedOut
                                   : base::FakeEngine::Asked::kDropped);
    units.agent_gone(is_heard ? base::FakeUnitManager::Asked::kCarriedOut
                              : base::FakeUnitManager::Asked::kDropped);
  }
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
  if (retry) engine_->retry_all();
  if (command.kind == sync::CommandKind::kSync) engine_->look_at_everything();
  return std::string("{}");
}

std::optional<MonotonicTime> NodeBox::work() {
  constexpr int kRoundsMax = 1'000;
  std::optional<MonotonicTime> next;
  for (int round = 0; round < kRoundsMax; ++round) {
    next = engine_->run_due();
    rules_.looked(*engine_);
    events_.look();  // before the session reads them: a small outbox may have dropped some when they are sent
    const std::size_t delivered = host.deliver() + containers.deliver() + units.deliver();
    const auto talk = session_->run_due();
    if (talk && (!next || *talk < *next)) next = talk;
    const bool is_due = next && *next <= clock.monotonic();
    if (delivered == 0 && !is_due) break;
  }
  for (const auto& due : {host.next_due(), containers.next_due(), units.next_due()}) {
    if (due && (!next || *due < *next)) next = due;
  }
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
  container_rules_.all_end();
  containers.reboot();
  unit_rules_.power_was_cut();
  units.reboot();
  clock.reboot();
  stop_for(later);
}

}  // namespace holdfast::sim
