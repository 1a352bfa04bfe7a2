// SPDX-License-Identifier: Apache-2.0
#include "base/run_folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <thread>
#include <vector>

#include "base/plain_file.hpp"
#include "base/run_format.hpp"

namespace holdfast::base {
namespace {

constexpr mode_t kOwnerOnly = 0700;
constexpr std::chrono::milliseconds kLockPause{1};

Error cannot(std::string_view verb, const std::string& path) {
  return Error::from_errno(errno, "cannot " + std::string(verb) + " '" + path + "'");
}

}  // namespace

std::string RunFolder::file(const char* name) const { return path_ + "/" + name; }

bool RunFolder::exists() const {
  struct stat st{};
  return ::lstat(path_.c_str(), &st) == 0 && S_ISDIR(st.st_mode);
}

Status RunFolder::make() const {
  if (::mkdir(path_.c_str(), kOwnerOnly) == 0 || (errno == EEXIST && exists())) return {};
  return fail(cannot("make folder", path_));
}

void RunFolder::clear_earlier() const {
  for (const char* name :
       {run_format::kStateFile, run_format::kStateNextFile, run_format::kStopFile, run_format::kOutputFifo}) {
    ::unlink(file(name).c_str());
  }
}

Status RunFolder::remove() const { return remove_flat_folder(path_); }

Result<StartRecord> RunFolder::start() const {
  HF_TRY(const std::string text, read_plain_file(file(run_format::kStartFile), run_format::kStartBytesMax));
  return parse_start_record(text);
}

Result<StateRecord> RunFolder::state() const {
  HF_TRY(const std::string text, read_plain_file(file(run_format::kStateFile), run_format::kStateBytesMax));
  return parse_state_record(text);
}

Result<StopRecord> RunFolder::stop() const {
  HF_TRY(const std::string text, read_plain_file(file(run_format::kStopFile), run_format::kStateBytesMax));
  return parse_stop_record(text);
}

Status RunFolder::write(const StartRecord& record) const {
  const std::string text = to_text(record);
  if (text.size() > run_format::kStartBytesMax) {
    return fail(Code::kLimit, "arguments and environment are too large together");
  }
  return replace_plain_file(file(run_format::kStartFile), text);
}

Status RunFolder::write(const StopRecord& record) const {
  return replace_plain_file(file(run_format::kStopFile), to_text(record));
}

bool RunFolder::shim_lives() const {
  const Fd lock(::open(file(run_format::kLockFile).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!lock) return false;
  return ::flock(lock.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

Result<Fd> RunFolder::take_lock(std::chrono::milliseconds wait) const {
  Fd lock(::open(file(run_format::kLockFile).c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock) return fail(cannot("open", file(run_format::kLockFile)));
  for (auto waited = std::chrono::milliseconds(0);; waited += kLockPause) {
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
    if (errno != EWOULDBLOCK) return fail(cannot("lock", file(run_format::kLockFile)));
    if (waited >= wait) return fail(Code::kConflict, "its holdfast-shim is still there");
    std::this_thread::sleep_for(kLockPause);
  }
}

Fd RunFolder::open_output() const {
  return Fd(::open(file(run_format::kOutputFifo).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW));
}

Status remove_flat_folder(const std::string& path) {
  const Handle<DIR, ::closedir> listing(::opendir(path.c_str()));
  if (!listing && errno == ENOENT) return {};
  if (!listing) return fail(cannot("list", path));
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  for (const std::string& name : names) {
    if (::unlinkat(::dirfd(listing.get()), name.c_str(), 0) != 0 && errno != ENOENT) {
      return fail(cannot("remove", path + "/" + name));
    }
  }
  if (::rmdir(path.c_str()) != 0 && errno != ENOENT) return fail(cannot("remove folder", path));
  return {};
}

}  // namespace holdfast::base
