// SPDX-License-Identifier: Apache-2.0
#include "hub/broker.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "base/file_io.hpp"
#include "base/handle.hpp"
#include "base/limits/documents.hpp"
#include "base/limits/hub.hpp"
#include "base/limits/wire.hpp"
#include "base/log.hpp"
#include "hub/listener.hpp"
#include "hub/pki.hpp"
#include "sync/model/text.hpp"

namespace holdfast::hub {

using base::Code;
using base::fail;
using base::Result;
using base::Status;
using namespace std::chrono_literals;

namespace {

constexpr auto kStopGrace = 5s;
constexpr const char* kNotStarted = "the broker could not be started";

const base::BackoffPolicy kBackoff{
    .base = 1s, .factor = 2, .max = 60s, .reset_after = 60s, .is_first_free = true};

bool has_lost_shim(const base::ProcessStatus& status) {
  return status.phase == base::ProcessPhase::kLost && status.identity;
}

/// The file that a broker was started with; empty where it cannot be told.
std::string configuration_of(std::int64_t pid) {
  const auto line = base::read_file("/proc/" + std::to_string(pid) + "/cmdline", base::limits::kJsonBytesMax);
  const auto words = sync::split(line ? std::string_view(*line) : std::string_view(), '\0');
  const auto option = std::ranges::find(words, "-c");
  return option == words.end() || option + 1 == words.end() ? "" : std::string(*(option + 1));
}

/// The data folder whose broker this process is, where another hub runs in it; empty: none does, or it cannot be told.
std::string other_hub_of(const std::string& folder, std::int64_t pid) {
  const std::filesystem::path theirs = configuration_of(pid);
  std::error_code problem;
  const bool is_another = !theirs.empty() && std::filesystem::exists(theirs, problem) &&
                          !std::filesystem::equivalent(theirs, folder + "/mosquitto.conf", problem) &&
                          !problem;
  if (!is_another) return {};
  const std::string root = theirs.parent_path().parent_path();
  const auto lock = base::DirectoryLock::take(root);
  return !lock && lock.error().code() == Code::kConflict ? root : "";
}

/// A copied folder says of its original's broker that it is its own, and that it lost its shim.
Status check_is_no_copy(const std::string& folder, const base::ProcessStatus& status) {
  if (!has_lost_shim(status)) return {};
  const auto original = other_hub_of(folder, status.identity->pid);
  if (original.empty()) return {};
  return fail(Code::kConflict,
              folder.substr(0, folder.rfind('/')) + ": this folder was copied from " + original +
                  ", whose hub runs here. Two hubs of one fleet fight: to let this one take the "
                  "other's place, stop that one first");
}

/// Nobody would keep its log or tell how it ended, so it is not left to run; look() goes on when it is gone.
Status end_without_shim(base::Host& host, const base::ProcessStatus& status) {
  base::log::warn(
      "the broker lost its shim, or is that of the folder which this one was copied from; it is ended and "
      "started anew",
      {{"configuration", configuration_of(status.identity->pid)}, {"pid", status.identity->pid}});
  return host.stop_process(status.id, kStopGrace);
}

}  // namespace

std::string broker_configuration(const BrokerOptions& options, bool as_root) {
  std::string out =
      "# Written by holdfast-hub at every start; changes made here are lost.\n"
      "per_listener_settings false\n"
      "allow_anonymous false\n"
      "persistence false\n"
      "connection_messages false\n"
      "log_type error\n"
      "log_type warning\n"
      "log_dest stderr\n"
      "set_tcp_nodelay true\n"
      "max_inflight_messages 20\n"
      "max_queued_messages 0\n"  // every node's retained presence comes to the hub at once: bounded in bytes
      "queue_qos0_messages false\n";
  out += "max_queued_bytes " + std::to_string(base::limits::kBrokerQueuedBytesMax) + "\n";
  // Retained messages of a hostile node must not take the machine with them.
  out += "memory_limit " + std::to_string(base::limits::kBrokerMemoryBytesMax) + "\n";
  out += "max_packet_size " + std::to_string(base::limits::kPacketBytesMax + 4096) + "\n";
  out += "acl_file " + options.folder + "/acl\n";
  out += "password_file " + options.folder + "/passwords\n";
  if (as_root) out += "user root\n";
  out += "listener " + std::to_string(options.port) + (options.address.empty() ? "" : " " + options.address) +
         "\n";
  out += "cafile " + options.ca_file + "\n";
  out += "certfile " + options.certificate_file + "\n";
  out += "keyfile " + options.key_file + "\n";
  out += "tls_version tlsv1.2\n";
  out += "require_certificate true\n";
  out += "use_identity_as_username true\n";
  out += "use_username_as_clientid true\n";
  out += "crlfile " + options.folder + "/revoked.pem\n";
  // The folder is closed to others; here the hub may take any client id, to end its session.
  // Linux takes no longer name of a socket (sun_path); without it a revoked node's session ends when it next connects.
  const auto socket = options.folder + "/admin.sock";
  if (socket.size() < sizeof(sockaddr_un::sun_path)) out += "listener 0 " + socket + "\n";
  return out;
}

std::string broker_acl() {
  return std::string("# Written by holdfast-hub at every start; changes made here are lost.\n") +
         "pattern write hf/1/+/%u/up\n"
         "pattern write hf/1/+/%u/up/presence\n"
         "pattern read hf/1/+/%u/dn/#\n"
         "user " +
         kHubClientName +
         "\n"
         "topic readwrite hf/1/#\n";
}

std::string broker_password_line(const std::string& user, const std::string& password,
                                 const std::string& salt) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  const std::string salted = password + salt;
  EVP_Digest(salted.data(), salted.size(), digest.data(), &size, EVP_sha512(), nullptr);
  return user + ":$6$" + base::to_base64(salt) + "$" +
         base::to_base64({reinterpret_cast<const char*>(digest.data()), size}) + "\n";
}

