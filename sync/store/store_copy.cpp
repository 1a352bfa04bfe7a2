// SPDX-License-Identifier: Apache-2.0
// copy_store(): pages are copied as they are, in one read transaction, so that a damaged page leads nobody astray here.
#include <fcntl.h>
#include <lmdb.h>
#include <unistd.h>

#include <cerrno>

#include "base/handle.hpp"
#include "sync/store/lmdb_error.hpp"
#include "sync/store/lmdb_store.hpp"
#include "sync/store/store_file.hpp"

namespace holdfast::sync {

using base::fail;
using base::Status;

Status copy_store(const std::string& path, const std::string& to) {
  MDB_env* raw = nullptr;
  HF_CHECK(lmdb_status(mdb_env_create(&raw), path));
  const base::Handle<MDB_env, mdb_env_close> env(raw);
  HF_CHECK(lmdb_status(mdb_env_open(raw, path.c_str(), MDB_NOSUBDIR | MDB_NOTLS | MDB_RDONLY, 0600), path));
  int cleared = 0;
  mdb_reader_check(raw, &cleared);  // one like this that was killed
  const base::Fd copy(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!copy) return fail(base::Error::from_errno(errno, to));
  Status done = lmdb_status(mdb_env_copyfd2(raw, copy.get(), 0), "copying " + path + " to " + to);
  if (done && ::fsync(copy.get()) != 0) done = fail(base::Error::from_errno(errno, to));
  if (done) return sync_folder_of(to);
  ::unlink(to.c_str());
  return done;
}

}  // namespace holdfast::sync
