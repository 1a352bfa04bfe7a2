// SPDX-License-Identifier: Apache-2.0
// Real Git servers on loopback for the tests of GitMirror: git daemon, sshd, an HTTPS server around git
// http-backend, and one that accepts and says nothing. Each is an ordinary process that ends with its object.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <sys/socket.h>

#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "gitops/git/local_repository_contract.hpp"

namespace holdfast::gitops {

inline base::Fd loopback_socket(std::uint16_t port, bool listening) {
  base::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* where = reinterpret_cast<const sockaddr*>(&address);
  if (listening) {
    if (::bind(fd.get(), where, sizeof address) != 0 || ::listen(fd.get(), 16) != 0) fd.reset();
  } else if (::connect(fd.get(), where, sizeof address) != 0) {
    fd.reset();
  }
  return fd;
}

inline std::uint16_t port_of(const base::Fd& fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

/// One that was free a moment ago; who needs it tries again with another where it is taken since.
inline std::uint16_t free_port() { return port_of(loopback_socket(0, true)); }

/// Waits until `port` is listened on. False: the server ended, or never came.
inline bool comes_up(std::uint16_t port, pid_t pid) {
  for (int i = 0; i < 400; ++i) {
    if (loopback_socket(port, false)) return true;
    siginfo_t ended{};
    if (::waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        ended.si_pid != 0) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
  }
  return false;
}

/// Starts a server that is told its port, anew where the port is taken.
class TestServer {
 public:
  template <class Arguments>
  TestServer(const std::string& log, Arguments arguments, const std::vector<std::string>& environment = {}) {
    for (int i = 0; i < 5 && !up_; ++i) {
      port_ = free_port();
      process_ = std::make_unique<TestProcess>(arguments(port_), log, environment);
      up_ = comes_up(port_, process_->pid());
    }
    EXPECT_TRUE(up_) << text_of(log);
  }
  std::string port() const { return std::to_string(port_); }

 private:
  std::unique_ptr<TestProcess> process_;
  std::uint16_t port_ = 0;
  bool up_ = false;
};

inline void write_text(const std::string& path, const std::string& text, std::filesystem::perms mode) {
  std::ofstream(path, std::ios::binary) << text;
  std::filesystem::permissions(path, mode);
}

inline constexpr auto kPrivate = std::filesystem::perms::owner_read | std::filesystem::perms::owner_write;

inline void run(const std::vector<std::string>& arguments, const std::string& log) {
  const int code = TestProcess(arguments, log).wait();
  EXPECT_EQ(code, 0) << arguments[0] << ": " << text_of(log);
}

inline std::unique_ptr<TestServer> git_daemon(const std::string& folder) {
  return std::make_unique<TestServer>(folder + "/daemon.log", [&](std::uint16_t port) {
    return std::vector<std::string>{
        "git",          "daemon",      "--listen=127.0.0.1",    "--port=" + std::to_string(port),
        "--export-all", "--reuseaddr", "--base-path=" + folder, folder};
  });
}

/// An sshd with keys of three types; `folder` gets client_key, known_hosts (whole), and hostkey_<type>.pub.
class SshServer {
 public:
  explicit SshServer(const std::string& folder) : folder_(folder) {
    for (const char* type : {"ed25519", "ecdsa", "rsa"}) {
      run({"ssh-keygen", "-q", "-t", type, "-N", "", "-f", folder + "/hostkey_" + type},
          folder + "/keygen.log");
    }
    run({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder + "/client_key"},
        folder + "/keygen.log");
    run({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder + "/other_key"}, folder + "/keygen.log");
    write_text(folder + "/authorized_keys", text_of(folder + "/client_key.pub"), kPrivate);
    std::filesystem::create_directories("/run/sshd");  // what Debian's sshd asks for when started as root
    server_ = std::make_unique<TestServer>(folder + "/sshd.log", [&](std::uint16_t port) {
      write_text(folder + "/sshd_config", config(port), kPrivate);
      return std::vector<std::string>{"/usr/sbin/sshd", "-D", "-e", "-f", folder + "/sshd_config"};
    });
    for (const char* type : {"ed25519", "ecdsa", "rsa"}) {
      write_text(folder + "/known_" + type, known_line(type), kPrivate);
    }
  }
  std::string url(const std::string& path) const {
    return "ssh://" + user() + "@127.0.0.1:" + server_->port() + path;
  }
  std::string port() const { return server_->port(); }
  std::string known_line(const std::string& type) const {
    return "[127.0.0.1]:" + server_->port() + " " + text_of(folder_ + "/hostkey_" + type + ".pub");
  }
  static std::string user() { return ::getpwuid(::getuid())->pw_name; }

 private:
  std::string config(std::uint16_t port) const {
    std::string text =
        "ListenAddress 127.0.0.1:" + std::to_string(port) +
        "\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "PermitRootLogin prohibit-password\nPidFile none\nAuthorizedKeysFile " +
        folder_ +
        "/authorized_keys\nSetEnv GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory "
        "GIT_CONFIG_VALUE_0=*\n";
    for (const char* type : {"ed25519", "ecdsa", "rsa"})
      text += "HostKey " + folder_ + "/hostkey_" + type + "\n";
    return text;
  }
  std::string folder_;
  std::unique_ptr<TestServer> server_;
};

/// HTTPS with basic authentication (user "hub", password "s3cret") for everything but /public; /moved/ leads
/// to another host of this machine.
class HttpsServer {
 public:
  explicit HttpsServer(const std::string& folder) : folder_(folder) {
    run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
         "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
         folder + "/tls.key", "-out", folder + "/tls.pem"},
        folder + "/openssl.log");
    server_ = std::make_unique<TestServer>(folder + "/https.log", [&](std::uint16_t port) {
      return std::vector<std::string>{"/usr/bin/python3", "gitops/git/testdata/https_git_server.py",
                                      std::to_string(port), folder};
    });
  }
  std::string url(const std::string& path, const std::string& host = "localhost") const {
    return "https://" + host + ":" + server_->port() + path;
  }
  std::string log() const { return text_of(folder_ + "/requests.log"); }

 private:
  std::string folder_;
  std::unique_ptr<TestServer> server_;
};

}  // namespace holdfast::gitops
