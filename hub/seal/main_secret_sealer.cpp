// SPDX-License-Identifier: Apache-2.0
// holdfast-secret-sealer: the hub's child that opens sealed secrets and seals them to nodes. Before it reads a key it sees to
// it that nothing of it can be dumped, traced or swapped out (as far as the limit on locked memory allows), bounds
// itself, and ties its life to its parent's. It takes no arguments and reads no environment.
#include <sys/mman.h>
#include <sys/resource.h>

#include <new>
#include <string>

#include "base/child_job.hpp"
#include "base/file_io.hpp"
#include "base/limits/documents.hpp"
#include "base/limits/secrets.hpp"
#include "hub/seal/seal_job.hpp"

namespace {

using holdfast::base::fail;
using holdfast::base::Result;
using holdfast::base::SealingKeys;
using holdfast::base::Status;
namespace base = holdfast::base;
namespace hub = holdfast::hub;
namespace limits = holdfast::base::limits;

/// Bounded and locked. Where memory may be locked without end, all that comes is, too; elsewhere a later allocation would
/// fail for it.
Status guard() {
  HF_CHECK(base::bound_child(
      {.cpu_s_max = limits::kSealCpuSMax, .memory_bytes_max = limits::kSealMemoryBytesMax}));
#ifndef HOLDFAST_SANITIZED  // a sanitizer maps terabytes that it never uses
  const rlimit endless{RLIM_INFINITY, RLIM_INFINITY};
  const bool may_all = ::setrlimit(RLIMIT_MEMLOCK, &endless) == 0;
  static_cast<void>(::mlockall(may_all ? MCL_CURRENT | MCL_FUTURE : MCL_CURRENT));
#endif
  return {};
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
  HF_TRY(const std::string bytes, base::read_job(limits::kSealJobBytesMax));
  HF_TRY(const auto job, hub::decode_seal_job(bytes));
  HF_TRY(const auto keys, read_keys(job.keys_file));
  return hub::seal_for_nodes(job.orders, keys);
}

}  // namespace

int main() {
  try {
    base::write_answer(hub::encode_seal_answer(run()));
  } catch (const std::bad_alloc&) {
    return 1;
  }
  return 0;
}
