// SPDX-License-Identifier: Apache-2.0
// AgentProgram: `holdfast-agent run`. Puts the real seams under Engine and Session, drives both from one event loop,
// and serves the local API. Boots from the store first and looks at the network only then.
// Threads: one.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/child_reaper.hpp"
#include "base/engine/engine_client.hpp"
#include "base/event_loop.hpp"
#include "base/file_io.hpp"
#include "base/linux_host.hpp"
#include "base/result.hpp"
#include "base/spare_memory.hpp"
#include "base/system_clock.hpp"
#include "base/system_random.hpp"
#include "edge_agent/agent_options.hpp"
#include "edge_agent/command_desk.hpp"
#include "edge_agent/data_folder.hpp"
#include "edge_agent/engine.hpp"
#include "edge_agent/image_collector.hpp"
#include "edge_agent/image_puller.hpp"
#include "edge_agent/image_records.hpp"
#include "edge_agent/local_api.hpp"
#include "edge_agent/local_routes.hpp"
#include "edge_agent/machine_watch.hpp"
#include "edge_agent/outbox.hpp"
#include "edge_agent/process_logs.hpp"
#include "edge_agent/renewal.hpp"
#include "edge_agent/sealing_key_file.hpp"
#include "edge_agent/session.hpp"
#include "edge_agent/store_rescue.hpp"
#include "edge_agent/trust_fetch.hpp"
#include "edge_agent/trust_keeper.hpp"
#include "sync/link/mosquitto_link.hpp"
#include "sync/store/folder_segments.hpp"
#include "sync/store/lmdb_store.hpp"

namespace holdfast::edge_agent {

class AgentProgram {
 public:
  static base::Result<std::unique_ptr<AgentProgram>> create(const AgentOptions& options);
  /// Until SIGTERM or SIGINT. Workloads go on running. kCorrupt: a write found the store damaged, and the next one that is
  /// created rescues it.
  base::Status run();

 private:
  AgentProgram(AgentOptions options, base::DirectoryLock lock, NodeFile node, TrustKeeper trust);
  base::Status open();
  LastEnd last_end() const;
  base::Status note_running();
  base::Status note_ended();
  base::Status open_images();
  base::Status boot_engine();
  base::Status open_link();
  void work();
  void work_soon();
  base::Status open_renewal();
  base::Status open_trust();
  TrustNote trust_note() const;
  base::Status believe();
  void look_at_link();
  void open_secrets();
  base::Status rotate_sealing_key();
  void look_at_sealing_keys();
  void tidy_logs();
  void look_at_machine();

  AgentOptions options_;
  base::DirectoryLock lock_;
  NodeFile node_;
  TrustKeeper trust_;
  DataFolder folder_;
  SealingKeyFile sealing_;
  NodeIdentity identity_;
  base::SystemClock clock_;
  base::SpareMemory memory_{clock_};
  MachineWatch watch_{clock_, folder_.root()};
  base::MonotonicTime started_;
  base::SystemRandom random_;
  std::unique_ptr<base::EventLoop> loop_;
  std::unique_ptr<sync::LmdbStore> store_;
  std::unique_ptr<sync::FolderSegments> segments_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<base::LinuxHost> host_;
  std::unique_ptr<base::UnitManager> units_;  ///< none: no systemd here
  std::unique_ptr<Renewal> renewal_;
  std::unique_ptr<TrustFetch> trust_fetch_;
  std::unique_ptr<sync::MosquittoLink> link_;
  std::unique_ptr<base::EngineClient> containers_;  ///< none: containers are not done
  std::unique_ptr<base::ChildReaper> pull_reaper_;
  std::unique_ptr<ImageRecords>
      image_records_;  ///< with `containers_`; nothing is read before an image is wanted
  std::unique_ptr<ImagePuller> image_puller_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<ImageCollector> image_collector_;
  std::unique_ptr<CommandDesk> desk_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<ContainerLogs> container_logs_;  ///< none: this node does no containers
  std::unique_ptr<LocalRoutes> routes_;
  std::unique_ptr<LocalApi> api_;
  std::unique_ptr<base::EventLoop::Timer> timer_;
  std::unique_ptr<base::EventLoop::Timer> tidy_timer_;
  std::unique_ptr<base::EventLoop::Timer> sealing_timer_;
  std::uint64_t connects_seen_ = 0;
  std::chrono::milliseconds log_tidy_interval_{};
  bool work_posted_ = false;
  bool is_told_to_end_ = false;
};

/// `--shim`, else holdfast-shim beside this program, else in /usr/bin.
base::Result<std::string> find_shim(const AgentOptions& options);
/// What pods ask of this machine.
PodMachine pod_machine();

}  // namespace holdfast::edge_agent
