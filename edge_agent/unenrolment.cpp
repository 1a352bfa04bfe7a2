// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/unenrolment.hpp"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/build_time.hpp"
#include "base/file_io.hpp"
#include "base/limits/agent.hpp"
#include "base/linux_host.hpp"
#include "base/system_clock.hpp"
#include "edge_agent/agent_program.hpp"
#include "edge_agent/data_folder.hpp"
#include "edge_agent/hardware.hpp"
#include "edge_agent/hub_call.hpp"
#include "edge_agent/node_certificate.hpp"
#include "edge_agent/pruning.hpp"
#include "edge_agent/renewal.hpp"
#include "edge_agent/state_records.hpp"
#include "edge_agent/store_rescue.hpp"
#include "edge_agent/tables.hpp"
#include "edge_agent/units_of_machine.hpp"
#include "sync/link/possession.hpp"
#include "sync/store/folder_segments.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kTarget = "/apis/holdfast.dev/v1/leave";

/// By proof of possession; an expired certificate does.
Status tell_hub(const DataFolder& folder, const NodeFile& node, const sync::ProxyRules& proxies) {
  NodeCertificate certificate(folder);
  HF_CHECK(certificate.load());
  HF_TRY(const auto trust, folder.load_trust(node));
  HF_TRY(const auto proof,
         sync::prove_possession(certificate.current_key(), certificate.current(), sync::kLeavePurpose, ""));
  constexpr std::size_t kHardwareDigits = 16;
  const auto hardware = fingerprint_of(hardware_facts(), node.hardware).substr(0, kHardwareDigits);
  const Json body{{"certificate", certificate.current().pem()},
                  {"signature", base::to_hex(proof)},
                  {"hardware", hardware}};
  return ask_hub({.hubs = trust.hubs,
                  .ca_bundle = trust.ca_bundle,
                  .when = believed_time(base::SystemClock().wall(), certificate.not_before(),
                                        std::max(base::build_time(), trust.issued)),
                  .target = std::string(kTarget),
                  .body = base::canonical_json(body),
                  .proxies = proxies})
      .map([](const Json&) {});
}

/// The accepted state is of the hub that is left: the first generation of the next would look older. Nothing is deleted
/// until that next one has spoken.
Status forget_hub(sync::Store& store) {
  return store.write([](sync::WriteTxn& txn) -> Status {
    for (const auto key : {kHeaderKey, kAppliedKey, kCommandCounterKey, kSettingsCounterKey})
      HF_CHECK(txn.erase(kMetaTable, key));
    return txn.put(kMetaTable, kDeletesForbiddenKey, "1");
  });
}

Status forget_all(sync::Store& store) {
  return store.write([](sync::WriteTxn& txn) -> Status {
    for (const auto table : kAgentTables) {
      if (table == kMetaTable) continue;  // has what outlives it
      std::vector<std::string> keys;
      const auto note = [&](std::string_view key) { keys.emplace_back(key); };
      // What is damaged goes with the rest: nothing of it is needed any more.
      HF_CHECK(txn.scan_past(
          table, "",
          [&](std::string_view key, std::string_view) {
            note(key);
            return true;
          },
          [&](std::string_view key, const base::Error&) { note(key); }));
      for (const auto& key : keys) HF_CHECK(txn.erase(table, key));
    }
    for (const auto key :
         {kHeaderKey, kAppliedKey, kCommandCounterKey, kSettingsCounterKey, kDeletesForbiddenKey})
      HF_CHECK(txn.erase(kMetaTable, key));
    return {};
  });
}

