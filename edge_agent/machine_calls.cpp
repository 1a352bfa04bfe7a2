// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/machine_calls.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/statvfs.h>

#include <array>

#include "base/handle.hpp"

namespace holdfast::edge_agent {

std::optional<DiskSpace> disk_space(const std::string& path) {
  struct statvfs about{};
  if (::statvfs(path.c_str(), &about) != 0 || about.f_blocks == 0) return std::nullopt;
  const std::uint64_t block = about.f_frsize;  // a word on 32 bits would not hold the product
  return DiskSpace{about.f_blocks * block, about.f_bavail * block};
}

namespace {

/// Of addresses that are for documentation, so nobody's: only the way to them counts.
std::string address_towards(int family, const char* far) {
  constexpr std::uint16_t kAnyPort = 9;
  sockaddr_storage to{};
  to.ss_family = static_cast<sa_family_t>(family);
  socklen_t size = sizeof(sockaddr_in6);
  if (family == AF_INET) {
    auto& in = reinterpret_cast<sockaddr_in&>(to);
    in.sin_port = htons(kAnyPort);
    ::inet_pton(family, far, &in.sin_addr);
    size = sizeof(sockaddr_in);
  } else {
    auto& in = reinterpret_cast<sockaddr_in6&>(to);
    in.sin6_port = htons(kAnyPort);
    ::inet_pton(family, far, &in.sin6_addr);
  }
  const base::Fd socket(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket || ::connect(socket.get(), reinterpret_cast<sockaddr*>(&to), size) != 0) return {};
  sockaddr_storage from{};
  socklen_t from_size = sizeof from;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&from), &from_size) != 0) return {};
  return address_text(reinterpret_cast<const sockaddr*>(&from));
}

}  // namespace

std::string address_text(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = nullptr;
  if (address->sa_family == AF_INET)
    bytes = &reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
  else if (address->sa_family == AF_INET6)
    bytes = &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  if (bytes == nullptr || ::inet_ntop(address->sa_family, bytes, text.data(), text.size()) == nullptr)
    return {};
  return text.data();
}

std::string first_address(const ifaddrs* interfaces) {
  for (const int family : {AF_INET, AF_INET6}) {
    for (const auto* one = interfaces; one != nullptr; one = one->ifa_next) {
      const bool is_outward = (one->ifa_flags & IFF_UP) != 0 && (one->ifa_flags & IFF_LOOPBACK) == 0;
      if (!is_outward || one->ifa_addr == nullptr || one->ifa_addr->sa_family != family) continue;
      const auto text = address_text(one->ifa_addr);
      // Means nothing without its interface.
      if (!text.empty() && !text.starts_with("fe80:")) return text;
    }
  }
  return {};
}

std::string node_address() {
  auto address = address_towards(AF_INET, "192.0.2.1");
  if (address.empty()) address = address_towards(AF_INET6, "2001:db8::1");
  if (!address.empty()) return address;
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return {};
  address = first_address(all);
  ::freeifaddrs(all);
  return address;
}

std::optional<bool> clock_synced() {
  timex state{};  // modes 0: only asked
  if (::adjtimex(&state) < 0) return std::nullopt;
  return is_synced(state);
}

bool is_synced(const timex& state) {
  constexpr long kErrorMaxMicroseconds = 16'000'000;  // NTP_PHASE_LIMIT of the kernel
  return state.maxerror < kErrorMaxMicroseconds;
}

}  // namespace holdfast::edge_agent
