// SPDX-License-Identifier: Apache-2.0
#include "base/child_job.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

namespace holdfast::base {

namespace {

Status set_limit(int what, std::uint64_t most, const char* name) {
  rlimit limit{};
  ::getrlimit(static_cast<__rlimit_resource_t>(what), &limit);
  limit.rlim_cur = limit.rlim_max = std::min<rlim_t>(limit.rlim_max, most);
  if (::setrlimit(static_cast<__rlimit_resource_t>(what), &limit) == 0) return {};
  return fail(Error::from_errno(errno, name));
}

}  // namespace

Result<std::string> read_job(std::size_t bytes_max) {
  std::string out;
  std::array<char, 65'536> buffer{};
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got == 0) return out;
    if (got < 0) return fail(Error::from_errno(errno, "reading the job"));
    out.append(buffer.data(), static_cast<std::size_t>(got));
    if (out.size() > bytes_max) return fail(Code::kLimit, "the job is too long");
  }
}

void write_answer(std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(STDOUT_FILENO, text.data(), text.size());
    if (put <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(put));
  }
}

Status bound_child(const ChildBounds& bounds) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_DUMPABLE, 0);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  HF_CHECK(set_limit(RLIMIT_CORE, 0, "RLIMIT_CORE"));
  HF_CHECK(set_limit(RLIMIT_FSIZE, bounds.file_bytes_max, "RLIMIT_FSIZE"));
  HF_CHECK(set_limit(RLIMIT_CPU, bounds.cpu_s_max, "RLIMIT_CPU"));
#ifndef HOLDFAST_SANITIZED
  HF_CHECK(set_limit(RLIMIT_AS, bounds.memory_bytes_max, "RLIMIT_AS"));
#endif
  return {};
}

}  // namespace holdfast::base
