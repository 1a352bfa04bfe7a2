// SPDX-License-Identifier: Apache-2.0
// holdfast-secret-sealer: the hub's child that opens sealed secrets and seals them to nodes. Before it reads a key it sees to
// it that nothing of it can be dumped, traced or swapped out (as far as the limit on locked memory allows), bounds
// itself, and ties its life to its parent's. It takes no arguments and reads no environment.
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <new>
#include <string>

#include "base/file_io.hpp"
#include "base/limits/documents.hpp"
#include "base/limits/secrets.hpp"
#include "hub/seal/seal_job.hpp"

namespace {

using holdfast::base::Code;
using holdfast::base::Error;
using holdfast::base::fail;
using holdfast::base::Result;
using holdfast::base::SealingKeys;
using holdfast::base::Status;
namespace base = holdfast::base;
namespace hub = holdfast::hub;
namespace limits = holdfast::base::limits;

Result<std::string> read_all(int fd) {
  std::string out;
  std::array<char, 65'536> buffer{};
  for (;;) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got == 0) return out;
    if (got < 0) return fail(Error::from_errno(errno, "reading the job"));
    out.append(buffer.data(), static_cast<std::size_t>(got));
    if (out.size() > limits::kSealJobBytesMax) return fail(Code::kLimit, "the job is too long");
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

/// Bounded and locked. Where memory may be locked without end, all that comes is, too; elsewhere a later allocation would
/// fail for it.
Status guard_memory() {
#ifndef HOLDFAST_SANITIZED  // a sanitizer maps terabytes that it never uses
  HF_CHECK(set_limit(RLIMIT_AS, limits::kSealMemoryBytesMax, "RLIMIT_AS"));
  const rlimit endless{RLIM_INFINITY, RLIM_INFINITY};
  const bool may_all = ::setrlimit(RLIMIT_MEMLOCK, &endless) == 0;
  static_cast<void>(::mlockall(may_all ? MCL_CURRENT | MCL_FUTURE : MCL_CURRENT));
#endif
  return {};
}

Status guard() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_DUMPABLE, 0);
  std::signal(SIGPIPE, SIG_IGN);
  HF_CHECK(set_limit(RLIMIT_CORE, 0, "RLIMIT_CORE"));
  HF_CHECK(set_limit(RLIMIT_FSIZE, 0, "RLIMIT_FSIZE"));
  HF_CHECK(set_limit(RLIMIT_CPU, limits::kSealCpuSMax, "RLIMIT_CPU"));
  return guard_memory();
}

Result<SealingKeys> read_keys(const std::string& path) {
  HF_TRY(auto text, base::read_file(path, limits::kJsonBytesMax));
  auto keys = SealingKeys::parse(text);
  base::wipe(text);
  if (!keys) return fail(std::move(keys).error().with_context(path));
  return keys;
}

Result<hub::SealAnswer> run() {
  HF_CHECK(guard());
  HF_TRY(const std::string bytes, read_all(STDIN_FILENO));
  HF_TRY(const auto job, hub::decode_seal_job(bytes));
  HF_TRY(const auto keys, read_keys(job.keys_file));
  return hub::seal_for_nodes(job.orders, keys);
}

}  // namespace

int main() {
  try {
    write_all(STDOUT_FILENO, hub::encode_seal_answer(run()));
  } catch (const std::bad_alloc&) {
    return 1;
  }
  return 0;
}
