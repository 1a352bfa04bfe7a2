// SPDX-License-Identifier: Apache-2.0
#include "sync/link/resolver.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>
#include <thread>

namespace holdfast::sync {

using base::Code;
using base::fail;

struct Lookup::Shared {
  std::string host;
  std::string port;
  base::Fd done_fd;
  std::atomic<bool> done = false;
  int error = 0;  // of getaddrinfo; written before `done`
  std::vector<SocketAddress> addresses;

  void run(int flags);
  void finish();
};

std::string SocketAddress::ip() const {
  std::array<char, NI_MAXHOST> text{};
  const auto* const address = reinterpret_cast<const sockaddr*>(&storage);
  const int rc = ::getnameinfo(address, length, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
  return rc == 0 ? text.data() : "?";
}

void Lookup::Shared::run(int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* raw = nullptr;
  error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &raw);
  const base::Handle<addrinfo, ::freeaddrinfo> all(error == 0 ? raw : nullptr);
  for (const addrinfo* one = all.get(); one != nullptr; one = one->ai_next) {
    SocketAddress address;
    if (one->ai_addrlen > sizeof(address.storage)) continue;
    std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
    address.length = one->ai_addrlen;
    addresses.push_back(address);
  }
}

void Lookup::Shared::finish() {
  done = true;
  const std::uint64_t one = 1;
  // An eventfd of our own that nobody else writes to always has room.
  if (::write(done_fd.get(), &one, sizeof(one)) != static_cast<ssize_t>(sizeof(one))) std::abort();
}

namespace {

/// Signals belong to the event loop: a thread begins with all of them blocked.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

base::Result<Lookup> Lookup::start(const std::string& host, std::uint16_t port) {
  auto shared = std::make_shared<Shared>();
  shared->host = host;
  shared->port = std::to_string(port);
  shared->done_fd.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!shared->done_fd) return fail(base::Error::from_errno(errno, "eventfd"));
  shared->run(AI_NUMERICHOST);
  if (shared->error == 0) {
    shared->finish();
    return Lookup(std::move(shared));
  }
  const AllSignalsBlocked blocked;
  try {
    std::thread([shared] {
      shared->run(0);
      shared->finish();
    }).detach();
  } catch (const std::system_error& error) {
    return fail(Code::kUnavailable, std::string("no thread for a name lookup: ") + error.what());
  }
  return Lookup(std::move(shared));
}

int Lookup::fd() const { return shared_->done_fd.get(); }
bool Lookup::done() const { return shared_->done; }

base::Result<std::vector<SocketAddress>> Lookup::result() const {
  // Also what makes the thread's writing visible here.
  if (!shared_->done) return fail(Code::kInternal, shared_->host + ": asked before the lookup was done");
  if (shared_->error == 0 && !shared_->addresses.empty()) return shared_->addresses;
  const char* const why = shared_->error == 0 ? "no address" : ::gai_strerror(shared_->error);
  return fail(Code::kUnavailable, shared_->host + ": " + why);
}

}  // namespace holdfast::sync
