// SPDX-License-Identifier: Apache-2.0
// What the simulator itself knows of a repository: folders of files, processes, pods and units, written down as YAML for the
// hub and kept as plain values for the oracle, so that neither depends on the other's reading.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/sealing.hpp"
#include "sync/model/claim.hpp"

namespace holdfast::sim {

using Claims = std::set<sync::Claim>;

/// Of all containers; every node has it.
inline constexpr std::string_view kImage = "registry.example.com/sim:1";

sync::Claim path_claim(const std::string& path);
sync::Claim process_claim(const std::string& name);
sync::Claim unit_claim(const std::string& unit);
/// Where the file of a unit lies.
std::string unit_path(const std::string& unit);

struct FileModel {
  std::string path;
  std::string content;
  std::uint32_t mode = 0644;
  std::string
      secret{};  ///< name of the Secret of this folder that `content` is the value of; empty: it stands in Git
};

struct SecretModel {
  std::string value;
  std::string sealed;  ///< as Git holds it
};
/// Sealed to the hub.
SecretModel seal_secret(const std::string& name, std::string value, const base::SealingPublicKey& key);

struct ProcessModel {
  enum class Way { kGood, kExits, kNeverReady, kSlowToStop };
  std::string version;
  Way way = Way::kGood;
  bool is_bad() const { return way == Way::kExits || way == Way::kNeverReady; }
  /// The argument that tells this spec from any other.
  std::string argument() const;
};

/// A Process that ends: run at its stage, once for each attempt.
struct HookModel {
  std::string version;
  std::string stage;     ///< PreSync, Sync, PostSync, SyncFail
  std::string policy{};  ///< its delete policy; empty: none is said
  bool fails = false;
  std::string argument() const { return version + "-hook"; }
};

/// A Pod, or a Deployment, of an image that every node has.
struct PodModel {
  std::string version;
  ProcessModel::Way way = ProcessModel::Way::kGood;
  std::uint32_t replicas = 0;  ///< of a Deployment; 0: a Pod
  bool is_bad() const { return ProcessModel{version, way}.is_bad(); }
  /// The argument that tells this spec from any other.
  std::string argument() const { return ProcessModel{version, way}.argument(); }
};
/// Of a Deployment one for all its pods.
sync::Claim pod_claim(const std::string& name, const PodModel& pod);

/// Of a container as the engine knows it: the Pod or Deployment that it is of, and what that claims. The names of Deployments
/// end in "dep", those of Pods do not.
struct ContainerOwner {
  std::string name;
  sync::Claim claim;
};
ContainerOwner owner_of_container(const std::string& container);

/// A service that is there by its file alone.
struct UnitModel {
  std::string version;
  bool fails = false;    ///< at its start, for good
  bool is_idle = false;  ///< state: stopped, and not enabled
  std::string content() const;
};
/// Of such content.
bool is_idle_unit(const std::string& content);

enum class Damage { kNone, kYaml, kSpec };

struct FolderModel {
  std::map<std::string, FileModel> files;         ///< by name
  std::map<std::string, ProcessModel> processes;  ///< by name
  std::map<std::string, SecretModel> secrets{};   ///< by name
  std::map<std::string, HookModel> hooks{};       ///< by name
  std::map<std::string, PodModel> pods{};         ///< by name
  std::map<std::string, UnitModel> units{};       ///< by the unit's name
  Damage damage = Damage::kNone;
  std::string file_name = "all.yaml";

  bool empty() const {
    return files.empty() && processes.empty() && secrets.empty() && hooks.empty() && pods.empty() &&
           units.empty();
  }
  bool is_good() const { return damage == Damage::kNone && !empty(); }
  bool fails_on_nodes() const;
  Claims claims() const;
  bool holds(const sync::Claim& claim) const { return claims().contains(claim); }
  std::string yaml() const;
  /// " f0:/etc/hf/p0 web", for the trace.
  std::string summary() const;
};

/// By folder.
using RepositoryModel = std::map<std::string, FolderModel>;

struct ApplicationModel {
  std::string name;
  std::string folder;
  std::string key;  ///< of the label that places it
  std::string value;
  bool finalizer = false;
  bool exists = false;
  bool reads_facts() const { return key.starts_with("facts."); }
};

}  // namespace holdfast::sim
