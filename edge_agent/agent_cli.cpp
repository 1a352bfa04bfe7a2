// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/agent_cli.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/engine/engine_client.hpp"
#include "base/file_io.hpp"
#include "base/json.hpp"
#include "base/limits/agent.hpp"
#include "base/limits/wire.hpp"
#include "base/linux_host.hpp"
#include "base/system_clock.hpp"
#include "base/system_random.hpp"
#include "edge_agent/agent_program.hpp"
#include "edge_agent/container_logs.hpp"
#include "edge_agent/data_folder.hpp"
#include "edge_agent/local_routes.hpp"
#include "edge_agent/sealing_key_file.hpp"
#include "edge_agent/store_rescue.hpp"
#include "edge_agent/trust_keeper.hpp"
#include "edge_agent/units_of_machine.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;

namespace {

constexpr int kAskTimeoutMs =
    std::chrono::duration_cast<std::chrono::milliseconds>(base::limits::kLocalAskTimeout).count();

/// An engine on the data folder of an agent that does not run: it looks, and changes nothing.
struct Onlooker {
  base::SystemClock clock;
  base::SystemRandom random;
  std::unique_ptr<base::EventLoop> loop;
  std::unique_ptr<sync::LmdbStore> store;
  std::unique_ptr<base::LinuxHost> host;
  std::unique_ptr<base::UnitManager> units;
  std::unique_ptr<base::EngineClient> containers;
  NodeIdentity identity;
  std::unique_ptr<Engine> engine;

  static Result<std::unique_ptr<Onlooker>> open(const AgentOptions& options);
  void hear_of_others();
};

/// What systemd and a container engine say comes later; a person does not wait for it longer than this.
constexpr std::chrono::milliseconds kNewsWait{1000};

void Onlooker::hear_of_others() {
  const auto is_others = [&](const auto& resource) {
    const auto& key = resource.key;
    const bool is_of_pods = key.kind == "Pod" || key.group == "apps" || key.group == "batch";
    return (units && key.kind == "Unit") || (containers && is_of_pods);
  };
  const auto has_some = [&](const auto& section) {
    return std::ranges::any_of(section.resources, is_others);
  };
  if (std::ranges::none_of(engine->snapshot().sections, has_some)) return;
  static_cast<void>(engine->plan_now());  // asks
  const auto end = clock.monotonic() + kNewsWait;
  while (clock.monotonic() < end) loop->run_once(std::chrono::milliseconds{50});
}

Result<NodeIdentity> who_this_is(const DataFolder& folder) {
  HF_TRY(const auto node, folder.load_node());
  // Without one that can be believed an agent runs, too.
  return identity_of(node, folder.load_trust(node).value_or(sync::TrustDocument{}));
}

Result<std::unique_ptr<Onlooker>> Onlooker::open(const AgentOptions& options) {
  const DataFolder folder(options.data);
  auto out = std::make_unique<Onlooker>();
  HF_TRY(out->identity, who_this_is(folder));
  HF_TRY(out->loop, base::EventLoop::create());
  auto opened = look_into_agent_store(folder.store());
  if (!opened && opened.error().code() == Code::kNotFound) {
    if (::access(folder.run().c_str(), F_OK) == 0)
      return fail(with_way_out({Code::kNotFound, folder.store() + " is lost"}));
    return fail(Code::kNotFound, folder.root() +
                                     ": enrolled, but the agent has not run here yet; start it with "
                                     "`holdfast-agent run --data " +
                                     folder.root() + "`");
  }
  if (!opened) return fail(std::move(opened).error());
  out->store = *std::move(opened);
  HF_TRY(auto shim, find_shim(options));
  HF_TRY(out->host, base::LinuxHost::create(*out->loop, {.root = options.root.empty() ? "/" : options.root,
                                                         .run_dir = folder.run(),
                                                         .log_dir = folder.logs(),
                                                         .shim_path = std::move(shim),
                                                         .boot_id = std::nullopt}));
  out->units = open_units(options, *out->loop, out->clock);
  if (auto sockets = engine_sockets(options); !sockets.empty())
    out->containers = std::make_unique<base::EngineClient>(*out->loop, out->clock, std::move(sockets));
  out->engine = std::make_unique<Engine>(Engine::Seams{.clock = out->clock,
                                                       .random = out->random,
                                                       .store = *out->store,
                                                       .host = *out->host,
                                                       .containers = out->containers.get(),
                                                       .pod_places = pod_places(folder.root(), options.root),
                                                       .units = out->units.get(),
                                                       .machine = pod_machine()},
                                         out->identity);
  SealingKeyFile sealing(folder.sealing_key_file());
  HF_CHECK(sealing.load());
  out->engine->set_sealing_keys(sealing.keys());
  out->engine->on_secret_opened([] { ::prctl(PR_SET_DUMPABLE, 0); });
  const Status booted = out->engine->boot();
  if (!booted && booted.error().code() == Code::kCorrupt) return fail(with_way_out(booted.error()));
  HF_CHECK(booted);
  out->hear_of_others();
  return out;
}

Status print(const AgentOptions& options, const Json& json, std::string (*text)(const Json&)) {
  const std::string out = options.output == OutputFormat::kJson ? json.dump(2) + "\n" : text(json);
  std::fwrite(out.data(), 1, out.size(), stdout);
  return {};
}

std::string percent_encode(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~' || c == '/';
    out += plain ? std::string(1, c) : "%" + base::to_hex(std::string_view(&c, 1));
  }
  return out;
}

