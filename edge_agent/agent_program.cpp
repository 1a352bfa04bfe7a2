// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/agent_program.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "base/build_time.hpp"
#include "base/file_io.hpp"
#include "base/limits/agent.hpp"
#include "base/limits/secrets.hpp"
#include "base/log.hpp"
#include "base/version.hpp"
#include "edge_agent/hardware.hpp"
#include "edge_agent/machine_calls.hpp"
#include "edge_agent/machine_facts.hpp"
#include "edge_agent/registry/pull_process.hpp"
#include "edge_agent/units_of_machine.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Result;
using base::Status;
using namespace std::chrono_literals;

namespace {

bool is_executable(const std::string& path) { return access(path.c_str(), X_OK) == 0; }

std::string folder_of_this_program() {
  std::array<char, 4096> path{};
  const auto size = readlink("/proc/self/exe", path.data(), path.size() - 1);
  const std::string text(path.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  return text.substr(0, text.rfind('/'));
}

}  // namespace

PodMachine pod_machine() {
  return {[] { return gpu_offer(MachineTree()); }, node_address, base::read_file};
}

Result<std::string> find_shim(const AgentOptions& options) {
  if (!options.shim.empty()) {
    if (is_executable(options.shim)) return options.shim;
    return fail(Code::kNotFound, "--shim " + options.shim + ": not an executable file");
  }
  for (const auto& path :
       {folder_of_this_program() + "/holdfast-shim", std::string("/usr/bin/holdfast-shim")}) {
    if (is_executable(path)) return path;
  }
  return fail(Code::kNotFound,
              "holdfast-shim is neither beside this program nor in /usr/bin; say where with --shim");
}

Result<std::unique_ptr<AgentProgram>> AgentProgram::create(const AgentOptions& options) {
  const auto started = base::SystemClock().monotonic();
  const DataFolder folder(options.data);
  HF_TRY(auto node, folder.load_node());
  HF_TRY(auto lock, base::DirectoryLock::take(folder.root()));
  TrustKeeper trust(folder, node);
  trust.load();
  auto program = std::unique_ptr<AgentProgram>(
      new AgentProgram(options, std::move(lock), std::move(node), std::move(trust)));
  program->started_ = started;
  HF_CHECK(program->open());
  return program;
}

AgentProgram::AgentProgram(AgentOptions options, base::DirectoryLock lock, NodeFile node, TrustKeeper trust)
    : options_(std::move(options)),
      lock_(std::move(lock)),
      node_(std::move(node)),
      trust_(std::move(trust)),
      folder_(options_.data),
      sealing_(folder_.sealing_key_file()),
      identity_(identity_of(node_, trust_.document())) {
  identity_.hardware = hardware_number(fingerprint_of(hardware_facts(), node_.hardware));
}

Status AgentProgram::open() {
  HF_TRY(loop_, base::EventLoop::create());
  HF_CHECK(loop_->on_signals({SIGTERM, SIGINT}, [this](int) {
    is_told_to_end_ = true;
    loop_->stop();
  }));
  // Before the store is opened: a damaged page may end this process there, and the next start is to know.
  const auto last = last_end();
  HF_CHECK(note_running());
  HF_TRY(store_, open_agent_store(folder_.store(), last));
  if (last == LastEnd::kDamaged && ::truncate(folder_.running_file().c_str(), 0) != 0)
    return fail(base::Error::from_errno(errno, folder_.running_file()));
  HF_CHECK(base::make_private_directory(folder_.run()));
  HF_CHECK(base::make_private_directory(folder_.logs()));
  segments_ = std::make_unique<sync::FolderSegments>(folder_.outbox());
  outbox_ = std::make_unique<Outbox>(Outbox::Seams{clock_, random_, *segments_});
  HF_TRY(auto shim, find_shim(options_));
  HF_TRY(host_, base::LinuxHost::create(*loop_, {.root = options_.root.empty() ? "/" : options_.root,
                                                 .run_dir = folder_.run(),
                                                 .log_dir = folder_.logs(),
                                                 .shim_path = std::move(shim),
                                                 .own_folder = folder_.root(),
                                                 .boot_id = std::nullopt}));
  if (auto sockets = engine_sockets(options_); !sockets.empty())
    containers_ = std::make_unique<base::EngineClient>(*loop_, clock_, std::move(sockets));
  units_ = open_units(options_, *loop_, clock_);
  HF_CHECK(open_images());
  timer_ = loop_->timer([this] { work(); });
  // Without them Secrets wait, and nothing else.
  if (const auto loaded = sealing_.load_or_make(random_, clock_.wall()); !loaded)
    base::log::failure("the node's sealing keys cannot be used", "sealing", loaded.error());
  HF_CHECK(boot_engine());
  // In place of the listener that boot() installed: it must also wake this loop.
  host_->on_event([this](const base::HostEvent& event) {
    engine_->on_host_event(event);
    work_soon();
  });
  // Other programs than the host tell things, too.
  engine_->on_wake([this] { work_soon(); });
  HF_CHECK(open_renewal());
  HF_CHECK(open_link());
  HF_CHECK(open_trust());
  routes_ = std::make_unique<LocalRoutes>(*engine_, *session_, identity_);
  routes_->show_certificate([this] {
    return CertificateNote{renewal_->not_after(), renewal_->due(), renewal_->trouble(),
                           renewal_->is_key_in_tpm()};
  });
  routes_->show_trust([this] { return trust_note(); }, [this] { return trust_.take_offered(); });
  HF_TRY(api_, LocalApi::listen(*loop_, folder_.socket(), [this](const LocalRequest& request) {
           auto response = routes_->answer(request);
           if (request.method == "POST") work_soon();
           return response;
         }));
  routes_->rotate_sealing_key([this] { return rotate_sealing_key(); });
  sealing_timer_ = loop_->timer([this] { look_at_sealing_keys(); });
  routes_->show_machine([this] { return watch_.metrics(); });
  desk_->show_machine([this] { return watch_.metrics(); });
  tidy_timer_ = loop_->timer([this] {
    tidy_logs();
    look_at_machine();
    memory_.give_back();
  });
  return {};
}

LastEnd AgentProgram::last_end() const {
  struct stat running{};
  if (::stat(folder_.running_file().c_str(), &running) == 0)
    return running.st_size > 0 ? LastEnd::kDamaged : LastEnd::kCrashed;
  return ::access(folder_.run().c_str(), F_OK) == 0 ? LastEnd::kWithStore : LastEnd::kInOrder;
}

/// Not for the disk's sake: a process that ends here is what it is about.
Status AgentProgram::note_running() {
  const base::Fd made(::open(folder_.running_file().c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  return made ? Status() : fail(base::Error::from_errno(errno, folder_.running_file()));
}

Status AgentProgram::open_images() {
  if (!containers_) return {};
  HF_TRY(auto options, pull_options_of(options_, environment_variable));
  pull_reaper_ = std::make_unique<base::ChildReaper>(*loop_);
  image_records_ = std::make_unique<ImageRecords>(folder_.image_book());
  // Whatever became of the file of this program, its child is of the same version.
  const auto start_pull = [this](const PullJob& job, PullListener listener) {
    return PullProcess::start({*loop_, *pull_reaper_}, "/proc/self/exe", job, std::move(listener));
  };
  image_puller_ = std::make_unique<ImagePuller>(
      ImagePuller::Seams{*containers_, *image_records_, start_pull,
                         [this](std::function<void()> work) { loop_->post(std::move(work)); }, clock_,
                         [this] { return engine_->images_needed(); }},
      std::move(options), folder_.image_blobs());
  image_collector_ =
      std::make_unique<ImageCollector>(ImageCollector::Seams{*containers_, clock_, *image_records_,
                                                             [this] { return engine_->images_needed(); },
                                                             [this] { return !image_puller_->is_idle(); }},
                                       folder_.image_blobs());
  return {};
}

Status AgentProgram::boot_engine() {
  auto places = pod_places(folder_.root(), options_.root);
  HF_TRY(places.shim, find_shim(options_));
  const auto make = [this, places] {
    engine_ = std::make_unique<Engine>(
        Engine::Seams{clock_, random_, *store_, *host_, outbox_.get(), containers_.get(), places,
                      units_.get(), image_puller_.get(), base::build_time(), pod_machine()},
        identity_);
    auto facts = options_.facts;
    facts.merge(machine_facts(folder_.root()));
    engine_->set_facts(std::move(facts));
    engine_->started(started_);
    open_secrets();
    engine_->on_wake([this] { work_soon(); });
    return engine_->boot();
  };
  auto booted = make();
  if (booted || booted.error().code() != Code::kCorrupt) return booted;
  // Never answered with deletes: what still reads is kept, the inventory is filled from the marks on the host, and
  // nothing is deleted before the hub has spoken.
  engine_.reset();
  store_.reset();
  HF_TRY(store_, rescue_agent_store(folder_.store(), booted.error()));
  return make();
}

Status AgentProgram::open_renewal() {
  HF_TRY(auto proxies, proxy_of(options_, environment_variable));
  renewal_ = std::make_unique<Renewal>(
      Renewal::Seams{*loop_, clock_, random_}, folder_, node_.name, [this] { return trust_.document(); },
      std::move(proxies));
  renewal_->set_earliest(base::build_time());
  renewal_->on_renewed([this] {
    link_->stop();
    link_->start();
  });
  renewal_->open();
  return {};
}

Status AgentProgram::open_trust() {
  HF_TRY(auto proxies, proxy_of(options_, environment_variable));
  trust_fetch_ = std::make_unique<TrustFetch>(TrustFetch::Seams{*loop_, clock_, random_}, trust_, node_,
                                              std::move(proxies));
  session_->on_trust([this](std::string_view encoded) { return trust_.take(encoded); });
  trust_.on_taken([this] {
    if (const auto believed = believe(); !believed)
      base::log::error("the new addresses cannot be used", {{"error", believed.error().message()}});
  });
  return {};
}

TrustNote AgentProgram::trust_note() const {
  return {trust_.document().version, trust_.trouble().empty() ? trust_fetch_->trouble() : trust_.trouble()};
}

/// What a trust document that has come says is in force at once; link and HTTPS take it at their next attempt.
Status AgentProgram::believe() {
  const auto& trust = trust_.document();
  std::vector<sync::BrokerAddress> brokers;
  for (const auto& broker : trust.brokers) {
    HF_TRY(auto address, sync::BrokerAddress::parse(broker));
    brokers.push_back(std::move(address));
  }
  link_->believe(std::move(brokers), sync::Pem::from_text(trust.ca_bundle));
  session_->set_trust(trust.signing_keys, trust.version);
  renewal_->trust_changed(session_->connected());
  return {};
}

/// From the first secret on, what this process holds is for nobody's core file, and for no debugger of its own user.
void AgentProgram::open_secrets() {
  engine_->set_sealing_keys(sealing_.keys());
  engine_->on_secret_opened([] { ::prctl(PR_SET_DUMPABLE, 0); });
}

Status AgentProgram::rotate_sealing_key() {
  HF_CHECK(sealing_.rotate(random_, clock_.wall()));
  engine_->set_sealing_keys(sealing_.keys());
  session_->say_hello_again();
  base::log::info("a new sealing key was made",
                  {{"key", sealing_.keys().newest().key.public_key().id().hex()}});
  return {};
}

void AgentProgram::look_at_sealing_keys() {
  const auto looked = [this]() -> Status {
    if (sealing_.is_rotation_due(clock_.wall())) HF_CHECK(rotate_sealing_key());
    // What is stored is read for it, so only where there is anything to drop.
    if (sealing_.keys().all().size() < 2) return {};
    HF_TRY(const bool dropped, sealing_.drop_unneeded(engine_->sealing_keys_needed(), clock_.wall()));
    if (dropped) engine_->set_sealing_keys(sealing_.keys());
    return {};
  }();
  if (!looked) base::log::failure("sealing keys could not be looked after", "sealing", looked.error());
  sealing_timer_->set(base::limits::kSealingKeyLookInterval);
}

/// What the certificate waits for: that a session began with it; and the trust document is asked for when there is none.
void AgentProgram::look_at_link() {
  trust_fetch_->connected(session_->connected());
  const auto connects = session_->counters().connects;
  if (connects == std::exchange(connects_seen_, connects)) return;
  renewal_->connected();
}

Status AgentProgram::open_link() {
  sync::MosquittoLinkOptions options;
  HF_TRY(const auto profile, profile_of(options_));
  const Pace pace = pace_of(profile);
  options.client_id = node_.uid.str();
  options.alpn = {std::string(sync::kMqttAlpn)};
  options.keep_alive = pace.keep_alive;
  HF_TRY(options.proxy, proxy_of(options_, environment_variable));
  for (const auto& broker : trust_.document().brokers) {
    HF_TRY(auto address, sync::BrokerAddress::parse(broker));
    options.addresses.push_back(std::move(address));
  }
  options.ca = sync::Pem::from_text(trust_.document().ca_bundle);
  options.identity_to_try = [this] { return renewal_->identity_to_try(); };
  options.when = [this] { return renewal_->now(); };
  link_ = std::make_unique<sync::MosquittoLink>(*loop_, clock_, random_, std::move(options));
  desk_ = std::make_unique<CommandDesk>(*engine_, ProcessLogs(folder_.logs()), identity_, clock_);
  session_ = std::make_unique<Session>(Session::Seams{clock_, random_, *store_, *link_, outbox_.get()},
                                       *engine_, identity_, [this](const sync::Command& command) {
                                         return desk_->carry_out(
                                             command, [this, id = command.id](Result<std::string> done) {
                                               session_->answer(id, std::move(done));
                                               work_soon();
                                             });
                                       });
  if (containers_) {
    const auto& marked_for = identity_.mark_uid.str().empty() ? identity_.uid : identity_.mark_uid;
    container_logs_ = std::make_unique<ContainerLogs>(*containers_, Marks(marked_for, identity_.mark_key));
    desk_->show_containers(*container_logs_);
  }
  session_->on_wake([this] { work_soon(); });
  session_->set_beacon_interval(pace.beacon_min, pace.beacon_max);
  engine_->set_full_pass_interval(pace.full_pass);
  log_tidy_interval_ = pace.log_tidy;
  return {};
}

void AgentProgram::work_soon() {
  if (std::exchange(work_posted_, true)) return;
  loop_->post([this] { work(); });
}

void AgentProgram::work() {
  work_posted_ = false;
  if (store_->damage()) return loop_->stop();
  look_at_link();
  auto next = engine_->run_due();
  if (const auto later = session_->run_due(); later && (!next || *later < *next)) next = later;
  memory_.unmap_code();
  // What the session did may have given the engine something to do, and the other way round.
  if (work_posted_ || !next) return timer_->cancel();
  timer_->set(std::max(0ms, *next - clock_.monotonic()));
}

void AgentProgram::look_at_machine() { engine_->set_conditions(watch_.look()); }

void AgentProgram::tidy_logs() {
  const ProcessLogs logs(folder_.logs());
  if (const auto instances = logs.instances()) {
    for (const auto& instance : *instances) {
      if (const auto tidied = logs.tidy(instance); !tidied) {
        base::log::failure("logs could not be tidied", instance, tidied.error());
      }
    }
  }
  if (image_collector_) image_collector_->look();
  tidy_timer_->set(log_tidy_interval_);
}

/// A store that cannot be written any more ends the agent, too: the next one rescues it, and adopts what runs.
Status AgentProgram::note_ended() {
  const auto damage = store_->damage();
  if (!damage) {
    ::unlink(folder_.running_file().c_str());
    return {};
  }
  if (const auto noted = base::write_file(folder_.running_file(), damage->message(), 0600); !noted)
    base::log::error("the damage could not be noted", {{"error", noted.error().message()}});
  if (is_told_to_end_) return {};
  return fail(base::Error(*damage).with_context(folder_.store() + " cannot be written any more"));
}

Status AgentProgram::run() {
  base::log::info("agent started",
                  {{"version", base::kVersion}, {"node", node_.name}, {"uid", node_.uid.str()}});
  look_at_machine();  // so that what is said first is whole
  work();             // from the store, before anything is heard from the network
  session_->start();
  renewal_->start();
  trust_fetch_->start();
  tidy_timer_->set(log_tidy_interval_);
  look_at_sealing_keys();
  loop_->run();
  session_->stop();
  HF_CHECK(note_ended());
  base::log::info("agent stopped; what it supervises goes on running", {{"node", node_.name}});
  return {};
}

}  // namespace holdfast::edge_agent
