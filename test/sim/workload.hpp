// SPDX-License-Identifier: Apache-2.0
// Workload: what people, Git, programs and misfortune do to a fleet, as a seed decides. Each act tells the oracle
// what it said, before it is done. Threads: one.
#pragma once

#include <array>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "test/sim/world.hpp"

namespace holdfast::sim {

/// Where files of Git and hands meet, and the processes of Git.
inline const std::array<std::string, 8> kPaths{"/etc/hf/p0", "/etc/hf/p1", "/etc/hf/p2", "/etc/hf/p3",
                                               "/etc/hf/p4", "/srv/p5",    "/srv/d/p6",  "/srv/d/p7"};
inline const std::array<std::string, 3> kProcesses{"cam", "web", "log"};
inline constexpr std::string_view kForeign = "/etc/hf/foreign";  ///< a person's, near what is Git's
inline const std::array<std::string, 2> kUnits{"cam.service", "web.service"};
inline constexpr std::string_view kForeignUnit = "theirs.service";
inline constexpr std::size_t kBigFiles = 30;  ///< of the application that may shrink

/// Of a folder, by its stage: "presync-a".
std::string hook_name(const std::string& folder, const std::string& stage);

class Workload {
 public:
  Workload(World& world, int fails_again);

  /// Nodes, labels, applications, a first commit.
  void begin();
  /// One act.
  void act();
  /// Faults off, everything reachable, hands off.
  void make_safe();
  /// A last commit that is good for everything, labels and applications as they shall be.
  void commit_last();
  /// Of some fleets, once all is calm: and then every agent starts anew.
  void drop_old_key();
  /// Of a node with containers and units: a hand ends those that nothing else ends.
  void meddle_with_what_is_steady(NodeBox& node);
  /// Objects at the hub are as the oracle has them; false: not yet, ask again.
  bool settle_objects();
  void confirm_prunes();
  /// A person looks at the nodes that hold more than a restored hub knows of, and lets it go on.
  void approve();

 private:
  std::uint64_t below(std::uint64_t bound) { return world_.random.below(bound); }
  bool chance(std::uint32_t percent) { return below(100) < percent; }
  NodeBox& any_node() { return *world_.nodes[below(world_.nodes.size())]; }
  std::string any_application();
  FolderModel& any_folder();
  std::string name_of(const FolderModel& folder) const;
  void clear_away();
  void replay();
  void fail_again();
  void steal();
  std::string next_content() { return "c" + std::to_string(++contents_); }

  void commit(const std::string& why);
  void push(const std::string& why, bool rewritten);
  // Git
  void change_files();
  void change_processes();
  void change_hooks();
  void move_claim();
  void rename_resource();
  void break_or_mend();
  void shrink();
  // people
  void relabel();
  void relabel(NodeBox& node);
  void repoint();
  void apply(const ApplicationModel& application);
  void remove_or_apply();
  void roll_back();
  void ask();
  // hands
  void meddle();
  void kill_process();
  // pods and units
  void begin_containers();
  void put_good_containers(FolderModel& folder);
  void change_pods();
  void change_units();
  void meddle_with_containers();
  void replace_container(NodeBox& node, const base::ContainerName& name);
  void copy_container(NodeBox& node, const base::ContainerName& name);
  void meddle_with_units();
  void trouble_engine();
  void restart_engine(NodeBox& node);
  void trouble_systemd();
  void end_trouble_of_containers(NodeBox& node);
  void clear_away_containers(NodeBox& node);
  // misfortune
  void crash();
  void cut_power();
  void trouble_network();
  void change_through_trouble();
  void trouble_disk();
  void drop_file();
  void trouble_git();
  void move_clock();
  void change_facts();
  // secrets
  void change_secret();
  void put_secret(FolderModel& folder);
  void rotate_sealing_key();
  // trust
  void rotate();
  void rotate(hub::OldKeys old);
  void attack();
  // an older copy of the hub
  void back_up();
  void restore();
  void restore_what_was_taken_back();
  bool is_hub_behind() const;
  bool holds_for_good(const std::string& node, const sync::Claim& claim) const;

  World& world_;
  int fails_again_;
  RepositoryModel repository_;
  std::map<std::string, Oracle::Labels> labels_;
  std::vector<std::string> revisions_;
  Words copied_words_;               ///< as they were when the hub was copied
  std::set<std::string> repointed_;  ///< applications
  RepositoryModel failures_;         ///< folders as they were when they could not become healthy
  std::set<std::pair<std::string, std::string>>
      replaced_;  ///< node, path: where a hand put a file of its own
  std::uint64_t contents_ = 0;
  std::uint64_t versions_ = 0;
  std::uint64_t secrets_ = 0;
};

}  // namespace holdfast::sim
