// SPDX-License-Identifier: Apache-2.0
#include "base/shim/state_record.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/shim/system.hpp"

namespace holdfast::base::shim {
namespace {

using Record = Text<run_format::kStateBytesMax>;

void add_line(Record& out, const char* key, const char* value) {
  out.add(key).add("=").add_escaped(value).add("\n");
}

void add_line(Record& out, const char* key, std::int64_t value) {
  out.add(key).add("=").add_number(value).add("\n");
}

void add_line(Record& out, const char* key, std::int64_t first, std::int64_t second) {
  out.add(key).add("=").add_number(first).add(" ").add_number(second).add("\n");
}

void format(Record& out, const Run& run, const State& state) {
  out.add(run_format::kStateHeader).add("\n");
  add_line(out, "run", run.nonce.c_str());
  add_line(out, "phase", state.exited ? "exited" : "running");
  add_line(out, "boot", run.boot.c_str());
  add_line(out, "shim", ::getpid(), start_time_of(::getpid()));
  add_line(out, "pid", state.pid, state.pid_start);
  add_line(out, "started", state.started_ms);
  add_line(out, "ended", state.ended_ms);
  add_line(out, "exit", state.exit_code, state.exit_signal);
  add_line(out, "detail", state.detail.c_str());
  out.add(run_format::kEnd).add("\n");
  // Always the same length, so that the room taken at the start is enough at the end.
  while (out.size() < run_format::kStateBytesMax) out.add("\n", 1);
}

int open_next(int run_folder) {
  return ::openat(run_folder, run_format::kStateNextFile, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

bool sync_start(int run_folder) {
  // The agent does not wait for the disk at the start; an end that is remembered needs its start.
  const int fd = ::openat(run_folder, run_format::kStartFile, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  return synced;
}

}  // namespace

bool write_state(int run_folder, const Run& run, const State& state) {
  Record record;
  format(record, run, state);
  const int fd = open_next(run_folder);
  if (fd < 0) return false;
  bool written = ::pwrite(fd, record.data(), record.size(), 0) == static_cast<ssize_t>(record.size());
  if (state.exited) written = written && ::fsync(fd) == 0;
  ::close(fd);
  if (!written ||
      ::renameat(run_folder, run_format::kStateNextFile, run_folder, run_format::kStateFile) != 0) {
    return false;
  }
  if (!state.exited) return true;
  sync_start(run_folder);
  return ::fsync(run_folder) == 0 || errno == EINVAL;
}

void reserve_state(int run_folder) {
  const int fd = open_next(run_folder);
  if (fd < 0) return;
  Record blank;
  while (blank.size() < run_format::kStateBytesMax) blank.add("\n", 1);
  write_whole(fd, blank.data(), blank.size());
  ::close(fd);
}

}  // namespace holdfast::base::shim
