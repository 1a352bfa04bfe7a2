// SPDX-License-Identifier: Apache-2.0
// holdfast-git-fetch: the hub's child for one fetch, or for putting a mirror's packs into one. Reads one job
// from standard input, answers on standard output, and is bounded by what it sets for itself before it speaks
// to anybody: memory, processor time, size of files, no core dump (it holds secrets), and its parent's life.
// The deadline is the parent's. It takes no arguments.
#include <sys/stat.h>

#include <cstdlib>
#include <new>
#include <string>

#include "base/child_job.hpp"
#include "base/limits/git.hpp"
#include "base/result.hpp"
#include "gitops/git/fetch_job.hpp"
#include "gitops/git/remote.hpp"
#include "gitops/git/repack.hpp"

namespace {

using holdfast::base::Code;
using holdfast::base::fail;
using holdfast::base::Result;
using holdfast::base::Status;
namespace base = holdfast::base;
namespace gitops = holdfast::gitops;
namespace limits = holdfast::base::limits;

/// A pack can hold a little more than was received: the bases that a thin pack leaves out.
constexpr std::uint64_t kPackSlack = std::uint64_t{64} << 20U;

Status bound(const gitops::FetchJob& job) {
  ::umask(0077);
  return base::bound_child({.cpu_s_max = job.cpu_s_max,
                            .file_bytes_max = job.bytes_max + kPackSlack,
                            .memory_bytes_max = job.memory_bytes_max});
}

Status run() {
  HF_TRY(const std::string bytes, base::read_job(limits::kFetchAnswerBytesMax));
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
  base::write_answer(gitops::encode_fetch_answer(run()));
  return 0;
}
