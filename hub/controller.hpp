// SPDX-License-Identifier: Apache-2.0
// Controller: the hub without its sockets. It follows Git, works out what each node must hold, stores that,
// sends it over the Link and shows in the Objects what the nodes report. Runs on any Clock, Random, Store,
// Link and GitSource: the program drives it from the event loop, the simulator from virtual time.
// Level-triggered: an event only puts a key (an application, a node) into the queue; reconciling it reads what
// is and decides.
// Threads: one, the event loop's. API threads use Objects, and post to the loop what they want from here.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/limits/git.hpp"
#include "base/limits/wire.hpp"
#include "base/metric.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/sealing.hpp"
#include "base/signing.hpp"
#include "gitops/git_source.hpp"
#include "hub/answers.hpp"
#include "hub/objects.hpp"
#include "sync/link/link.hpp"
#include "sync/model/ids.hpp"
#include "sync/store/store.hpp"
#include "sync/wire/frame.hpp"

namespace holdfast::hub {

class Readmission;
class SecretSealer;

/// `serve --source URL --path DIR [--ref REF]`: the Application from which the hub manages itself.
struct RootSource {
  std::string name = "root";
  std::string url;
  std::string path = ".";
  std::string revision = "HEAD";
};

struct ControllerOptions {
  sync::FleetId fleet;
  /// Signs desired states, commands and settings.
  base::SigningKey signing_key;
  /// By which else this hub knows its own signature: those of former times. `signing_key` counts without being named.
  std::vector<base::PublicKey> signing_keys{};
  /// Credentials; a repository is used for every URL that begins with its url, the longest wins.
  std::vector<gitops::Repository> repositories;
  std::optional<RootSource> root;
  std::chrono::milliseconds poll_interval = base::limits::kPollInterval;
  /// A section beyond this travels in parts of that many bytes; less than their limits in tests alone.
  std::size_t section_packet_bytes = base::limits::kSectionPacketBytesMax;
  std::size_t part_bytes = base::limits::kPartBytesMax;
  /// The trust document as it travels, and its version; 0: nodes are told none.
  sync::Frame trust{};
  std::uint64_t trust_version = 0;
  /// Of a recovered hub (hub/recovery.hpp): the lowest epoch of what it makes, and what its counters begin at.
  std::uint64_t floor = 0;
  base::SealingPublicKey sealing_key{};  ///< of this hub
  SecretSealer* sealer = nullptr;        ///< none: nothing that holds a Secret is given to anybody
  Readmission* readmission = nullptr;    ///< whether unknown nodes are taken back; none: they never are
  /// Called when a node was deleted, revoked or taken back, on the controller's thread.
  std::function<void()> on_membership;
};

class Controller {
 public:
  struct Seams {
    base::Clock& clock;
    base::Random& random;
    sync::Store& store;
    sync::Link& link;
    gitops::GitSource& git;
  };
  /// REQUIRES: objects.load() succeeded; everything given outlives the controller.
  Controller(Seams seams, Objects& objects, ControllerOptions options);
  ~Controller();

  /// Reads what is in force from the store; needs no Git and no broker.
  base::Status boot();
  /// Installs the listeners, subscribes and starts the link. Call once, after boot().
  void start();
  /// Works through everything that is due; returns when the next thing is (nullopt: only an event brings
  /// work).
  std::optional<base::MonotonicTime> run_due();
  /// Called when there is something to do before the time that run_due() gave: call it soon. Objects changed
  /// by other threads call it on those threads.
  void on_wake(std::function<void()> wake);
  /// Writes what is only in memory (statuses, last seen). Call at a clean stop.
  base::Status flush();

  // ---- what people ask for (post these to the loop) ----

  /// Fetches now; then the newest commit (or `revision`) comes into force. Ends a rollback.
  base::Status sync(const std::string& application, const SyncOptions& options);
  /// Fetches and compares now.
  base::Status refresh(const std::string& application);
  /// Back to a revision of history(); it stays until sync().
  base::Status rollback(const std::string& application, const std::string& revision);
  base::Result<std::vector<HistoryEntry>> history(const std::string& application) const;
  /// What the newest commit would change against what the nodes hold.
  base::Result<std::vector<Difference>> diff(const std::string& application);
  /// `brief`: "File/motd". One answer a resource that it means.
  base::Result<std::vector<Why>> why(const std::string& node, const std::string& brief);
  std::vector<ResourceRow> resources(const ResourceFilter& filter) const;

  /// The answer, or kTimeout after limits::kCommandTimeout. Called on the loop, later.
  using OnAnswer = std::function<void(base::Result<std::string> answer)>;
  void logs(const std::string& node, const LogsQuery& query, OnAnswer done);
  void diagnose(const std::string& node, OnAnswer done);
  /// Look at everything now; lifts quarantines where `retry`.
  void sync_node(const std::string& node, bool retry, OnAnswer done);

  /// For /metrics.
  std::vector<base::Metric> metrics() const;
  /// Whether boot() is done and the link is up: /readyz.
  bool ready() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace holdfast::hub
