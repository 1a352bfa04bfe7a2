// SPDX-License-Identifier: Apache-2.0
// check_store(): reads everything once, also what only a write reads, in a child, because LMDB trusts its pages and a
// damaged one can lead it anywhere. The child answers with a line through a pipe; how it ends says the rest.
#include <fcntl.h>
#include <lmdb.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/handle.hpp"
#include "base/limits/store.hpp"
#include "sync/store/free_list.hpp"
#include "sync/store/lmdb_error.hpp"
#include "sync/store/lmdb_store.hpp"
#include "sync/store/record.hpp"
#include "sync/store/store_schema.hpp"

namespace holdfast::sync {

using base::Code;
using base::fail;
using base::Status;

namespace {

constexpr MDB_dbi kTablesMax = 256;

std::string_view view_of(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

/// The pages that a walk comes by, none of which may be free, or the next write destroys them. LMDB does not tell them: a
/// page begins with its number, and lies that far from where the map begins.
class UsedPages {
 public:
  UsedPages(FreePages free, std::size_t page_bytes) : free_(std::move(free)), page_bytes_(page_bytes) {}

  Status see(std::string_view what, const MDB_val& key, const MDB_val& value) {
    // Of a machine with larger pages: the map may begin in the midst of one.
    if (page_bytes_ > static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))) return {};
    const auto leaf = page_of(key);
    HF_CHECK(use(what, leaf, 1));
    if (page_of(value) == leaf) return {};
    return use(what, page_of(value), (kHeaderBytes + value.mv_size + page_bytes_ - 1) / page_bytes_);
  }

 private:
  static constexpr std::size_t kHeaderBytes = 2 * sizeof(std::size_t);

  std::uintptr_t page_of(const MDB_val& bytes) const {
    return reinterpret_cast<std::uintptr_t>(bytes.mv_data) / page_bytes_ * page_bytes_;
  }

  Status use(std::string_view what, std::uintptr_t page, std::size_t count) {
    std::size_t number = 0;
    std::memcpy(&number, reinterpret_cast<const void*>(page), sizeof(number));
    const std::string name = std::string(what) + ": page " + std::to_string(number);
    const std::uintptr_t begin = page - number * page_bytes_;
    if (map_ == 0) map_ = begin;
    if (begin != map_ || number + count > free_.size())
      return fail(Code::kCorrupt, name + " is in another's place");
    for (std::size_t i = number; i < number + count; ++i)
      if (free_[i]) return fail(Code::kCorrupt, name + " is in use, and in the list of free pages");
    return {};
  }

