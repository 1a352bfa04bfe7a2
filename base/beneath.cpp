// SPDX-License-Identifier: Apache-2.0
#include "base/beneath.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <span>

#include "base/limits/model.hpp"

namespace holdfast::base {
namespace {

constexpr mode_t kFolderMode = 0755;

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

std::string joined(std::span<const std::string_view> parts) {
  std::string path;
  for (std::string_view part : parts) path.append("/").append(part);
  return path.empty() ? "/" : path;
}

int flags_of(Beneath::Use use) {
  const int flags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  return use == Beneath::Use::kLook ? flags | O_PATH : flags | O_RDONLY;
}

/// openat2 with everything refused that could lead elsewhere; -1 and errno like openat.
int open_beneath(int root, const char* relative, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, root, relative, &how, sizeof how));
}

bool kernel_has_openat2(int root) {
  const Fd probe(open_beneath(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  return static_cast<bool>(probe);
}

Result<Fd> reopen_for_change(const Fd& folder, std::span<const std::string_view> parts) {
  Fd again(::openat(folder.get(), ".", flags_of(Beneath::Use::kChange)));
  if (!again) return fail(Error::from_errno(errno, "cannot open folder " + quoted(joined(parts))));
  return again;
}

/// One step of the walk: `parts.back()` in `at`. Says which component is in the way.
Result<Fd> step(int at, std::span<const std::string_view> parts) {
  const std::string name(parts.back());
  Fd next(::openat(at, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!next) {
    const int error = errno;
    if (error == ENOENT) return fail(Code::kNotFound, "there is no " + quoted(joined(parts)));
    return fail(Error::from_errno(error, "cannot open folder " + quoted(joined(parts))));
  }
  struct stat info{};
  if (::fstat(next.get(), &info) != 0)
    return fail(Error::from_errno(errno, "cannot stat " + quoted(joined(parts))));
  if (S_ISLNK(info.st_mode)) {
    return fail(Code::kPermission,
                quoted(joined(parts)) + " is a symbolic link; paths do not lead through links");
  }
  if (!S_ISDIR(info.st_mode)) return fail(Code::kNotFound, quoted(joined(parts)) + " is not a folder");
  return next;
}

/// Makes `parts.back()` in `at` and makes that durable.
Status make_folder(int at, std::span<const std::string_view> parts) {
  const std::string name(parts.back());
  if (::mkdirat(at, name.c_str(), kFolderMode) != 0) {
    if (errno == EEXIST) return {};
    return fail(Error::from_errno(errno, "cannot make folder " + quoted(joined(parts))));
  }
  const Fd made(::openat(at, name.c_str(), flags_of(Beneath::Use::kChange)));
  // Whatever umask the agent was started with.
  if (made && ::fchmod(made.get(), kFolderMode) != 0) {
    return fail(Error::from_errno(errno, "cannot set the mode of folder " + quoted(joined(parts))));
  }
  const Fd parent(::openat(at, ".", flags_of(Beneath::Use::kChange)));
  if (parent && ::fsync(parent.get()) != 0 && errno != EINVAL) {
    return fail(Error::from_errno(errno, "cannot sync the folder of " + quoted(joined(parts))));
  }
  return {};
}

Result<std::string> real_path(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), std::free);
  if (!real) return fail(Error::from_errno(errno, quoted(path)));
  return std::string(real.get());
}

Status check_component(std::string_view part, std::string_view path) {
  if (part.empty()) return fail(Code::kInvalid, "path " + quoted(path) + " has an empty component");
  if (part == "." || part == "..") {
    return fail(Code::kInvalid, "path " + quoted(path) + " has the component " + quoted(part));
  }
  if (part.size() > limits::kPathComponentLengthMax) {
    return fail(Code::kInvalid, "path " + quoted(path) + " has a component of more than " +
                                    std::to_string(limits::kPathComponentLengthMax) + " bytes");
  }
  return {};
}

}  // namespace

Result<std::vector<std::string_view>> split_path(std::string_view path) {
  if (path.size() > limits::kPathLengthMax) {
    return fail(Code::kInvalid, "path " + quoted(path.substr(0, 64)) + "… is longer than " +
                                    std::to_string(limits::kPathLengthMax) + " bytes");
  }
  if (const std::size_t zero = path.find('\0'); zero != std::string_view::npos) {
    return fail(Code::kInvalid, "path " + quoted(path.substr(0, zero)) + "… has a NUL byte");
  }
  if (path.empty() || path.front() != '/') {
    return fail(Code::kInvalid, "path " + quoted(path) + " is not absolute");
  }
  if (path == "/") return fail(Code::kInvalid, "path '/' names no file");
  std::vector<std::string_view> parts;
  std::string_view rest = path.substr(1);
  while (true) {
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    HF_CHECK(check_component(part, path));
    parts.push_back(part);
    if (slash == std::string_view::npos) return parts;
    rest.remove_prefix(slash + 1);
  }
}

