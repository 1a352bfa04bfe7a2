// SPDX-License-Identifier: Apache-2.0
// FakeFleet: a hub's side of a desired state for tests and the simulator: a fleet with a signing key,
// applications built from a few words, and signed states as a node would be sent them.
// Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/signing.hpp"
#include "edge_agent/engine.hpp"
#include "sync/model/desired_state.hpp"
#include "sync/model/section.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::edge_agent {

/// Annotations and the like of one manifest.
struct FakeMeta {
  std::int64_t wave = 0;
  std::string depends_on;
  bool prune_disabled = false;
  std::string ns = "default";
  std::string hook{};
  std::string hook_delete_policy{};
};

/// One application's section, put together resource by resource:
///     FakeApp("cameras").file("motd", "/etc/motd", "hello").process("web", {"/usr/bin/web"})
class FakeApp {
 public:
  /// Its uid is "uid-<name>". Self-heals and prunes unless told otherwise; one retry after 5 s.
  explicit FakeApp(std::string name);

  /// Each replaces a resource of the same kind and name.
  FakeApp& file(const std::string& name, const std::string& path, const std::string& content,
                FakeMeta meta = {});
  /// `spec` is JSON: {"path": …}.
  FakeApp& file_spec(const std::string& name, const std::string& spec, FakeMeta meta = {});
  FakeApp& process(const std::string& name, const std::vector<std::string>& command, FakeMeta meta = {});
  FakeApp& process_spec(const std::string& name, const std::string& spec, FakeMeta meta = {});
  /// `spec` is JSON, that of a Pod.
  FakeApp& pod(const std::string& name, const std::string& spec, FakeMeta meta = {});
  FakeApp& unit_spec(const std::string& name, const std::string& spec, FakeMeta meta = {});
  /// The same of a Deployment, DaemonSet, Job or CronJob.
  FakeApp& workload(const std::string& kind, const std::string& name, const std::string& spec,
                    FakeMeta meta = {});
  FakeApp& config_map(const std::string& name, const std::map<std::string, std::string>& data,
                      FakeMeta meta = {});
  /// Each value of `data` sealed to `key`, for `sealed_as` where that is another place.
  FakeApp& secret(const std::string& name, const base::SealingPublicKey& key,
                  const std::map<std::string, std::string>& data, const std::string& sealed_as = {});
  FakeApp& without(const std::string& brief);

  FakeApp& revision(const std::string& commit);
  FakeApp& confirm_prune(bool confirmed = true);
  FakeApp& withhold(std::vector<sync::Claim> claims);

  sync::SectionPolicy policy;

  const std::string& name() const { return name_; }
  sync::ApplicationUid uid() const { return sync::ApplicationUid("uid-" + name_); }
  std::string bytes() const;
  base::Digest digest() const { return base::Digest::of(bytes()); }
  sync::SectionRef ref() const;
  sync::SectionBody body() const;

 private:
  FakeApp& add(const std::string& api, const std::string& kind, const std::string& name,
               const std::string& members, const FakeMeta& meta);

  std::string name_;
  std::map<sync::ResourceKey, sync::Resource> resources_;
  sync::Revision revision_{"0123456789012345678901234567890123456789"};
  bool prune_confirmed_ = false;
  std::vector<sync::Claim> withhold_;
};

class FakeFleet {
 public:
  explicit FakeFleet(std::uint64_t seed = 1);

  NodeIdentity identity(const std::string& node_name) const;
  const base::SigningKey& key() const { return key_; }
  const sync::FleetId& id() const { return id_; }

  sync::DesiredHeader header(const sync::NodeUid& node, sync::Generation generation,
                             const std::vector<FakeApp>& apps,
                             const std::vector<sync::Removal>& removals = {}) const;
  /// With every body.
  sync::State state(const sync::NodeUid& node, sync::Generation generation, const std::vector<FakeApp>& apps,
                    const std::vector<sync::Removal>& removals = {}) const;

 private:
  sync::FleetId id_;
  base::SigningKey key_;
  base::MacKey mark_key_;
};

sync::Claim path_claim(const std::string& path);
/// Of "name" in namespace default, or "namespace/name".
sync::Claim process_claim(const std::string& name);

}  // namespace holdfast::edge_agent
