// SPDX-License-Identifier: Apache-2.0
// BareRepository: the files of one mirror on disk, without libgit2: made, borrowed from by a fetch, and given
// what a fetch brought. Its refs are one file (refs_file.hpp).
//   <folder>/HEAD config objects/pack/ refs/ packed-refs url
//   <folder>/incoming-<random>/      a fetch under way: a bare repository that borrows the mirror's objects
// Threads: one. May block as long as a disk does.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "gitops/git/refs_file.hpp"

namespace holdfast::gitops {

class BareRepository {
 public:
  explicit BareRepository(std::string folder) : folder_(std::move(folder)) {}

  const std::string& folder() const { return folder_; }
  /// Whether a fetch ever ended well: only then there is anything to read.
  bool is_fetched() const;
  /// Makes it where it is not there, and removes what a crash left of fetches. `url`: for people who look.
  base::Status make(std::string_view url) const;

  struct Content {
    MirrorRefs refs;
    std::string head;  ///< a branch
    bool operator==(const Content&) const = default;
  };
  base::Result<Content> read() const;
  /// All refs and HEAD at once, durable.
  base::Status write(const Content& content) const;

  /// A bare repository for a fetch to work in; it knows the mirror's refs, so that only what is new is sent.
  base::Result<std::string> make_incoming(const std::string& name) const;
  /// Moves the packs of `incoming` here and answers what the remote has.
  base::Result<Content> adopt(const std::string& incoming) const;
  void remove_incoming(const std::string& incoming) const;
  /// Names without suffix, sorted.
  std::vector<std::string> packs() const;
  /// The packs of `incoming` hold all that is needed: they come here, and `old` ones go. REQUIRES: nobody has
  /// the old ones open.
  base::Status replace_packs(const std::string& incoming, const std::vector<std::string>& old) const;

 private:
  base::Status move_packs(const std::string& incoming) const;
  std::string folder_;
};

}  // namespace holdfast::gitops
