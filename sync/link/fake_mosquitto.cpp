// SPDX-License-Identifier: Apache-2.0
#include "sync/link/fake_mosquitto.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "sync/link/fake_peer.hpp"

namespace holdfast::sync {

namespace {

constexpr auto kAcl = R"(user hub
topic readwrite #
pattern write hf/1/+/%u/up/#
pattern read hf/1/+/%u/dn/#
)";

std::string configuration(const std::string& folder, std::uint16_t port) {
  return "per_listener_settings false\nallow_anonymous false\npersistence false\nset_tcp_nodelay true\n"
         "acl_file " +
         folder + "/acl\nlog_dest file " + folder +
         "/log\nlog_type all\n"
         "listener " +
         std::to_string(port) + " 127.0.0.1\ncafile " + folder + "/ca.pem\ncertfile " + folder +
         "/broker.pem\nkeyfile " + folder +
         "/broker.key\nrequire_certificate true\nuse_identity_as_username true\n"
         "use_username_as_clientid true\ntls_version tlsv1.2\n" +
         (::geteuid() == 0 ? "user root\n" : "");
}

}  // namespace

FakeMosquitto::FakeMosquitto(FakePki& pki, const TlsIdentity& server) : port_(closed_port()) {
  std::string name = std::filesystem::temp_directory_path() / "hf-broker-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) std::abort();
  folder_ = name;
  pki.write(folder_, "broker", server);
  std::ofstream(folder_ + "/acl") << kAcl;
  std::ofstream(folder_ + "/conf") << configuration(folder_, port_);
  start();
}

FakeMosquitto::~FakeMosquitto() {
  kill(SIGKILL);
  std::filesystem::remove_all(folder_);
}

bool FakeMosquitto::accepts() const {
  const base::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

void FakeMosquitto::start() {
  const std::string conf = folder_ + "/conf";
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that crashes leaves no broker
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, STDOUT_FILENO);
    ::dup2(null, STDERR_FILENO);
    ::execlp("mosquitto", "mosquitto", "-c", conf.c_str(), nullptr);
    ::execl("/usr/sbin/mosquitto", "mosquitto", "-c", conf.c_str(), nullptr);
    ::_exit(127);
  }
  for (int i = 0; i < 1'000 && ::waitpid(pid_, nullptr, WNOHANG) == 0; ++i) {
    if (accepts()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  std::fprintf(stderr, "mosquitto did not start; see %s/log\n", folder_.c_str());
  std::abort();
}

void FakeMosquitto::kill(int signal) {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGCONT);
  ::kill(pid_, signal);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void FakeMosquitto::freeze(bool frozen) { ::kill(pid_, frozen ? SIGSTOP : SIGCONT); }

}  // namespace holdfast::sync
