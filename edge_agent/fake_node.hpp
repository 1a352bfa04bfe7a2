// SPDX-License-Identifier: Apache-2.0
// FakeNode: one node without a network: an Engine on a fake host, store and clock, fed with signed states.
// Reads as the story of a test:
//     FakeNode node;
//     node.desire({FakeApp("cameras").file("motd", "/etc/motd", "hello")});
//     node.settle();
//     EXPECT_EQ(node.content("/etc/motd"), "hello");
// Threads: one.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fake_clock.hpp"
#include "base/fake_engine.hpp"
#include "base/fake_host.hpp"
#include "base/fake_random.hpp"
#include "base/systemd/fake_units.hpp"
#include "edge_agent/engine.hpp"
#include "edge_agent/fake_fleet.hpp"
#include "edge_agent/fake_pulls.hpp"
#include "edge_agent/image_puller.hpp"
#include "edge_agent/outbox.hpp"
#include "sync/store/fake_segments.hpp"
#include "sync/store/fake_store.hpp"

namespace holdfast::edge_agent {

class FakeNode {
 public:
  explicit FakeNode(const std::string& name = "node-1");

  // ---- what the hub says ----
  /// The next generation, with everything; what is not in it is not there.
  std::vector<sync::Frame> desire(const std::vector<FakeApp>& apps,
                                  const std::vector<sync::Removal>& removals = {});
  std::vector<sync::Frame> accept(const sync::State& state) { return engine().accept(state); }
  sync::State state(sync::Generation generation, const std::vector<FakeApp>& apps,
                    const std::vector<sync::Removal>& removals = {}) const;
  sync::Generation generation() const { return generation_; }

  // ---- time ----
  /// Runs what is due now, until nothing is.
  void run();
  /// Lets this much time pass, doing everything at its time.
  void pass(std::chrono::milliseconds time);
  /// A second passes: enough for all that has no reason to wait.
  void settle() { pass(std::chrono::seconds{1}); }

  // ---- the agent's own life ----
  Engine& engine() { return *engine_; }
  /// The agent dies and is started again; the host does not notice.
  base::Status restart();
  void kill();
  base::Status boot();
  void reboot();
  /// From now on, and after every restart, events wait in an outbox on `segments`, and events() gives none.
  void keep_events_in_outbox();
  /// The engine has an image of this name; another each.
  void have_image(const std::string& reference);
  /// From now on, and after every restart, images are pulled as pulls() says; `folder` takes what is fetched and noted. The agent
  /// is started again.
  void pull_images(const std::string& folder);
  FakePulls& pulls() { return *pulls_; }

  // ---- looking ----
  /// Nothing where there is no file.
  std::optional<std::string> content(const std::string& path) const;
  base::ProcessId process(const std::string& name) const;
  bool runs(const std::string& name) const { return host.running().contains(process(name).instance); }
  base::ProcessStatus status(const std::string& name);
  /// Of an application; an empty one where it is unknown.
  sync::SectionStatus section(const std::string& name);
  sync::ResourceStatus resource(const std::string& brief);
  /// The events so far that were not taken yet; they are kept for the next call.
  const std::vector<sync::Event>& events();
  std::size_t count_events(const std::string& reason);
  /// "reason resource: message" of the last one with this reason; empty: there is none.
  std::string last_event(const std::string& reason);
  void forget_touched();

  FakeFleet fleet;
  base::FakeClock clock;
  base::FakeRandom random{7};
  sync::FakeStore store;
  base::FakeHost host{clock};
  base::FakeEngine containers{clock};
  PodPlaces pod_places;        ///< at the next boot; none: volumes are refused
  bool has_containers = true;  ///< at the next boot
  GpuOffer gpus;               ///< of the machine
  std::string address{"192.0.2.7"};
  /// Of the machine, beside what lives under the root; at the next boot. None: it has no other than those.
  std::map<std::string, std::string> machine_files;
  base::FakeUnitManager units{clock, host};
  bool has_systemd = true;  ///< of the next boot
  sync::FakeSegments segments;
  std::unique_ptr<Outbox> outbox;  ///< none: events wait in memory
  NodeIdentity identity;
  base::SealingKeys sealing_keys;  ///< of the next boot

 private:
  std::size_t run_posted();
  PodMachine machine();

  bool has_outbox_ = false;
  std::string image_folder_;
  std::unique_ptr<FakePulls> pulls_;  ///< none: images are not pulled
  std::vector<std::function<void()>> posted_;
  std::unique_ptr<ImageRecords> image_records_;
  std::unique_ptr<ImagePuller> puller_;
  std::unique_ptr<Engine> engine_;
  sync::Generation generation_{1, 0};
  std::vector<sync::Event> events_;
};

sync::Removal removal_of(const FakeApp& app, sync::RemovalMode mode, bool confirmed = false);

}  // namespace holdfast::edge_agent