Result<std::string> find_mosquitto() {
  std::string folders = std::getenv("PATH") == nullptr ? "" : std::getenv("PATH");
  folders += ":/usr/sbin:/usr/local/sbin";
  for (std::size_t begin = 0; begin < folders.size();) {
    const auto end = std::min(folders.find(':', begin), folders.size());
    const auto path = folders.substr(begin, end - begin) + "/mosquitto";
    if (path.front() == '/' && access(path.c_str(), X_OK) == 0) return path;
    begin = end + 1;
  }
  return fail(Code::kNotFound,
              "mosquitto is not installed: apt-get install mosquitto, or give another broker with "
              "--broker mqtts://HOST:PORT");
}

Status check_port_free(const BrokerOptions& options) {
  const std::string address = options.address.empty() ? "0.0.0.0" : options.address;
  return listen_at(address, options.port, "--broker embedded:PORT").map([](const base::Fd&) {});
}

Broker::Broker(base::Host& host, base::EventLoop& loop, base::Clock& clock, BrokerOptions options)
    : host_(host),
      clock_(clock),
      options_(std::move(options)),
      backoff_(kBackoff),
      timer_(loop.timer([this] { look(); })) {}

Status Broker::set_revocation_list(const std::string& list) {
  HF_CHECK(base::make_private_directory(options_.folder));
  HF_CHECK(base::write_file(options_.folder + "/revoked.pem", list, 0600));
  return reload();
}

bool Broker::has_revocation_list() const { return is_there(options_.folder + "/revoked.pem"); }

/// SIGHUP makes it read its files anew: mosquitto(8).
Status Broker::reload() {
  HF_TRY(const auto status, host_.process(id_));
  if (status.phase != base::ProcessPhase::kRunning || !status.identity) return {};
  if (::kill(static_cast<pid_t>(status.identity->pid), SIGHUP) == 0 || errno == ESRCH) return {};
  return fail(base::Error::from_errno(errno, "telling the broker to read its files anew"));
}

