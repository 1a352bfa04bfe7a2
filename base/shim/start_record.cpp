// SPDX-License-Identifier: Apache-2.0
#include "base/shim/start_record.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace holdfast::base::shim {
namespace {

bool is(const char* key, const char* name) { return std::strcmp(key, name) == 0; }

void unescape(char* value) {
  char* out = value;
  for (; *value != '\0'; ++value) {
    if (*value == '\\' && value[1] != '\0') {
      ++value;
      *out++ = *value == 'n' ? '\n' : *value;
    } else {
      *out++ = *value;
    }
  }
  *out = '\0';
}

std::size_t count_lines(const char* text) {
  std::size_t lines = 0;
  for (; *text != '\0'; ++text) lines += *text == '\n' ? 1 : 0;
  return lines;
}

}  // namespace

StartRecord::~StartRecord() {
  if (text_ != nullptr) ::munmap(text_, text_size_);
  if (pointers_ != nullptr) ::munmap(pointers_, pointers_size_);
}

const char* StartRecord::load(int run_folder) {
  if (!map_file(run_folder)) return "cannot read the start record";
  if (!map_arrays()) return "no memory for the start record";
  return parse();
}

bool StartRecord::map_file(int run_folder) {
  const int fd = ::openat(run_folder, run_format::kStartFile, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return false;
  struct stat st{};
  bool mapped = false;
  if (::fstat(fd, &st) == 0 && st.st_size > 0 &&
      st.st_size <= static_cast<off_t>(run_format::kStartBytesMax)) {
    // One byte more than the file, for the NUL at its end; anonymous, so that no change of the file reaches
    // us.
    text_size_ = static_cast<std::size_t>(st.st_size) + 1;
    void* pages = ::mmap(nullptr, text_size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages != MAP_FAILED) {
      text_ = static_cast<char*>(pages);
      mapped = ::pread(fd, text_, text_size_ - 1, 0) == static_cast<ssize_t>(text_size_ - 1);
    }
  } else {
    errno = EINVAL;
  }
  const int error = errno;
  ::close(fd);
  errno = error;
  return mapped;
}

bool StartRecord::map_arrays() {
  // Each line is at most one argument or one variable; two lists, each with a null at its end.
  pointers_size_ = (count_lines(text_) + 2) * 2 * sizeof(char*);
  void* pages = ::mmap(nullptr, pointers_size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return false;
  pointers_ = static_cast<char**>(pages);
  argv = pointers_;
  envp = pointers_ + pointers_size_ / sizeof(char*) / 2;
  return true;
}

const char* StartRecord::parse() {
  errno = EINVAL;
  bool first = true;
  bool ended = false;
  for (char* line = text_; line != nullptr && *line != '\0' && !ended;) {
    char* newline = std::strchr(line, '\n');
    if (newline == nullptr) break;
    *newline = '\0';
    if (first) {
      if (!is(line, run_format::kStartHeader)) return "the start record is of another version";
      first = false;
    } else if (is(line, run_format::kEnd)) {
      ended = true;
    } else {
      char* equals = std::strchr(line, '=');
      if (equals == nullptr) return "the start record has a line without a value";
      *equals = '\0';
      unescape(equals + 1);
      if (!take(line, equals + 1)) return "the start record has a bad value";
    }
    line = newline + 1;
  }
  if (!ended) return "the start record is cut off";
  if (argc_ == 0) return "the start record names no program";
  return nullptr;
}

bool StartRecord::take(char* key, char* value) {
  const char* at = value;
  if (is(key, "arg")) {
    argv[argc_++] = value;
  } else if (is(key, "env")) {
    envp[envc_++] = value;
  } else if (is(key, "cwd")) {
    working_dir = value;
  } else if (is(key, "run")) {
    run.nonce.add(value);
  } else if (is(key, "boot")) {
    run.boot.add(value);
  } else if (is(key, "uid")) {
    change_user = true;
    uid = static_cast<uid_t>(take_number(at));
    return at != value && *at == '\0';
  } else if (is(key, "gid")) {
    gid = static_cast<gid_t>(take_number(at));
    return at != value && *at == '\0';
  } else if (is(key, "groups")) {
    take_groups(value);
  } else if (is(key, "cgroup") || is(key, "late-cgroup")) {
    if (run.cgroup_count == run_format::kCgroupsMax) return false;
    run.enter_late[run.cgroup_count] = is(key, "late-cgroup");
    run.cgroups[run.cgroup_count++].add(value);
  }
  // Others are the agent's own: mark, spec, unenforced.
  return true;
}

void StartRecord::take_groups(const char* list) {
  groups = group_list_;
  while (group_count < kGroupsMax) {
    const std::int64_t group = take_number(list);
    if (group < 0) return;
    group_list_[group_count++] = static_cast<gid_t>(group);
    if (*list == ',') ++list;
  }
}

}  // namespace holdfast::base::shim
