// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/fake_node.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "edge_agent/process_effective.hpp"
#include "edge_agent/tables.hpp"

namespace holdfast::edge_agent {

using base::MonotonicTime;

FakeNode::FakeNode(const std::string& name)
    : store({kAgentTables.begin(), kAgentTables.end()}), identity(fleet.identity(name)) {
  base::FakeRandom keys(11);
  sealing_keys.add(base::SealingKey::generate(keys), clock.wall());
  const auto booted = boot();
  assert(booted);
  static_cast<void>(booted);
}

PodMachine FakeNode::machine() {
  PodMachine out{[this] { return gpus; }, [this] { return address; }, {}};
  if (machine_files.empty()) return out;
  out.file = [this](const std::string& path, std::size_t) -> base::Result<std::string> {
    const auto found = machine_files.find(path);
    if (found == machine_files.end()) return base::fail(base::Code::kNotFound, path);
    return found->second;
  };
  return out;
}

base::Status FakeNode::boot() {
  outbox.reset();
  if (has_outbox_) outbox = std::make_unique<Outbox>(Outbox::Seams{clock, random, segments});
  if (pulls_) {
    image_records_ = std::make_unique<ImageRecords>(image_folder_ + "/book.json");
    puller_ = std::make_unique<ImagePuller>(
        ImagePuller::Seams{containers, *image_records_, pulls_->start(),
                           [this](std::function<void()> work) { posted_.push_back(std::move(work)); }, clock},
        PullOptions{}, image_folder_ + "/blobs/sha256");
  }
  engine_ = std::make_unique<Engine>(Engine::Seams{clock,
                                                   random,
                                                   store,
                                                   host,
                                                   outbox.get(),
                                                   has_containers ? &containers : nullptr,
                                                   pod_places,
                                                   has_systemd ? &units : nullptr,
                                                   puller_.get(),
                                                   {},
                                                   machine()},
                                     identity);
  engine_->set_sealing_keys(sealing_keys);
  return engine_->boot();
}

void FakeNode::keep_events_in_outbox() {
  has_outbox_ = true;
  const auto restarted = restart();
  assert(restarted);
  static_cast<void>(restarted);
}

void FakeNode::have_image(const std::string& reference) {
  base::ImageInfo image;
  image.id = base::ImageId("sha256:" + base::Digest::of(reference).hex());
  image.tags = {reference};
  containers.add_image(image);
}

void FakeNode::pull_images(const std::string& folder) {
  image_folder_ = folder;
  if (!pulls_) pulls_ = std::make_unique<FakePulls>(BlobStore(folder + "/blobs/sha256"));
  const auto restarted = restart();
  assert(restarted);
  static_cast<void>(restarted);
}

void FakeNode::kill() {
  engine_.reset();
  puller_.reset();
  posted_.clear();
  outbox.reset();
  host.agent_gone();
  containers.agent_gone();
  units.agent_gone();
}

base::Status FakeNode::restart() {
  events();
  kill();
  return boot();
}

void FakeNode::reboot() {
  kill();
  host.reboot();
  containers.reboot();
  units.reboot();
  clock.reboot();
  const auto booted = boot();
  assert(booted);
  static_cast<void>(booted);
}

sync::State FakeNode::state(sync::Generation generation, const std::vector<FakeApp>& apps,
                            const std::vector<sync::Removal>& removals) const {
  return fleet.state(identity.uid, generation, apps, removals);
}

std::vector<sync::Frame> FakeNode::desire(const std::vector<FakeApp>& apps,
                                          const std::vector<sync::Removal>& removals) {
  ++generation_.sequence;
  return accept(state(generation_, apps, removals));
}

std::size_t FakeNode::run_posted() {
  const auto posted = std::exchange(posted_, {});
  for (const auto& work : posted) work();
  return posted.size();
}

void FakeNode::run() {
  constexpr int kRoundsMax = 1'000;
  for (int round = 0; round < kRoundsMax; ++round) {
    const auto next = engine_->run_due();
    const std::size_t delivered = host.deliver() + containers.deliver() + units.deliver() + run_posted();
    const bool is_due = next && *next <= clock.monotonic();
    if (delivered == 0 && !is_due) return;
  }
  assert(false && "the node never comes to rest");
}

void FakeNode::pass(std::chrono::milliseconds time) {
  const MonotonicTime end = clock.monotonic() + time;
  while (true) {
    run();
    auto next = engine_->run_due();
    for (const auto other : {host.next_due(), containers.next_due(), units.next_due()}) {
      if (other && (!next || *other < *next)) next = other;
    }
    const auto now = clock.monotonic();
    if (now >= end) return;
    const auto until = next ? std::clamp(*next, now + std::chrono::milliseconds{1}, end) : end;
    clock.advance(until - now);
  }
}

std::optional<std::string> FakeNode::content(const std::string& path) const {
  const auto* file = host.file(path);
  if (file == nullptr) return std::nullopt;
  return file->content;
}

base::ProcessId FakeNode::process(const std::string& name) const { return instance_of(process_claim(name)); }

base::ProcessStatus FakeNode::status(const std::string& name) {
  return host.process(process(name)).value_or(base::ProcessStatus{});
}

sync::SectionStatus FakeNode::section(const std::string& name) {
  for (const auto& section : engine_->snapshot().sections) {
    if (section.name == name) return section;
  }
  return {};
}

sync::ResourceStatus FakeNode::resource(const std::string& brief) {
  for (const auto& section : engine_->snapshot().sections) {
    for (const auto& resource : section.resources) {
      if (resource.key.matches_brief(brief)) return resource;
    }
  }
  return {};
}

const std::vector<sync::Event>& FakeNode::events() {
  if (engine_) {
    for (auto& event : engine_->take_events()) events_.push_back(std::move(event));
  }
  return events_;
}

std::size_t FakeNode::count_events(const std::string& reason) {
  return static_cast<std::size_t>(std::ranges::count(events(), reason, &sync::Event::reason));
}

std::string FakeNode::last_event(const std::string& reason) {
  const auto& all = events();
  const auto found =
      std::find_if(all.rbegin(), all.rend(), [&](const auto& event) { return event.reason == reason; });
  if (found == all.rend()) return "";
  return reason + " " + found->resource + ": " + found->message;
}

void FakeNode::forget_touched() {
  host.forget_touched();
  containers.forget_touched();
  units.forget_touched();
}

sync::Removal removal_of(const FakeApp& app, sync::RemovalMode mode, bool confirmed) {
  return {.application = app.uid(), .name = app.name(), .mode = mode, .confirmed = confirmed};
}

}  // namespace holdfast::edge_agent
