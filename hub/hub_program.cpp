// SPDX-License-Identifier: Apache-2.0
#include "hub/hub_program.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>

#include "base/log.hpp"
#include "base/metric.hpp"
#include "base/time_text.hpp"
#include "base/version.hpp"
#include "hub/backup.hpp"
#include "hub/identity_files.hpp"
#include "hub/listener.hpp"
#include "hub/sealing_key_file.hpp"
#include "hub/tables.hpp"

namespace holdfast::hub {

using base::Code;
using base::fail;
using base::Result;
using base::Status;
using namespace std::chrono_literals;

namespace {

std::string folder_of_this_program() {
  std::array<char, 4096> path{};
  const auto size = readlink("/proc/self/exe", path.data(), path.size() - 1);
  const std::string text(path.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  return text.substr(0, text.rfind('/'));
}

Result<std::string> find_beside(const std::string& program) {
  for (const auto& path : {folder_of_this_program() + "/" + program, "/usr/bin/" + program}) {
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  return fail(Code::kNotFound, program + " is neither beside this program nor in /usr/bin");
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

/// What a node can dial: what a person advertised, else the address listened on, else this machine's name.
std::string best_name(const HubOptions& options) {
  if (!options.advertise.empty()) return options.advertise.front();
  if (options.listen_address != "0.0.0.0" && options.listen_address != "::") return options.listen_address;
  return host_name();
}

std::vector<std::string> certificate_names(const HubOptions& options) {
  std::vector<std::string> names{best_name(options)};
  const auto add = [&](const std::string& name) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  for (const auto& name : options.advertise) add(name);
  for (const char* name : {"localhost", "127.0.0.1"}) add(name);
  add(host_name());
  return names;
}

/// As nodes are told, in order: everything that a person advertised.
std::vector<std::string> reached_by(const HubOptions& options) {
  return options.advertise.empty() ? std::vector{best_name(options)} : options.advertise;
}

std::string in_url(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

}  // namespace

Result<std::unique_ptr<HubProgram>> HubProgram::create(const HubOptions& options) {
  HF_CHECK(base::make_private_directory(options.data));
  HF_CHECK(check_is_no_agents(options.data));
  HF_TRY(auto lock, base::DirectoryLock::take(options.data));
  auto program = std::unique_ptr<HubProgram>(new HubProgram(options, std::move(lock)));
  if (auto opened = program->open(); !opened) {
    if (program->broker_) program->broker_->abandon();
    return fail(std::move(opened).error());
  }
  return program;
}

HubProgram::HubProgram(HubOptions options, base::DirectoryLock lock)
    : options_(std::move(options)), lock_(std::move(lock)), folder_(options_.data) {}

HubProgram::~HubProgram() {
  if (operations_) operations_->stop();
  if (door_) door_->stop();
  if (api_) api_->stop();  // its threads use everything else
}

std::string HubProgram::api_url() const {
  return "https://" + in_url(best_name(options_)) + ":" + std::to_string(options_.listen_port);
}

/// The broker's own port, then the hub's, for nodes that may reach no other.
std::vector<std::string> HubProgram::broker_urls() const {
  if (!options_.broker_url.empty()) return {options_.broker_url};
  std::vector<std::string> out;
  for (const auto& name : reached_by(options_)) {
    const std::string host = "mqtts://" + in_url(name) + ":";
    out.push_back(host + std::to_string(options_.broker_port));
    out.push_back(host + std::to_string(options_.listen_port));
  }
  return out;
}

BrokerOptions HubProgram::broker_options() const {
  return {.folder = folder_.broker(),
          .address = options_.listen_address == "0.0.0.0" ? "" : options_.listen_address,
          .port = options_.broker_port,
          .certificate_file = folder_.server_certificate(),
          .key_file = folder_.server_key(),
          .ca_file = folder_.ca_bundle()};
}

/// Where the hub itself reaches its own broker.
std::string HubProgram::broker_ip() const {
  const bool anywhere = options_.listen_address == "0.0.0.0" || options_.listen_address == "::";
  return anywhere ? "127.0.0.1" : options_.listen_address;
}

Status HubProgram::open() {
  HF_TRY(loop_, base::EventLoop::create());
  HF_CHECK(loop_->on_signals({SIGTERM, SIGINT}, [this](int) { loop_->stop(); }));
  HF_CHECK(check_no_restore_is_due(folder_));
  HF_CHECK(check_store_is_there(folder_));
  const bool is_new = !is_any_identity_there(folder_) && !is_there(folder_.store());
  if (is_new) HF_CHECK(check_ports());
  // The store first: keys without one are a loss, and none that a hub which is killed here could be taken for.
  HF_TRY(file_, open_hub_store(folder_));
  store_ = std::make_unique<StoreWatch>(*file_, clock_);
  HF_TRY(recovered_, load_recovered(folder_));
  PkiOptions pki;
  pki.names = certificate_names(options_);
  pki.api_url = api_url();
  pki.brokers = broker_urls();
  pki.recovery_key = options_.recovery_key;
  HF_TRY(pki.store, content_of_store(*store_));
  for (const auto& name : reached_by(options_)) {
    const auto url = "https://" + in_url(name) + ":" + std::to_string(options_.listen_port);
    if (url != pki.api_url) pki.more_api_urls.push_back(url);
  }
  HF_TRY(pki_, Pki::load_or_make(folder_, pki, clock_.wall(), random_));
  if (pki_->is_new()) {
    base::log::warn("a recovery key was made: copy it to a safe place offline, then remove it here",
                    {{"file", folder_.recovery_key()}});
  }
  objects_ = std::make_unique<Objects>(Objects::Seams{clock_, random_, *store_});
  HF_CHECK(objects_->load());
  readmission_ = std::make_unique<Readmission>(clock_, *objects_, *store_, recovered_);
  certificates_ = std::make_unique<CertificateBook>(CertificateBook::Seams{clock_, random_, *store_}, *pki_,
                                                    options_.node_certificate_life);
  HF_CHECK(open_broker());
  HF_CHECK(open_controller());
  return open_api();
}

/// Of a hub that is new, before its keys are made: a port that is taken is the commonest reason not to start.
Status HubProgram::check_ports() const {
  // Both at once: they may be one and the same.
  HF_TRY(const auto door, listen_at(options_.listen_address, options_.listen_port, kListenOption));
  return options_.broker_url.empty() ? check_port_free(broker_options()) : Status();
}

Status HubProgram::open_broker() {
  std::string url = options_.broker_url;
  if (url.empty()) {
    HF_CHECK(base::make_private_directory(folder_.run()));
    HF_CHECK(base::make_private_directory(folder_.logs()));
    HF_TRY(auto shim, find_beside("holdfast-shim"));
    HF_TRY(host_, base::LinuxHost::create(*loop_, {.root = "/",
                                                   .run_dir = folder_.run(),
                                                   .log_dir = folder_.logs(),
                                                   .shim_path = std::move(shim),
                                                   .boot_id = std::nullopt}));
    broker_ = std::make_unique<Broker>(*host_, *loop_, clock_, broker_options());
    host_->on_event([this](const base::HostEvent& event) { broker_->on_host_event(event); });
    HF_TRY(auto password, broker_->admin_password(random_));
    takeover_ = std::make_unique<Takeover>(
        *loop_, TakeoverOptions{broker_->admin_socket(), kBrokerAdminName, std::move(password)});
    revocation_ = std::make_unique<Revocation>(
        Revocation::Parts{*loop_, clock_, *objects_, *certificates_, *pki_, *broker_, *takeover_});
    HF_CHECK(revocation_->start());
    HF_CHECK(broker_->start());
    url = "mqtts://" + in_url(broker_ip()) + ":" + std::to_string(options_.broker_port);
  }
  sync::MosquittoLinkOptions link;
  link.client_id = kHubClientName;
  HF_TRY(auto address, sync::BrokerAddress::parse(url));
  link.addresses = {std::move(address)};
  link.ca = sync::Pem::from_file(folder_.ca_bundle());
  link.identity = {sync::Pem::from_file(folder_.client_certificate()),
                   sync::Pem::from_file(folder_.client_key())};
  link_ = std::make_unique<sync::MosquittoLink>(*loop_, clock_, random_, std::move(link));
  return {};
}

Status HubProgram::open_controller() {
  HF_TRY(auto fetch, find_beside("holdfast-git-fetch"));
  HF_TRY(mirror_, gitops::GitMirror::open(*loop_, random_,
                                          {.folder = folder_.mirrors(), .fetch_program = std::move(fetch)}));
  HF_TRY(sealing_key_, open_sealing_key(folder_, random_, clock_.wall()));
  HF_TRY(auto sealer, find_beside("holdfast-secret-sealer"));
  sealer_ = std::make_unique<SealProcess>(
      *loop_, SealProcess::Options{.program = std::move(sealer), .keys_file = folder_.sealing_key()});
  ControllerOptions options{.fleet = pki_->fleet(),
                            .signing_key = pki_->signing_key(),
                            .signing_keys = pki_->trust_document().signing_keys,
                            .repositories = options_.repositories,
                            .root = options_.root,
                            .poll_interval = options_.poll_interval,
                            .trust = sync::encode(pki_->trust()),
                            .trust_version = pki_->trust_document().version,
                            .floor = recovered_.floor,
                            .sealing_key = sealing_key_,
                            .sealer = sealer_.get(),
                            .readmission = readmission_.get(),
                            .on_membership = [this] {
                              if (revocation_) revocation_->changed();
                            }};
  controller_ = std::make_unique<Controller>(Controller::Seams{clock_, random_, *store_, *link_, *mirror_},
                                             *objects_, std::move(options));
  controller_->on_wake([this] { work_soon(); });
  timer_ = loop_->timer([this] { work(); });
  certificates_timer_ = loop_->timer([this] { look_at_certificates(); });
  return controller_->boot();
}

Status HubProgram::open_api() {
  enrolment_ = std::make_unique<Enrolment>(Enrolment::Seams{clock_, random_}, *objects_, *pki_,
                                           *certificates_, api_url());
  renewal_ = std::make_unique<Renewal>(clock_, *objects_, *pki_, *certificates_, readmission_.get());
  rest_ = std::make_unique<Rest>(*objects_, clock_);
  operations_ = std::make_unique<Operations>(*loop_, *controller_);
  authentication_ = std::make_unique<Authentication>(pki_->admin_token(), clock_);
  const auto on_loop_text = [this](auto work) {
    return operations_
        ->on_loop([work] {
          ApiResponse response;
          response.body = work();
          return response;
        })
        .body;
  };
  ApiParts parts{.rest = *rest_,
                 .operations = *operations_,
                 .enrolment = *enrolment_,
                 .renewal = *renewal_,
                 .authentication = *authentication_,
                 .readiness = [this, on_loop_text] { return on_loop_text([this] { return readiness(); }); },
                 .metrics =
                     [this, on_loop_text] {
                       return on_loop_text([this] {
                         auto metrics = controller_->metrics();
                         metrics.push_back(store_->failures());
                         return base::prometheus_text(metrics);
                       });
                     },
                 .trust = sync::encode_trust(pki_->trust()),
                 .sealing_key = sealing_key_};
  return open_door(std::move(parts));
}

std::string HubProgram::readiness() {
  if (!controller_->ready()) return "the broker is not connected; the hub's log says why";
  if (store_->is_refusing()) return "the store refuses to be written; the hub's log says why";
  return std::string(kReady);
}

Status HubProgram::open_door(ApiParts parts) {
  FrontDoorOptions door{.address = options_.listen_address, .port = options_.listen_port};
  if (options_.broker_url.empty()) {
    door.broker_ip = broker_ip();
    door.broker_port = options_.broker_port;
  }
  HF_TRY(door_, FrontDoor::open(door));
  api_ = std::make_unique<ApiServer>(
      std::move(parts),
      ApiServerOptions{.address = "127.0.0.1",
                       .port = 0,
                       .certificate_file = folder_.server_certificate(),
                       .key_file = folder_.server_key(),
                       .client_of = [this](std::uint16_t port) { return door_->client_of(port); }});
  HF_CHECK(api_->start());
  return door_->start(api_->port());
}

void HubProgram::work_soon() {
  if (work_posted_.exchange(true)) return;
  loop_->post([this] { work(); });
}

void HubProgram::work() {
  work_posted_ = false;
  const auto next = controller_->run_due();
  if (!next) return timer_->cancel();
  timer_->set(std::max(0ms, *next - clock_.monotonic()));
}

/// API server and broker read their certificates when they start, so it takes a start to renew them.
void HubProgram::look_at_certificates() {
  constexpr auto kInterval = 24h;
  certificates_timer_->set(kInterval);
  if (clock_.wall() < pki_->renewal_due()) return;
  base::log::warn("the hub's own certificates come to their end: restart the hub, which makes new ones",
                  {{"end", base::to_rfc3339_seconds(pki_->certificates_end())}});
}

Status HubProgram::run() {
  controller_->start();
  look_at_certificates();
  work_soon();
  std::printf("holdfast-hub %s ready\n  api    %s\n  admin  %s\n  broker %s\n", base::kVersion,
              api_url().c_str(), folder_.admin_file().c_str(),
              options_.broker_url.empty() ? ("embedded, port " + std::to_string(options_.broker_port)).c_str()
                                          : options_.broker_url.c_str());
  std::fflush(stdout);
  loop_->run();
  operations_->stop();  // or the API's threads would wait for a loop that runs no more
  door_->stop();
  api_->stop();
  link_->stop();
  HF_CHECK(controller_->flush());
  if (broker_ && options_.broker_stops_with_hub) HF_CHECK(broker_->stop());
  base::log::info("hub stopped",
                  {{"broker", broker_ && !options_.broker_stops_with_hub ? "goes on running" : "stopped"}});
  return {};
}

}  // namespace holdfast::hub