  FreePages free_;
  std::size_t page_bytes_;
  std::uintptr_t map_ = 0;
};

template <class Each>
Status walk(MDB_txn* txn, MDB_dbi dbi, std::string_view what, UsedPages& used, const Each& each) {
  MDB_cursor* raw = nullptr;
  HF_CHECK(lmdb_status(mdb_cursor_open(txn, dbi, &raw), what));
  const base::Handle<MDB_cursor, mdb_cursor_close> cursor(raw);
  MDB_val key{};
  MDB_val value{};
  int rc = 0;
  std::string last;
  while ((rc = mdb_cursor_get(raw, &key, &value, MDB_NEXT)) == MDB_SUCCESS) {
    // Order is what lookups rely on, and a walk that goes in circles breaks it.
    if (!last.empty() && view_of(key) <= last)
      return fail(Code::kCorrupt, std::string(what) + ": keys out of order");
    last = view_of(key);
    HF_CHECK(used.see(what, key, value));
    HF_CHECK(each(view_of(key), view_of(value)));
  }
  return rc == MDB_NOTFOUND ? Status{} : lmdb_status(rc, what);
}

Status walk_table(MDB_txn* txn, const std::string& name, const RecordKey& by, UsedPages& used) {
  MDB_dbi dbi = 0;
  const int rc = mdb_dbi_open(txn, name.c_str(), 0, &dbi);
  if (rc == ENOMEM || rc == MDB_DBS_FULL) return lmdb_status(rc, name);
  // What stands among the tables and is none was not written by LMDB.
  if (rc != MDB_SUCCESS) return fail(Code::kCorrupt, name + ": " + mdb_strerror(rc));
  return walk(txn, dbi, name, used, [&](std::string_view key, std::string_view record) -> Status {
    HF_TRY([[maybe_unused]] const auto payload,
           decode_record(name, key, record, record_key_of(name, key, by)));
    return {};
  });
}

Status walk_store(const std::string& path, const RecordKey& by) {
  MDB_env* env_raw = nullptr;
  HF_CHECK(lmdb_status(mdb_env_create(&env_raw), path));
  const base::Handle<MDB_env, mdb_env_close> env(env_raw);
  HF_CHECK(lmdb_status(mdb_env_set_maxdbs(env_raw, kTablesMax), path));
  constexpr unsigned kFlags = MDB_NOSUBDIR | MDB_NOTLS | MDB_RDONLY | MDB_NOLOCK;
  HF_CHECK(lmdb_status(mdb_env_open(env_raw, path.c_str(), kFlags, 0600), path));
  MDB_txn* txn_raw = nullptr;
  HF_CHECK(lmdb_status(mdb_txn_begin(env_raw, nullptr, MDB_RDONLY, &txn_raw), path));
  const base::Handle<MDB_txn, mdb_txn_abort> txn(txn_raw);
  MDB_stat stat{};
  HF_CHECK(lmdb_status(mdb_env_stat(env_raw, &stat), path));
  HF_TRY(auto free, read_free_list(txn_raw, path));
  UsedPages used(std::move(free), std::max<std::size_t>(stat.ms_psize, 1));
  MDB_dbi main = 0;
  HF_CHECK(lmdb_status(mdb_dbi_open(txn_raw, nullptr, 0, &main), path));
  return walk(txn_raw, main, path, used, [&](std::string_view name, std::string_view) {
    return walk_table(txn_raw, std::string(name), by, used);
  });
}

// Codes travel as exit status; anything a damaged file makes of the child is a signal, and damage.
constexpr int kExitSound = 0;
constexpr int kExitCorrupt = 10;
constexpr int kExitOther = 11;

[[noreturn]] void run_child(const std::string& path, const RecordKey& by, int out) {
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGALRM}) ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int null = ::open("/dev/null", O_WRONLY);  // LMDB's assertions speak to standard error
  if (null >= 0) ::dup2(null, STDERR_FILENO);
  ::alarm(static_cast<unsigned>(base::limits::kStoreCheckTimeout.count()));
  const Status status = walk_store(path, by);
  if (status) ::_exit(kExitSound);
  const std::string message = status.error().message().substr(0, 512);
  const bool said = ::write(out, message.data(), message.size()) >= 0;
  ::_exit(said && status.error().code() != Code::kCorrupt ? kExitOther : kExitCorrupt);
}

std::string read_line(int fd) {
  std::string out;
  std::array<char, 512> buffer{};
  for (;;) {
    const auto got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || out.size() > buffer.size()) return out;
    out.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

Status judge(const std::string& path, int status, const std::string& message) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == kExitSound) return {};
  if (WIFEXITED(status) && WEXITSTATUS(status) == kExitOther) return fail(Code::kIo, message);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
    return fail(Code::kCorrupt, path + ": reading it did not come to an end");
  }
  if (WIFSIGNALED(status)) {
    return fail(Code::kCorrupt,
                path + ": a damaged page ended its reader with signal " + std::to_string(WTERMSIG(status)));
  }
  return fail(Code::kCorrupt, message.empty() ? path + ": damaged" : message);
}

}  // namespace

Status check_store(const std::string& path, const RecordKey& by) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return fail(base::Error::from_errno(errno, path));
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(base::Error::from_errno(errno, "pipe"));
  const base::Fd in(ends[0]);
  base::Fd out(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return fail(base::Error::from_errno(errno, "fork"));
  if (child == 0) run_child(path, by, out.get());
  out.reset();
  const std::string message = read_line(in.get());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return fail(base::Error::from_errno(errno, "waiting for the check of " + path));
  }
  return judge(path, status, message);
}

}  // namespace holdfast::sync
