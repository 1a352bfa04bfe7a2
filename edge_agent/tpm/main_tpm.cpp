// SPDX-License-Identifier: Apache-2.0
// holdfast-tpm: the agent's child that speaks to the TPM. OpenSSL loads the provider, and the provider what else it needs,
// into this process, for the time of one key or one signature: never into the agent, which may be linked static, has
// no time to wait, and holds what is not meant for so many libraries. `check` is for people.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/child_job.hpp"
#include "base/limits/https.hpp"
#include "base/system_clock.hpp"
#include "edge_agent/tpm/tpm_provider.hpp"
#include "sync/link/tpm_child.hpp"

namespace {

using namespace holdfast;
using base::Code;
using base::fail;
using base::Result;
using edge_agent::Tpm;

constexpr int kUsedWrongly = 2;

Result<std::string> do_job(std::string_view job) {
  HF_CHECK(base::bound_child({.cpu_s_max = base::limits::kTpmCpuSMax,
                              .file_bytes_max = 0,
                              .memory_bytes_max = base::limits::kTpmMemoryBytesMax}));
  HF_TRY(Tpm tpm, Tpm::open());
  if (job == sync::kTpmMake) return tpm.make_key();
  if (!job.starts_with(sync::kTpmSign) || job.size() <= sync::kTpmSign.size() + sync::kTpmDigestBytes)
    return fail(Code::kInvalid, "not a job for a TPM");
  const auto given = job.substr(sync::kTpmSign.size());
  return tpm.sign(given.substr(sync::kTpmDigestBytes), given.substr(0, sync::kTpmDigestBytes));
}

/// The words go where the signature would.
int work(std::string_view job) {
  const auto done = do_job(job);
  base::write_answer(done ? *done : done.error().message());
  return done ? 0 : sync::exit_of_tpm_error(done.error().code());
}

Result<std::string> try_tpm() {
  base::SystemClock clock;
  HF_TRY(Tpm tpm, Tpm::open());
  const auto began = clock.monotonic();
  HF_TRY(const std::string key, tpm.make_key());
  const auto made = clock.monotonic();
  HF_TRY(const auto signature, tpm.sign(key, std::string(sync::kTpmDigestBytes, 'x')));
  const auto key_took = made - began;
  const auto signature_took = clock.monotonic() - made;
  const auto took = "a key (thrown away) in " + std::to_string(key_took.count()) + " ms, a signature in " +
                    std::to_string(signature_took.count()) + " ms";
  if (std::max(key_took, signature_took) < base::limits::kTpmTimeout) return "the TPM made " + took;
  return fail(Code::kTimeout, "the TPM is too slow, the agent waits for it no longer than " +
                                  std::to_string(std::chrono::seconds(base::limits::kTpmTimeout).count()) +
                                  " s; it made " + took);
}

int check() {
  const auto tried = try_tpm();
  std::fprintf(tried ? stdout : stderr, "%s\n", (tried ? *tried : tried.error().message()).c_str());
  return tried ? 0 : sync::exit_of_tpm_error(tried.error().code());
}

}  // namespace

int main(int argc, char** argv) {
  ::setenv("TSS2_LOG", "all+NONE", 0);  // what it has to say comes by way of OpenSSL
  if (argc == 2 && std::string_view(argv[1]) == "check") return check();
  const bool is_child = argc == 1 && ::isatty(STDIN_FILENO) == 0;
  const auto job = is_child ? base::read_job(base::limits::kTpmJobBytesMax) : Result<std::string>("");
  if (job && !job->empty()) return work(*job);
  std::fprintf(stderr,
               "holdfast-tpm check: says whether this machine's TPM can keep a node's key.\n"
               "Without an argument it is a child of holdfast-agent, and not for people.\n");
  return kUsedWrongly;
}
