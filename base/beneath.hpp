// SPDX-License-Identifier: Apache-2.0
// Beneath: opens folders beneath one root without ever following a symlink or leaving the root, so that
// neither a manifest nor a workload that owns a folder can send the agent elsewhere.
// By openat2 where the kernel has it (5.6), else component by component with O_NOFOLLOW (JetPack 4: 4.9).
// Threads: calls may come from any thread; values otherwise.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/handle.hpp"
#include "base/result.hpp"

namespace holdfast::base {

enum class PathWalk {
  kBest,    ///< openat2 if this kernel has it
  kByHand,  ///< the walk for old kernels, everywhere: for tests
};

/// The components of a path as a manifest may write it. Errors name the path.
Result<std::vector<std::string_view>> split_path(std::string_view path);

class Beneath {
 public:
  static Result<Beneath> open(const std::string& root, PathWalk walk);

  /// The folder that holds a path's last component, and that component.
  struct Place {
    Fd folder;
    std::string name;
    std::vector<std::string> made;  ///< parent folders that make_place made, outermost first
  };
  enum class Use {
    kLook,    ///< stat and open through it
    kChange,  ///< also fsync it
  };
  /// A missing parent, or a file in its place, is Code::kNotFound; a symlink is Code::kPermission.
  Result<Place> place(const std::string& path, Use use) const;
  /// As place(kChange), making missing parents (0755, durable). A file in a parent's place is
  /// Code::kConflict.
  Result<Place> make_place(const std::string& path) const;
  /// Removes the folders that make_place made, for a write that failed after it. Keeps those in use since.
  void unmake(const Place& place) const;
  /// A folder itself, as O_PATH; "/" is the root.
  Result<Fd> folder(const std::string& path) const;

  /// Nothing in this folder is looked at or changed: Code::kPermission. `folder` is a path of this machine, links
  /// followed; one that is not beneath the root is out of reach anyway.
  Status forbid(const std::string& folder);

  bool by_hand() const { return by_hand_; }

 private:
  Beneath(Fd root, std::string path, bool by_hand)
      : root_(std::move(root)), root_path_(std::move(path)), by_hand_(by_hand) {}
  using Parts = std::vector<std::string_view>;
  Result<Fd> open_folder(const Parts& parts, Use use) const;
  Result<Fd> walk(const Parts& parts, Use use) const;
  Result<Fd> root_folder(Use use) const;
  Status check_allowed(const std::string& path) const;

  Fd root_;
  std::string root_path_;
  std::string forbidden_;  ///< as a path beneath the root: no link leads there
  bool by_hand_;
};

}  // namespace holdfast::base
