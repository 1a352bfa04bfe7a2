// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/pod_places.hpp"

#include <linux/magic.h>
#include <sys/statfs.h>

#include "base/digest.hpp"

namespace holdfast::edge_agent {
namespace {

bool is_tmpfs(const char* path) {
  struct statfs info{};
  return ::statfs(path, &info) == 0 && info.f_type == TMPFS_MAGIC;
}

}  // namespace

PodPlaces pod_places(const std::string& data, const std::string& root) {
  PodPlaces out{.disk = data + "/pods", .memory = "", .root = root == "/" ? "" : root};
  for (const char* place : {"/run", "/dev/shm"}) {
    if (!is_tmpfs(place)) continue;
    out.memory = std::string(place) + "/holdfast-pods-" + base::Digest::of(data).brief();
    break;
  }
  return out;
}

}  // namespace holdfast::edge_agent
