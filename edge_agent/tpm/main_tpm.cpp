// SPDX-License-Identifier: Apache-2.0
// holdfast-tpm: the agent's child that speaks to the TPM. OpenSSL loads the provider, and the provider what else it needs,
// into this process, for the time of one key or one signature: never into the agent, which may be linked static, has
// no time to wait, and holds what is not meant for so many libraries. `check` is for people.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

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

Result<std::string> read_all(int fd) {
  std::string out;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got == 0) return out;
    if (got < 0) return fail(base::Error::from_errno(errno, "reading what is to be signed"));
    out.append(buffer.data(), static_cast<std::size_t>(got));
    if (out.size() > base::limits::kTpmJobBytesMax)
      return fail(Code::kLimit, "what is to be signed is too long");
  }
}

Result<std::string> make() {
  HF_TRY(Tpm tpm, Tpm::open());
  return tpm.make_key();
}

/// Standard input: the digest, then the key.
Result<std::string> sign() {
  HF_TRY(const std::string job, read_all(STDIN_FILENO));
  if (job.size() <= sync::kTpmDigestBytes) return fail(Code::kInvalid, "nothing is to be signed");
  HF_TRY(Tpm tpm, Tpm::open());
  const std::string_view all(job);
  return tpm.sign(all.substr(sync::kTpmDigestBytes), all.substr(0, sync::kTpmDigestBytes));
}

Result<std::string> check() {
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
  if (std::max(key_took, signature_took) < base::limits::kTpmTimeout) return "the TPM made " + took + "\n";
  return fail(Code::kTimeout, "the TPM is too slow, the agent waits for it no longer than " +
                                  std::to_string(std::chrono::seconds(base::limits::kTpmTimeout).count()) +
                                  " s; it made " + took);
}

int end(const Result<std::string>& done, int error_fd) {
  const std::string& text = done ? *done : done.error().message();
  const int fd = done ? STDOUT_FILENO : error_fd;
  bool is_written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (error_fd == STDERR_FILENO && !done) is_written = is_written && ::write(fd, "\n", 1) == 1;
  if (!done) return sync::exit_of_tpm_error(done.error().code());
  return is_written ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view job = argc == 2 ? argv[1] : "";
  // Whoever started this may have died; a TPM may never answer.
  ::alarm(static_cast<unsigned>(
      (job == "check" ? base::limits::kTpmSilence : std::chrono::seconds(base::limits::kTpmTimeout))
          .count()));
  std::signal(SIGPIPE, SIG_IGN);
  ::setenv("TSS2_LOG", "all+NONE", 0);  // what it has to say comes by way of OpenSSL
  if (job == "make") return end(make(), STDOUT_FILENO);
  if (job == "sign") return end(sign(), STDOUT_FILENO);
  if (job == "check") return end(check(), STDERR_FILENO);
  std::fprintf(stderr,
               "holdfast-tpm check: says whether this machine's TPM can keep a node's key.\n"
               "make and sign are for holdfast-agent.\n");
  return kUsedWrongly;
}