Status prune(const AgentOptions& options, const DataFolder& folder, const NodeFile& node, sync::Store& kept,
             Unenrolled& out) {
  HF_TRY(const auto loop, base::EventLoop::create());
  HF_TRY(auto shim, find_shim(options));
  HF_TRY(const auto host, base::LinuxHost::create(*loop, {.root = options.root.empty() ? "/" : options.root,
                                                          .run_dir = folder.run(),
                                                          .log_dir = folder.logs(),
                                                          .shim_path = std::move(shim),
                                                          .own_folder = folder.root(),
                                                          .boot_id = std::nullopt}));
  base::SystemClock clock;
  RestartBook restarts;
  const Marks marks(node.mark_uid, node.mark_key);
  StateStore store(kept, restarts);
  if (const Status loaded = store.load(); !loaded) return fail(with_way_out(loaded.error()));
  if (store.deletes_forbidden())
    return fail(Code::kUnavailable,
                "what this node made is not known in full: its inventory was lost, or its hub has not spoken "
                "since it enrolled; let the agent run until the hub has, or leave it with --keep");
  const SecretOpener secrets;
  std::unique_ptr<base::EngineClient> containers;
  if (auto sockets = engine_sockets(options); !sockets.empty())
    containers = std::make_unique<base::EngineClient>(*loop, clock, std::move(sockets));
  const auto units = open_units(options, *loop, clock);
  Drivers drivers({*host, clock, marks, restarts, secrets, [](const sync::Claim&) {},
                   [](const sync::Claim&, base::MonotonicTime) {}, containers.get(), node.name,
                   pod_places(folder.root(), options.root), units.get(), &store.units(), nullptr,
                   &store.jobs()});
  const auto end = clock.monotonic() + base::limits::kUnenrollTimeout;
  auto pruned = prune_all(store, drivers, [&] {
    loop->run_once(100ms);
    return clock.monotonic() < end;
  });
  host->on_event(nullptr);
  out.deleted = pruned.deleted;
  out.left = std::move(pruned.left);
  if (pruned.failed.empty()) return forget_all(kept);
  std::string all =
      "not all could be deleted, and the node stays enrolled; mend it and run this again, or "
      "leave it with --keep:";
  for (const auto& one : pruned.failed) all += "\n  " + one;
  return fail(Code::kUnavailable, all);
}

/// A node that never ran has no store, and holds nothing. One that ran and has none has lost it.
Result<std::unique_ptr<sync::LmdbStore>> open_store(const DataFolder& folder) {
  HF_CHECK(end_rescue(folder.store()));
  if (::access(folder.store().c_str(), F_OK) == 0) return open_agent_store(folder.store());
  if (::access(folder.run().c_str(), F_OK) != 0) return nullptr;
  return open_agent_store(folder.store(), LastEnd::kWithStore);
}

Status remove_identity(const DataFolder& folder) {
  for (const auto& path :
       {folder.next_key_file(), folder.next_certificate_file(), folder.key_file(), folder.certificate_file(),
        folder.ca_file(), folder.offered_trust_file(), folder.trust_file(), folder.sealing_key_file(),
        folder.sealing_key_file() + ".corrupt", folder.node_file()}) {
    HF_CHECK(base::remove_file(path));
  }
  return {};
}

Status prune_everything(const AgentOptions& options, const DataFolder& folder, const NodeFile& node,
                        Unenrolled& out) {
  HF_TRY(const auto store, open_store(folder));
  if (store) HF_CHECK(prune(options, folder, node, *store, out));
  return base::remove_file(folder.marks_file());
}

}  // namespace

Status keep_for_next(const DataFolder& folder, const NodeFile& node) {
  HF_TRY(const auto store, open_store(folder));
  if (store) HF_CHECK(forget_hub(*store));
  return folder.save_marks(node);
}

Status forget_lost_identity(const DataFolder& folder) {
  HF_TRY(const auto store, open_store(folder));
  if (!store) return {};
  const auto header = sync::read_one(*store, kMetaTable, std::string(kHeaderKey));
  return header && !*header ? Status() : forget_hub(*store);
}

Result<Unenrolled> unenroll(const AgentOptions& options) {
  const DataFolder folder(options.data);
  HF_TRY(const auto node, folder.load_node());
  auto lock = base::DirectoryLock::take(folder.root());
  if (!lock) return fail(std::move(lock).error().with_context("stop the agent first"));
  Unenrolled out{.name = node.name, .hub_trouble = "", .is_refused = false, .deleted = 0, .left = {}};
  if (options.unenroll == UnenrollMode::kPrune)
    HF_CHECK(prune_everything(options, folder, node, out));
  else
    HF_CHECK(keep_for_next(folder, node));
  HF_TRY(const auto proxies, proxy_of(options, environment_variable));
  if (auto told = tell_hub(folder, node, proxies); !told) {
    out.hub_trouble = told.error().message();
    out.is_refused = told.error().code() == Code::kPermission;
  }
  // What was not told yet is of the fleet that is left, and nobody else's business.
  HF_CHECK(sync::FolderSegments(folder.outbox()).remove(base::limits::kOutboxSegments));
  HF_CHECK(remove_identity(folder));
  return out;
}

}  // namespace holdfast::edge_agent