/// The running agent's answer, else what an onlooker says.
template <class Look>
Result<Json> ask(const AgentOptions& options, const std::string& target, Look look) {
  auto answer = ask_local(DataFolder(options.data).socket(), "GET", target, kAskTimeoutMs);
  if (!answer && answer.error().code() != Code::kUnavailable) return fail(std::move(answer).error());
  if (!answer) {
    HF_TRY(const auto onlooker, Onlooker::open(options));
    return look(*onlooker);
  }
  HF_TRY(Json json, base::parse_json(answer->body));
  if (answer->status == 200) return json;
  return fail(answer->status == 404 ? Code::kNotFound : Code::kInternal, json.value("message", answer->body));
}

std::string logs_text(const Json& logs) {
  std::string out;
  for (const auto& line : logs.at("lines")) {
    out += line.at("time").get<std::string>() + " " + line.at("process").get<std::string>() + " " +
           (line.at("stream") == "stderr" ? "! " : "  ") + line.at("text").get<std::string>() + "\n";
  }
  return out;
}

}  // namespace

Status show_status(const AgentOptions& options) {
  HF_TRY(const auto json, ask(options, "/v1/status", [](Onlooker& onlooker) -> Result<Json> {
           return status_json(*onlooker.engine, onlooker.identity, nullptr);
         }));
  return print(options, json, status_text);
}

Status show_why(const AgentOptions& options) {
  HF_TRY(const auto json,
         ask(options, "/v1/why?key=" + percent_encode(options.key), [&](Onlooker& onlooker) -> Result<Json> {
           HF_TRY(const auto list, onlooker.engine->why(options.key));
           return why_json(list);
         }));
  return print(options, json, why_text);
}

Status show_plan(const AgentOptions& options) {
  HF_TRY(const auto json, ask(options, "/v1/plan", [](Onlooker& onlooker) -> Result<Json> {
           HF_TRY(const auto plan, onlooker.engine->plan_now());
           return plan_json(plan);
         }));
  return print(options, json, plan_text);
}

