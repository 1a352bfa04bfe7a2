// SPDX-License-Identifier: Apache-2.0
// holdfast-git-fetch: the hub's child for one fetch, or for putting a mirror's packs into one. Reads one job
// from standard input, answers on standard output, and is bounded by what it sets for itself before it speaks
// to anybody: memory, processor time, size of files, no core dump (it holds secrets), and its parent's life.
// The deadline is the parent's. It takes no arguments.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <new>
#include <string>

#include "base/limits/git.hpp"
#include "base/result.hpp"
#include "gitops/git/fetch_job.hpp"
#include "gitops/git/remote.hpp"
#include "gitops/git/repack.hpp"

namespace {

using holdfast::base::Code;
using holdfast::base::Error;
using holdfast::base::fail;
using holdfast::base::Result;
using holdfast::base::Status;
namespace gitops = holdfast::gitops;
namespace limits = holdfast::base::limits;

Result<std::string> read_all(int fd) {
  std::string out;
  std::array<char, 4'096> buffer{};
  for (;;) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got == 0) return out;
    if (got < 0) return fail(Error::from_errno(errno, "reading the job"));
    out.append(buffer.data(), static_cast<std::size_t>(got));
    if (out.size() > limits::kFetchAnswerBytesMax) return fail(Code::kLimit, "the job is too long");
  }
}

void write_all(int fd, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t put = ::write(fd, text.data() + done, text.size() - done);
    if (put <= 0) return;  // nobody listens any more
    done += static_cast<std::size_t>(put);
  }
}

Status set_limit(int what, std::uint64_t most, const char* name) {
  rlimit limit{};
  ::getrlimit(static_cast<__rlimit_resource_t>(what), &limit);
  limit.rlim_cur = limit.rlim_max = std::min<rlim_t>(limit.rlim_max, most);
  if (::setrlimit(static_cast<__rlimit_resource_t>(what), &limit) == 0) return {};
  return fail(Error::from_errno(errno, name));
}

/// A pack can hold a little more than was received: the bases that a thin pack leaves out.
constexpr std::uint64_t kPackSlack = std::uint64_t{64} << 20U;

Status bound(const gitops::FetchJob& job) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_DUMPABLE, 0);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a write that is too long fails with a reason instead
  ::umask(0077);
  HF_CHECK(set_limit(RLIMIT_CORE, 0, "RLIMIT_CORE"));
  HF_CHECK(set_limit(RLIMIT_FSIZE, job.bytes_max + kPackSlack, "RLIMIT_FSIZE"));
  HF_CHECK(set_limit(RLIMIT_CPU, job.cpu_s_max, "RLIMIT_CPU"));
#ifndef HOLDFAST_SANITIZED  // a sanitizer maps terabytes that it never uses
  HF_CHECK(set_limit(RLIMIT_AS, job.memory_bytes_max, "RLIMIT_AS"));
#endif
  return {};
}

Status run() {
  HF_TRY(const std::string bytes, read_all(STDIN_FILENO));
  HF_TRY(const gitops::FetchJob job, gitops::decode_fetch_job(bytes));
  HF_CHECK(bound(job));
  ::setenv("HOME", job.folder.c_str(), 1);
  try {
    return job.kind == gitops::JobKind::kRepack ? gitops::repack(job) : gitops::fetch_remote(job);
  } catch (const std::bad_alloc&) {
    return fail(Code::kLimit, "the repository needs more than " + std::to_string(job.memory_bytes_max) +
                                  " bytes of memory to be fetched");
  }
}

}  // namespace

int main() {
  write_all(STDOUT_FILENO, gitops::encode_fetch_answer(run()));
  return 0;
}
