// SPDX-License-Identifier: Apache-2.0
// The identities that travel: fleet, node, application, revision, and the generation of a desired state.
// Threads: plain values.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/strong.hpp"

namespace holdfast::sync {

using FleetId = base::Strong<struct FleetIdTag>;  ///< uuid, made at the hub's first start
using NodeUid = base::Strong<struct NodeUidTag>;  ///< uuid, made by the hub at enrolment; never a name
using ApplicationUid = base::Strong<struct ApplicationUidTag>;  ///< uuid of the Application object at the hub
using Revision = base::Strong<struct RevisionTag>;              ///< a Git commit id, 40 hex digits

/// Order of desired states of one node. The epoch is raised on restore and on change of owner; the
/// sequence by one with every new content. (0, 0) is "none yet".
struct Generation {
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;
  auto operator<=>(const Generation&) const = default;
  std::string text() const;  ///< "3.17"
  static base::Result<Generation> parse(std::string_view text);
};

/// One of base::limits::kShards virtual shards: the first two bytes of SHA-256(uid), modulo.
std::uint32_t shard_of(const NodeUid& uid);

/// Kubernetes names: RFC 1123 subdomain, at most 253 characters. `what` names the place in the message.
base::Status check_name(std::string_view name, std::string_view what);
/// RFC 1123 label, at most 63 characters.
base::Status check_namespace(std::string_view name, std::string_view what);
/// The same syntax, for what is no namespace: a container, a volume, a host.
base::Status check_short_name(std::string_view name, std::string_view what);
/// What may stand for a fleet, node, application or revision where it travels: 1 to limits::kIdLengthMax of
/// letters, digits, '-', '_' and '.', so an id is always safe in a topic, a file name and a log line.
base::Status check_id(std::string_view id, std::string_view what);

}  // namespace holdfast::sync