Status take_trust(const AgentOptions& options) {
  const DataFolder folder(options.data);
  HF_TRY(const auto node, folder.load_node());
  const auto held = folder.load_trust(node);  // what is missing or cannot be believed is what this is for
  HF_TRY(const auto bytes, base::read_file(options.key, base::limits::kTrustBytesMax));
  auto document = newer_trust(bytes, {}, node);
  if (!document) return fail(std::move(document).error().with_context(options.key));
  if (!*document) return fail(Code::kInvalid, options.key + ": version 0 is no trust document's");
  const auto version = (*document)->version;
  if (held && version <= held->version) {
    std::printf("this node holds version %s already; nothing is changed\n",
                base::to_decimal(held->version).c_str());
    return {};
  }
  HF_CHECK(base::write_file(folder.offered_trust_file(), bytes, 0600));
  // One that does not run reads it when it starts.
  const auto answer = ask_local(folder.socket(), "POST", "/v1/trust", kAskTimeoutMs);
  if (!answer && answer.error().code() != Code::kUnavailable) return fail(answer.error());
  if (answer && answer->status != 200) return fail(Code::kInternal, answer->body);
  if (answer && !folder.load_trust(node)) {
    return fail(Code::kConflict, options.key + ": version " + base::to_decimal(version) +
                                     " is not the one that the running agent believes: " + answer->body);
  }
  std::printf("version %s is in force%s\n", base::to_decimal(version).c_str(),
              answer ? "" : " from the agent's next start on");
  return {};
}

Status rotate_sealing_key(const AgentOptions& options) {
  const DataFolder folder(options.data);
  HF_CHECK(folder.load_node());
  const auto answer = ask_local(folder.socket(), "POST", "/v1/sealing-key", kAskTimeoutMs);
  if (answer && answer->status != 200) return fail(Code::kInternal, answer->body);
  if (!answer && answer.error().code() != Code::kUnavailable) return fail(answer.error());
  if (!answer) {
    HF_TRY(const auto lock, base::DirectoryLock::take(folder.root()));
    base::SystemRandom random;
    SealingKeyFile file(folder.sealing_key_file());
    HF_CHECK(file.load());
    HF_CHECK(file.rotate(random, base::SystemClock().wall()));
  }
  std::printf("a new sealing key is in force%s; the hub seals this node's secrets to it once it has heard\n",
              answer ? "" : " from the agent's next start on");
  return {};
}

namespace {

/// Of the engine itself: as for processes, no agent has to run.
Result<LogCollection> with_containers(const AgentOptions& options, LogCollection collection,
                                      const LogSubject& subject) {
  auto sockets = engine_sockets(options);
  if (sockets.empty() && subject.is_all()) return collection;
  if (sockets.empty())
    return fail(Code::kUnsupported, "no container engine is used here; say with --engine which");
  HF_TRY(const auto identity, who_this_is(DataFolder(options.data)));
  const auto& marked_for = identity.mark_uid.str().empty() ? identity.uid : identity.mark_uid;
  const base::SystemClock clock;
  HF_TRY(const auto loop, base::EventLoop::create());
  base::EngineClient engine(*loop, clock, std::move(sockets));
  ContainerLogs logs(engine, Marks(marked_for, identity.mark_key));
  std::optional<Result<LogCollection>> end;
  HF_CHECK(logs.add(std::move(collection), subject, options.container,
                    [&](Result<LogCollection> collected) { end = std::move(collected); }));
  // Each call of the engine has a deadline.
  while (!end) loop->run_once(std::chrono::seconds{1});
  return *std::move(end);
}

}  // namespace

Status show_logs(const AgentOptions& options) {
  LogsOrder order;
  order.resource = options.key;
  order.container = options.container;
  order.since = options.since;
  HF_TRY(const auto subject, log_subject(order));
  HF_TRY(auto collection, LogCollection::begin(order, base::SystemClock().wall()));
  if (subject.is_process() || subject.is_all())
    HF_CHECK(collection.add_processes(ProcessLogs(DataFolder(options.data).logs()), subject));
  if (!subject.is_process()) {
    HF_TRY(collection, with_containers(options, std::move(collection), subject));
  }
  return print(options, collection.finish(), logs_text);
}

}  // namespace holdfast::edge_agent
