// SPDX-License-Identifier: Apache-2.0
// FileWatch: tells which of the watched paths may have changed. inotify sits on every folder from the root
// down to a path's parent, one watch a folder however many paths share it, so that a parent that is made,
// moved, replaced or deleted is noticed as well as the file itself. Paths, never reasons.
// Threads: one at a time.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/beneath.hpp"
#include "base/inotify.hpp"

namespace holdfast::base {

class FileWatch {
 public:
  /// `beneath` outlives it.
  static Result<std::unique_ptr<FileWatch>> create(const Beneath& beneath);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  Status watch(const std::string& path);
  void unwatch(const std::string& path);
  /// The watched paths that something happened to since the last call. An empty path: events were lost, or
  /// the root itself moved; look at everything.
  std::set<std::string> take_changes();
  /// Readable when take_changes has something to say.
  int fd() const { return inotify_.fd(); }

 private:
  /// One component of some watched path.
  struct Node {
    Node* parent = nullptr;
    std::string name;
    std::map<std::string, std::unique_ptr<Node>, std::less<>> children;
    int watch = -1;        ///< of this folder, when it is one and there are children to look for
    bool watched = false;  ///< somebody asked for exactly this path
  };

  FileWatch(const Beneath& beneath, Inotify inotify);
  static std::string path_of(const Node& node);
  Node& node_of(const std::vector<std::string_view>& parts);
  Status arm(Node& node);
  Status arm_below(Node& node);
  void disarm(Node& node);
  void rearm(Node& node);
  void forget(Node& node);
  void happened(Node& node, const InotifyEvent& event, std::set<std::string>& changes);
  static void collect(const Node& node, std::set<std::string>& changes);

  const Beneath& beneath_;
  Inotify inotify_;
  Node root_;
  std::size_t watched_ = 0;
  /// Usually one node a watch; two while a folder is being moved from one watched name to another.
  std::unordered_map<int, std::vector<Node*>> by_watch_;
};

}  // namespace holdfast::base
