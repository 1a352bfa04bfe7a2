// SPDX-License-Identifier: Apache-2.0
// The topics of sync/link/link.hpp.
#include <algorithm>
#include <string>

#include "sync/link/link.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;

namespace {

constexpr std::string_view kRoot = "hf/1/";
constexpr std::size_t kUidLengthMax = 64;

std::string root_of(const NodeUid& uid) {
  return std::string(kRoot) + std::to_string(shard_of(uid)) + "/" + uid.str() + "/";
}

bool is_uid(std::string_view text) {
  return !text.empty() && text.size() <= kUidLengthMax && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

}  // namespace

std::string Topics::up(const NodeUid& uid) { return root_of(uid) + "up"; }
std::string Topics::down(const NodeUid& uid) { return root_of(uid) + "dn"; }
std::string Topics::presence(const NodeUid& uid) { return root_of(uid) + "up/presence"; }
std::string Topics::all_up() { return std::string(kRoot) + "+/+/up/#"; }

base::Result<NodeUid> Topics::node_of(std::string_view topic) {
  const auto foreign = [&] {
    return fail(Code::kInvalid, "topic " + std::string(topic.substr(0, 128)) + " is not one of ours");
  };
  if (topic.substr(0, kRoot.size()) != kRoot) return foreign();
  const std::string_view rest = topic.substr(kRoot.size());
  const auto first = rest.find('/');
  if (first == std::string_view::npos) return foreign();
  const auto second = rest.find('/', first + 1);
  if (second == std::string_view::npos) return foreign();
  const std::string_view name = rest.substr(first + 1, second - first - 1);
  if (!is_uid(name)) return foreign();
  const NodeUid uid{name};
  // Rebuilt and compared: a shard that is not the uid's own would reach another owner.
  for (const auto& ours : {up(uid), down(uid)}) {
    if (topic == ours || topic.substr(0, ours.size() + 1) == ours + "/") return uid;
  }
  return foreign();
}

}  // namespace holdfast::sync
