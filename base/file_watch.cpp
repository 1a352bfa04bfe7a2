// SPDX-License-Identifier: Apache-2.0
#include "base/file_watch.hpp"

#include <sys/inotify.h>

#include <algorithm>

#include "base/limits/agent.hpp"
#include "base/log.hpp"

namespace holdfast::base {
namespace {

constexpr std::uint32_t kPlaceMask = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
constexpr std::uint32_t kSelfGoneMask = IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::uint32_t kWatchGoneMask = IN_IGNORED | IN_UNMOUNT;
/// IN_CLOSE_WRITE beside IN_MODIFY: a writer through mmap shows only there.
constexpr std::uint32_t kMask = kPlaceMask | kSelfGoneMask | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB;

}  // namespace

FileWatch::FileWatch(const Beneath& beneath, Inotify inotify)
    : beneath_(beneath), inotify_(std::move(inotify)) {}

FileWatch::~FileWatch() = default;

Result<std::unique_ptr<FileWatch>> FileWatch::create(const Beneath& beneath) {
  HF_TRY(Inotify inotify, Inotify::create());
  return std::unique_ptr<FileWatch>(new FileWatch(beneath, std::move(inotify)));
}

std::string FileWatch::path_of(const Node& node) {
  if (node.parent == nullptr) return "/";
  std::string path;
  for (const Node* at = &node; at->parent != nullptr; at = at->parent) path.insert(0, "/" + at->name);
  return path;
}

FileWatch::Node& FileWatch::node_of(const std::vector<std::string_view>& parts) {
  Node* at = &root_;
  for (std::string_view part : parts) {
    auto& child = at->children[std::string(part)];
    if (!child) {
      child = std::make_unique<Node>();
      child->parent = at;
      child->name = std::string(part);
    }
    at = child.get();
  }
  return *at;
}

Status FileWatch::watch(const std::string& path) {
  HF_TRY(const auto parts, split_path(path));
  if (watched_ >= limits::kPathsWatchedMax) {
    return fail(Code::kLimit, "more than " + std::to_string(limits::kPathsWatchedMax) + " paths to watch");
  }
  Node& node = node_of(parts);
  if (node.watched) return {};
  node.watched = true;
  ++watched_;

  std::vector<Node*> ancestors;
  for (Node* at = node.parent; at != nullptr; at = at->parent) ancestors.push_back(at);
  for (auto at = ancestors.rbegin(); at != ancestors.rend(); ++at) {
    if ((*at)->watch >= 0) continue;
    if (auto armed = arm(**at); !armed) {
      unwatch(path);
      return fail(std::move(armed).error().with_context("watching '" + path + "'"));
    }
    if ((*at)->watch < 0) break;  // not there yet; its parent will tell
  }
  return {};
}

void FileWatch::unwatch(const std::string& path) {
  const auto parts = split_path(path);
  if (!parts) return;
  Node* at = &root_;
  for (std::string_view part : *parts) {
    const auto child = at->children.find(part);
    if (child == at->children.end()) return;
    at = child->second.get();
  }
  if (!at->watched) return;
  at->watched = false;
  --watched_;
  forget(*at);
}

/// Drops nodes, from here up, that nobody asks about any more.
void FileWatch::forget(Node& node) {
  Node* at = &node;
  while (at->children.empty()) {
    disarm(*at);
    if (at->watched || at->parent == nullptr) return;
    Node* parent = at->parent;
    const std::string name = at->name;
    parent->children.erase(name);
    at = parent;
  }
}

/// Watches this one folder. A folder that is not there, or is reached through a link, is no error: the watch
/// on its parent tells when that changes.
Status FileWatch::arm(Node& node) {
  const auto folder = beneath_.folder(path_of(node));
  if (!folder) return {};
  const auto watch = inotify_.add(*folder, kMask);
  if (!watch) return watch.error().code() == Code::kLimit ? Status(fail(watch.error())) : Status();
  node.watch = *watch;
  by_watch_[*watch].push_back(&node);
  return {};
}

/// This folder first, then what is in it, so that nothing made meanwhile is missed.
Status FileWatch::arm_below(Node& node) {
  if (node.children.empty()) return {};
  HF_CHECK(arm(node));
  if (node.watch < 0) return {};
  for (auto& [name, child] : node.children) HF_CHECK(arm_below(*child));
  return {};
}

void FileWatch::disarm(Node& node) {
  for (auto& [name, child] : node.children) disarm(*child);
  if (node.watch < 0) return;
  const auto found = by_watch_.find(node.watch);
  if (found != by_watch_.end()) {
    std::erase(found->second, &node);
    if (found->second.empty()) {
      inotify_.remove(node.watch);
      by_watch_.erase(found);
    }
  }
  node.watch = -1;
}

void FileWatch::rearm(Node& node) {
  disarm(node);
  if (auto armed = arm_below(node); !armed) log::failure("watching files", path_of(node), armed.error());
}

void FileWatch::collect(const Node& node, std::set<std::string>& changes) {
  if (node.watched) changes.insert(path_of(node));
  for (const auto& [name, child] : node.children) collect(*child, changes);
}

void FileWatch::happened(Node& node, const InotifyEvent& event, std::set<std::string>& changes) {
  if ((event.mask & (kSelfGoneMask | kWatchGoneMask)) != 0) {
    if (node.parent == nullptr) changes.insert("");
    collect(node, changes);
    rearm(node);
    return;
  }
  if (event.name.empty()) {
    if (node.watched) changes.insert(path_of(node));
    return;
  }
  const auto found = node.children.find(event.name);
  if (found == node.children.end()) return;
  Node& child = *found->second;
  if (child.watched) changes.insert(path_of(child));
  if (child.children.empty()) return;
  if ((event.mask & kPlaceMask) != 0 || child.watch < 0) {
    rearm(child);
    collect(child, changes);
  }
}

std::set<std::string> FileWatch::take_changes() {
  std::set<std::string> changes;
  for (const InotifyEvent& event : inotify_.read()) {
    if ((event.mask & IN_Q_OVERFLOW) != 0) {
      changes.insert("");
      rearm(root_);
      continue;
    }
    const auto found = by_watch_.find(event.watch);
    if (found == by_watch_.end()) continue;  // of a watch that we took away
    const std::vector<Node*> nodes = found->second;
    if ((event.mask & IN_IGNORED) != 0) {
      // The kernel took it away: not ours to remove again.
      for (Node* node : nodes) node->watch = -1;
      by_watch_.erase(found);
    }
    for (Node* node : nodes) happened(*node, event, changes);
  }
  return changes;
}

}  // namespace holdfast::base