Result<std::string> Broker::admin_password(base::Random& random) {
  HF_CHECK(base::make_private_directory(options_.folder));
  const auto path = options_.folder + "/admin.password";
  if (auto known = base::read_file(path, base::limits::kJsonBytesMax); known && !known->empty()) return known;
  std::array<std::uint8_t, 44> bytes{};
  random.fill(bytes);
  const std::string raw(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto password = base::to_hex(raw.substr(0, 32));
  // The password is written last: with it there is the line that the broker reads.
  HF_CHECK(base::write_file(options_.folder + "/passwords",
                            broker_password_line(kBrokerAdminName, password, raw.substr(32)), 0600));
  HF_CHECK(base::write_file(path, password, 0600));
  return password;
}

Status Broker::start() {
  const auto configuration = broker_configuration(options_, geteuid() == 0);
  // A renewed certificate changes the digest, so that the broker is started anew with it.
  HF_TRY(const auto certificate, base::read_file(options_.certificate_file, base::limits::kJsonBytesMax));
  HF_TRY(const auto ca, base::read_file(options_.ca_file, base::limits::kJsonBytesMax));
  const auto passwords = base::read_file(options_.folder + "/passwords", base::limits::kJsonBytesMax);
  digest_ = base::Digest::of(configuration + broker_acl() + certificate + ca + passwords.value_or("")).hex();
  HF_CHECK(base::make_private_directory(options_.folder));
  HF_CHECK(write_if_other(options_.folder + "/mosquitto.conf", configuration, 0600));
  HF_CHECK(write_if_other(options_.folder + "/acl", broker_acl(), 0600));
  HF_TRY(const auto status, host_.process(id_));
  HF_CHECK(check_is_no_copy(options_.folder, status));
  if (status.phase == base::ProcessPhase::kRunning && status.spec_digest == digest_) {
    base::log::info("broker adopted", {{"port", static_cast<int>(options_.port)}});
    return {};
  }
  if (status.phase == base::ProcessPhase::kRunning)
    return host_.stop_process(id_, kStopGrace);  // look() goes on
  if (has_lost_shim(status)) return end_without_shim(host_, status);
  HF_CHECK(check_port_free(options_));
  auto launched = launch();
  if (launched || launched.error().code() != Code::kNoSpace) return launched;
  // People need their hub to see what is wrong; the broker comes when there is room.
  base::log::failure(kNotStarted, "broker", launched.error());
  is_due_ = true;
  timer_->set(backoff_.record(clock_.monotonic()));
  return {};
}

Status Broker::launch() {
  HF_TRY(const auto program, find_mosquitto());
  base::ProcessStart start;
  start.id = id_;
  start.argv = {program, "-c", options_.folder + "/mosquitto.conf"};
  start.env = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}};
  start.spec_digest = digest_;
  HF_TRY(const auto status, host_.start_process(start));
  is_ours_ = true;
  base::log::info("broker started", {{"port", static_cast<int>(options_.port)},
                                     {"pid", status.identity ? status.identity->pid : std::int64_t{0}}});
  return {};
}

void Broker::on_host_event(const base::HostEvent& event) {
  if (event.kind == base::HostEventKind::kProcess && event.name == id_.instance) look();
}

void Broker::look() {
  if (stopping_) return;
  const auto status = host_.process(id_);
  if (status && status->phase == base::ProcessPhase::kRunning) return;
  if (status && has_lost_shim(*status)) {
    const auto ended = end_without_shim(host_, *status);
    if (!ended) base::log::failure("the broker could not be ended", "broker", ended.error());
    return timer_->set(2 * kStopGrace);
  }
  const auto now = clock_.monotonic();
  if (!std::exchange(is_due_, true)) {
    ++restarts_;
    if (const auto wait = backoff_.record(now); wait > 0ms) return timer_->set(wait);
  }
  if (!backoff_.is_ready(now)) return timer_->set(backoff_.ready_at() - now);
  if (const auto launched = launch(); !launched) {
    base::log::failure(kNotStarted, "broker", launched.error());
    return timer_->set(backoff_.record(now));
  }
  is_due_ = false;
  base::log::recovered(kNotStarted, "broker");
}

void Broker::abandon() {
  if (is_ours_) static_cast<void>(stop());
}

Status Broker::stop() {
  stopping_ = true;
  timer_->cancel();
  return host_.stop_process(id_, kStopGrace);
}

}  // namespace holdfast::hub