Result<Beneath> Beneath::open(const std::string& root, PathWalk walk) {
  // The root itself is the operator's choice and may be a link.
  Fd folder(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return fail(Error::from_errno(errno, "cannot open the root folder " + quoted(root)));
  const bool by_hand = walk == PathWalk::kByHand || !kernel_has_openat2(folder.get());
  HF_TRY(auto path, real_path(root));
  return Beneath(std::move(folder), std::move(path), by_hand);
}

Status Beneath::forbid(const std::string& folder) {
  HF_TRY(const std::string path, real_path(folder));
  const std::string root = root_path_ == "/" ? "" : root_path_;
  if (path.starts_with(root + "/")) forbidden_ = path.substr(root.size());
  return {};
}

Status Beneath::check_allowed(const std::string& path) const {
  if (forbidden_.empty() || !path.starts_with(forbidden_)) return {};
  if (path.size() > forbidden_.size() && path[forbidden_.size()] != '/') return {};
  return fail(Code::kPermission, quoted(path) + " is in this agent's own folder; choose another path");
}

Result<Fd> Beneath::root_folder(Use use) const {
  Fd folder(::openat(root_.get(), ".", flags_of(use)));
  if (!folder) return fail(Error::from_errno(errno, "cannot open the root folder"));
  return folder;
}

Result<Fd> Beneath::walk(const Parts& parts, Use use) const {
  HF_TRY(Fd at, root_folder(Use::kLook));
  const std::span<const std::string_view> all(parts);
  for (std::size_t i = 0; i < all.size(); ++i) {
    HF_TRY(at, step(at.get(), all.first(i + 1)));
  }
  return use == Use::kLook ? Result<Fd>(std::move(at)) : reopen_for_change(at, all);
}

Result<Fd> Beneath::open_folder(const Parts& parts, Use use) const {
  if (parts.empty()) return root_folder(use);
  if (!by_hand_) {
    const std::string relative = joined(parts).substr(1);
    Fd folder(open_beneath(root_.get(), relative.c_str(), flags_of(use)));
    if (folder) return folder;
  }
  // Also after a refusal by openat2: the walk finds out which component it was.
  return walk(parts, use);
}

Result<Beneath::Place> Beneath::place(const std::string& path, Use use) const {
  HF_CHECK(check_allowed(path));
  HF_TRY(Parts parts, split_path(path));
  std::string name(parts.back());
  parts.pop_back();
  HF_TRY(Fd folder, open_folder(parts, use));
  return Place{std::move(folder), std::move(name), {}};
}

Result<Beneath::Place> Beneath::make_place(const std::string& path) const {
  auto there = place(path, Use::kChange);
  if (there || there.error().code() != Code::kNotFound) return there;

  HF_TRY(Parts parts, split_path(path));
  Place result;
  result.name = std::string(parts.back());
  parts.pop_back();
  HF_TRY(Fd at, root_folder(Use::kLook));
  const std::span<const std::string_view> all(parts);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto upto = all.first(i + 1);
    auto next = step(at.get(), upto);
    if (!next && next.error().code() == Code::kNotFound) {
      struct stat info{};
      if (::fstatat(at.get(), std::string(upto.back()).c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
        unmake(result);
        return fail(Code::kConflict, next.error().message() + ", so nothing can be put beneath it");
      }
      if (auto made = make_folder(at.get(), upto); !made) {
        unmake(result);
        return fail(std::move(made).error());
      }
      result.made.push_back(joined(upto));
      next = step(at.get(), upto);
    }
    if (!next) {
      unmake(result);
      return fail(std::move(next).error());
    }
    at = *std::move(next);
  }
  HF_TRY(result.folder, reopen_for_change(at, all));
  return result;
}

void Beneath::unmake(const Place& place) const {
  for (auto path = place.made.rbegin(); path != place.made.rend(); ++path) {
    const auto at = this->place(*path, Use::kLook);
    if (!at || ::unlinkat(at->folder.get(), at->name.c_str(), AT_REMOVEDIR) != 0) return;
  }
}

Result<Fd> Beneath::folder(const std::string& path) const {
  if (path == "/") return root_folder(Use::kLook);
  HF_TRY(Parts parts, split_path(path));
  return open_folder(parts, Use::kLook);
}

}  // namespace holdfast::base
