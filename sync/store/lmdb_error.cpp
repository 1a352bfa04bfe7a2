// SPDX-License-Identifier: Apache-2.0
#include "sync/store/lmdb_error.hpp"

#include <lmdb.h>

#include <string>

namespace holdfast::sync {

using base::Code;

namespace {

Code code_of(int rc) {
  switch (rc) {
    case MDB_MAP_FULL: return Code::kNoSpace;
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_VERSION_MISMATCH:
    case MDB_BAD_TXN:
    case MDB_BAD_RSLOT:
    case MDB_BAD_DBI:
    case MDB_CURSOR_FULL:
    case MDB_PAGE_FULL: return Code::kCorrupt;
    case MDB_NOTFOUND: return Code::kNotFound;
    case MDB_KEYEXIST: return Code::kConflict;
    case MDB_BAD_VALSIZE: return Code::kInvalid;
    case MDB_READERS_FULL:
    case MDB_MAP_RESIZED: return Code::kUnavailable;
    case MDB_PANIC: return Code::kIo;
    default: return Code::kInternal;
  }
}

}  // namespace

base::Error lmdb_error(int rc, std::string_view what) {
  if (rc > 0) return base::Error::from_errno(rc, what);
  return {code_of(rc), std::string(what) + ": " + mdb_strerror(rc)};
}

base::Status lmdb_status(int rc, std::string_view what) {
  if (rc == MDB_SUCCESS) return {};
  return base::fail(lmdb_error(rc, what));
}

}  // namespace holdfast::sync
