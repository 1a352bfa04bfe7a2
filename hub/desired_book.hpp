// SPDX-License-Identifier: Apache-2.0
// DesiredBook: the desired state of every node as it was last signed, and the bodies of its sections. What
// stands here is in force, whatever Git does; it is stored before it is sent. Bodies are kept once, by
// digest, and go with the last desired state that names them.
// Threads: one.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "base/signing.hpp"
#include "sync/model/claim.hpp"
#include "sync/model/desired_state.hpp"
#include "sync/model/ids.hpp"
#include "sync/store/store.hpp"

namespace holdfast::hub {

struct DesiredRecord {
  sync::DesiredHeader header;
  sync::SignedHeader sealed;
  base::Digest header_digest;  ///< of the signed bytes
  base::Digest content;
};

/// What a stored section means to the node that holds it.
struct StoredSection {
  std::vector<sync::Claim> claims;  ///< sorted
  std::size_t bytes = 0;
};

/// Bytes by their digests.
struct Bodies {
  std::map<base::Digest, std::string> sections;
  std::map<base::Digest, std::string> provenances;
};

class DesiredBook {
 public:
  DesiredBook(sync::Store& store, base::SigningKey key) : store_(store), key_(std::move(key)) {}

  base::Status load();

  const DesiredRecord* find(const sync::NodeUid& node) const;
  /// What the node is to have of this application; nullptr: nothing.
  const sync::SectionRef* find_section(const sync::NodeUid& node,
                                       const sync::ApplicationUid& application) const;
  const std::map<sync::NodeUid, DesiredRecord>& all() const { return records_; }
  bool has_body(const base::Digest& section) const { return references_.contains(section); }
  bool has_provenance(const base::Digest& digest) const { return provenance_references_.contains(digest); }
  base::Result<std::string> body(const base::Digest& section) const;
  /// Empty where there is none.
  base::Result<std::string> provenance(const base::Digest& digest) const;
  /// Read once.
  base::Result<StoredSection> section(const base::Digest& section);
  /// Whether any node's desired state holds a section of this application.
  bool any_section_of(const sync::ApplicationUid& application) const;

  /// Signs it. An error (kLimit, kInvalid) says why no node could take it.
  base::Result<DesiredRecord> seal(const sync::DesiredHeader& header) const;
  /// One transaction: the states, the bodies they name that are new, and away with bodies that nothing names any
  /// more. REQUIRES: `bodies` holds all that the states name and that is not stored yet.
  base::Status put(std::vector<DesiredRecord> records, const Bodies& bodies);
  base::Status erase(const sync::NodeUid& node);

 private:
  struct References {
    std::size_t count = 0;
    std::optional<StoredSection> content;
  };
  using Counts = std::map<base::Digest, std::int64_t>;
  static void count(Counts& sections, Counts& provenances, const sync::DesiredHeader& header,
                    std::int64_t by);
  base::Status write(sync::WriteTxn& txn, const std::vector<DesiredRecord>& records, const Bodies& bodies,
                     const Counts& sections, const Counts& provenances) const;
  void take_over(const Counts& sections, const Counts& provenances);

  sync::Store& store_;
  base::SigningKey key_;
  std::map<sync::NodeUid, DesiredRecord> records_;
  std::map<base::Digest, References> references_;
  std::map<base::Digest, std::size_t> provenance_references_;
};

}  // namespace holdfast::hub
