// SPDX-License-Identifier: Apache-2.0
// Desired state: what one node must hold. The header is small and signed; the sections' bodies are found by
// their digests. What is not named is not deleted: an application leaves a node only by a Removal.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "base/signing.hpp"
#include "sync/model/claim.hpp"
#include "sync/model/ids.hpp"
#include "sync/model/section.hpp"

namespace holdfast::sync {

inline constexpr std::uint32_t kDesiredSchema = 1;

struct SectionRef {
  ApplicationUid application;
  std::string name;         ///< the Application's name, for people
  Revision revision;        ///< provenance, not content
  base::Digest digest;      ///< of the section's bytes
  base::Digest provenance;  ///< of the provenance bytes; none where there are none
  std::vector<Claim>
      withhold;  ///< not to be deleted: another application takes these over and has not arrived
  bool prune_confirmed = false;  ///< a person allowed this digest to delete beyond the prune limit
  bool operator==(const SectionRef&) const = default;
};

enum class RemovalMode {
  kPrune,    ///< delete what is in this application's inventory, within its last accepted prune limit
  kRelease,  ///< forget it; leave everything as it is
};
struct Removal {
  ApplicationUid application;
  std::string name;
  RemovalMode mode = RemovalMode::kRelease;
  bool confirmed = false;
  bool operator==(const Removal&) const = default;
};

struct DesiredHeader {
  FleetId fleet;
  NodeUid node;
  Generation generation;
  std::uint32_t schema = kDesiredSchema;
  std::vector<SectionRef> sections;  ///< sorted by application
  std::vector<Removal> removals;     ///< sorted by application; disjoint from sections
  bool operator==(const DesiredHeader&) const = default;

  /// Of what matters to the host: sections' applications, digests, withhold, confirmations, and removals.
  /// Not generation, name, revision, provenance. This is what `hello` compares.
  base::Digest content_digest() const;
};

/// Whether this can be a desired state at all: counts, order, disjointness. An error says what is wrong.
base::Status check_header(const DesiredHeader& header);
/// Canonical JSON; these bytes are signed and kept as they came. REQUIRES: check_header().
std::string encode_header(const DesiredHeader& header);
base::Result<DesiredHeader> decode_header(std::string_view bytes);

/// Domain "holdfast/desired-state/1".
struct SignedHeader {
  std::string bytes;
  base::Signature signature;
  bool operator==(const SignedHeader&) const = default;
};
/// REQUIRES: check_header().
SignedHeader sign_header(const DesiredHeader& header, const base::SigningKey& key);
/// Signature by any of `keys`, schema, then audience (fleet and node); errors say which of them failed.
base::Result<DesiredHeader> verify_header(const SignedHeader& header,
                                          const std::vector<base::PublicKey>& keys, const FleetId& fleet,
                                          const NodeUid& node);

/// Where a resource came from. Kept beside the section, never in its digest.
struct Provenance {
  ResourceKey key;
  std::string source;  ///< repository URL without credentials
  Revision commit;
  std::string file;
  std::uint32_t line = 0;
  bool operator==(const Provenance&) const = default;
};
std::string encode_provenance(const std::vector<Provenance>& list);
base::Result<std::vector<Provenance>> decode_provenance(std::string_view bytes);

/// A section's bytes as they travel and are stored.
struct SectionBody {
  base::Digest digest;
  std::string bytes;
  std::string provenance;
};

}  // namespace holdfast::sync
