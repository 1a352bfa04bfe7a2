// SPDX-License-Identifier: Apache-2.0
// FakeFleet: a hub's Controller with everything around it in memory and on virtual time: store, broker, Git
// and nodes. For the tests of the hub; the simulator of test/sim runs real agents.
//
//     FakeFleet fleet;
//     fleet.add_node("cam-1", {{"role", "camera"}});
//     fleet.commit({{"apps/motd/motd.yaml", file_yaml("motd", "/etc/motd", "hello")}});
//     fleet.apply({.name = "motd", .path = "apps/motd"});
//     fleet.settle();
//     fleet.node("cam-1").host();          // {"path:/etc/motd"}
//
// Threads: one.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fake_clock.hpp"
#include "base/fake_random.hpp"
#include "base/json.hpp"
#include "gitops/fake_git_source.hpp"
#include "hub/controller.hpp"
#include "hub/fake_node.hpp"
#include "hub/fake_sealer.hpp"
#include "hub/objects.hpp"
#include "sync/link/fake_link.hpp"
#include "sync/store/fake_store.hpp"

namespace holdfast::hub {

inline const std::string kRepository = "https://git.example.com/fleet.git";

/// A File manifest.
std::string file_yaml(const std::string& name, const std::string& path, const std::string& content);
std::string process_yaml(const std::string& name);

struct ApplicationYaml {
  std::string name;
  std::string path;
  std::string selector = "";  ///< flow mapping for matchLabels; empty: every node
  bool automated = true;
  bool placed = true;
  bool allow_empty = false;
  bool prune = true;
  bool finalizer = false;
  std::string revision = "main";
  std::string url = kRepository;
  std::string max_prune = "50%";
};
/// As YAML for a commit.
std::string application_yaml(const ApplicationYaml& application);
/// As JSON for the API.
base::Json application_json(const ApplicationYaml& application);

class FakeFleet {
 public:
  FakeFleet();
  ~FakeFleet();

  // ---- Git ----
  using Tree = gitops::FakeGitSource::Tree;
  sync::Revision commit(Tree tree, const std::string& subject = "a change");
  sync::Revision change(const std::map<std::string, std::optional<gitops::FakeFile>>& changes);

  // ---- people ----
  void apply(const ApplicationYaml& application);
  void remove(const std::string& type, const std::string& name);
  /// Empty value: the label goes.
  void label(const std::string& node, const std::string& label_key, const std::string& value);
  ObjectPtr object(const std::string& type, const std::string& name) const;
  std::string status(const std::string& application, const std::string& path) const;
  /// Message of a condition of an Application; empty where it has none.
  std::string condition(const std::string& application, const std::string& type) const;
  std::string node_condition(const std::string& node, const std::string& type) const;
  bool has_event(const std::string& reason) const;

  // ---- nodes ----
  FakeNode& add_node(const std::string& name, const std::map<std::string, std::string>& labels = {},
                     const std::map<std::string, std::string>& facts = {});
  FakeNode& node(const std::string& name) { return *nodes.at(name); }

  // ---- time ----
  /// Until nothing is left to do within two seconds; fetches end at once.
  void settle();
  void run_for(std::chrono::milliseconds duration);
  /// The next poll of Git comes by.
  void poll() { run_for(std::chrono::seconds(40)); }

  // ---- the hub's own life ----
  void stop_hub();  ///< as kill -9
  void start_hub();
  void restart_hub() {
    stop_hub();
    start_hub();
  }

  base::FakeClock clock;
  base::FakeRandom random{1};
  sync::FakeStore store;
  sync::FakeBroker broker{clock, random};
  gitops::FakeGitSource git;
  base::SigningKey key;
  FakeSealer sealer;  ///< with one key: hub_sealing_key()
  base::SealingPublicKey hub_sealing_key() const { return sealer.keys.newest().key.public_key(); }
  ControllerOptions options;
  std::unique_ptr<sync::FakeLink> link;
  std::unique_ptr<Objects> objects;
  std::unique_ptr<Controller> hub;
  std::map<std::string, std::unique_ptr<FakeNode>> nodes;

 private:
  std::optional<base::MonotonicTime> step();
};

}  // namespace holdfast::hub
