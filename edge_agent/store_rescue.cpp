// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/store_rescue.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <utility>

#include "base/limits/store.hpp"
#include "base/log.hpp"
#include "edge_agent/inventory_rebuild.hpp"
#include "edge_agent/store_key.hpp"
#include "edge_agent/tables.hpp"
#include "sync/store/store_file.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Result;
using base::Status;
using sync::LmdbStore;

namespace {

std::string rescued_path(const std::string& path) { return path + ".rescued"; }

/// Schema 2 of a node's store: its records are by a key of its own.
constexpr sync::StoreSchema kSchema{.oldest = 1, .newest = 2, .fresh = 2};

sync::LmdbOptions options_of(const std::string& path, const sync::RecordKey& key, sync::StoreAccess access) {
  sync::LmdbOptions options;
  options.record_key = key;
  options.schema = kSchema;
  options.path = path;
  options.tables = {kAgentTables.begin(), kAgentTables.end()};
  options.access = access;
  return options;
}

Result<std::unique_ptr<LmdbStore>> open_as_owner(const std::string& path, const sync::RecordKey& key) {
  return LmdbStore::open(options_of(path, key, sync::StoreAccess::kExclusive));
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

void remove_beside(const std::string& path) {
  for (const char* suffix : {"-lock", "-owner"}) ::unlink((path + suffix).c_str());
}

Status check_room(const std::string& path) {
  struct statvfs info{};
  const std::string folder = path.substr(0, path.find_last_of('/') + 1);
  if (::statvfs(folder.empty() ? "." : folder.c_str(), &info) != 0)
    return fail(base::Error::from_errno(errno, folder));
  const std::uint64_t free = std::uint64_t{info.f_bfree} * info.f_frsize;
  if (free >= base::limits::kStoreRescueBytesFreeMin) return {};
  return fail(Code::kNoSpace,
              path + " is damaged, and the disk has no room to rescue it: " + std::to_string(free) +
                  " bytes are free, and " + std::to_string(base::limits::kStoreRescueBytesFreeMin) +
                  " are needed; what runs goes on. Make room, and start the agent again");
}

}  // namespace

Status copy_to_rescued(const std::string& path, const sync::RecordKey& key) {
  const std::string rescued = rescued_path(path);
  ::unlink(rescued.c_str());
  HF_TRY(const auto fresh, open_as_owner(rescued, key));
  const auto damaged = LmdbStore::open(options_of(path, key, sync::StoreAccess::kReadOnly));
  // Where not even the file opens there is nothing to copy; the fresh store learns that it is one.
  HF_CHECK(rescue_store(damaged ? **damaged : *fresh, *fresh));
  return sync::sync_folder_of(rescued);
}

Status end_rescue(const std::string& path) {
  const std::string rescued = rescued_path(path);
  if (!exists(rescued)) return {};
  if (exists(path)) {
    ::unlink(rescued.c_str());
  } else if (std::rename(rescued.c_str(), path.c_str()) != 0) {
    return fail(base::Error::from_errno(errno, rescued));
  }
  remove_beside(rescued);
  return sync::sync_folder_of(path);
}

Status salvage(const std::string& path, const sync::RecordKey& key) {
  constexpr int kNotCopied = 1;
  const pid_t child = ::fork();
  if (child < 0) return fail(base::Error::from_errno(errno, "starting a child"));
  if (child == 0) {
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    for (const int number : {SIGSEGV, SIGBUS, SIGABRT, SIGALRM}) ::signal(number, SIG_DFL);
    ::alarm(static_cast<unsigned>(base::limits::kStoreCheckTimeout.count()));
    const Status copied = copy_to_rescued(path, key);
    if (!copied)
      base::log::error("what can be read could not be copied", {{"error", copied.error().message()}});
    ::_exit(copied ? 0 : kNotCopied);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  if (WIFEXITED(status))
    return fail(Code::kIo, rescued_path(path) + ": what can be read of a damaged store could not be copied");
  // The damage ended the child: nothing can be read in safety, and the hub gives all of it again.
  remove_beside(rescued_path(path));
  ::unlink(rescued_path(path).c_str());
  HF_TRY(const auto fresh, open_as_owner(rescued_path(path), key));
  HF_CHECK(rescue_store(*fresh, *fresh));
  return sync::sync_folder_of(rescued_path(path));
}

Result<std::unique_ptr<LmdbStore>> rescue_agent_store(const std::string& path, const base::Error& why) {
  HF_CHECK(check_room(path));
  HF_TRY(const auto key, load_store_key(path));
  HF_CHECK(salvage(path, key));
  std::string aside;
  if (exists(path)) {
    HF_TRY(aside, sync::set_aside_store(path));
  }
  base::log::error("the store is damaged and was set aside; what runs is left alone and adopted",
                   {{"error", why.message()}, {"kept", aside}});
  HF_CHECK(end_rescue(path));
  return open_as_owner(path, key);
}

namespace {

/// kCorrupt: what is there is no store that could be opened.
Status look_at(const std::string& path, const StoreKey& key, LastEnd last) {
  struct stat info{};
  const bool is_there = ::stat(path.c_str(), &info) == 0;
  if (is_there && info.st_size == 0) return fail(Code::kCorrupt, path + " is empty");
  if (is_there && key.is_new)
    return fail(Code::kCorrupt,
                path + ": its key is not there, so that nothing shows that this node wrote it");
  if (!is_there && last != LastEnd::kInOrder) return fail(Code::kCorrupt, path + " is missing");
  if (is_there && last == LastEnd::kDamaged) return fail(Code::kCorrupt, path + ": a write found it damaged");
  if (!is_there || last != LastEnd::kCrashed) return {};
  const Status sound = sync::check_store(path, key.key);
  return !sound && sound.error().code() == Code::kCorrupt ? sound : Status{};
}

}  // namespace

Result<std::unique_ptr<LmdbStore>> open_agent_store(const std::string& path, LastEnd last) {
  HF_TRY(const auto key, load_or_make_store_key(path));
  HF_CHECK(end_rescue(path));
  if (const auto found = look_at(path, key, last); !found) return rescue_agent_store(path, found.error());
  auto store = open_as_owner(path, key.key);
  if (!store && store.error().code() == Code::kCorrupt) return rescue_agent_store(path, store.error());
  return store;
}

base::Error with_way_out(const base::Error& damage) {
  return {damage.code(),
          damage.message() +
              "; the agent that runs next (`holdfast-agent run`) sets the store aside, adopts what "
              "runs, and has its hub give all of it again"};
}

Result<std::unique_ptr<LmdbStore>> look_into_agent_store(const std::string& path) {
  const auto key = load_store_key(path);
  if (!key && key.error().code() == Code::kNotFound && exists(path))
    return fail(with_way_out({Code::kCorrupt, path + ": its key is not there"}));
  auto store = key ? LmdbStore::open(options_of(path, *key, sync::StoreAccess::kReadOnly))
                   : Result<std::unique_ptr<LmdbStore>>(fail(key.error()));
  if (!store && store.error().code() == Code::kCorrupt) return fail(with_way_out(store.error()));
  return store;
}

}  // namespace holdfast::edge_agent
