// SPDX-License-Identifier: Apache-2.0
// libFuzzer on the texts that the mirror reads from disk and from its child: known_hosts, refs, answers.
// Whatever the bytes: no crash; refs read back as the same. Threads: one.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gitops/git/fetch_job.hpp"
#include "gitops/git/known_hosts.hpp"
#include "gitops/git/refs_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast;  // NOLINT: a fuzz target of one file
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto hosts = gitops::KnownHosts::parse(text)) {
    const auto verdict = hosts->check("git.example.com", 22, "key");
    const auto again = gitops::KnownHosts::parse(hosts->lines_for("git.example.com", 22));
    if (!again) std::abort();
    const bool known = verdict != gitops::HostKeyVerdict::kUnknown;
    if (!known && again->check("git.example.com", 22, "key") == gitops::HostKeyVerdict::kTrusted)
      std::abort();
  }
  if (const auto refs = gitops::decode_refs(text)) {
    const auto again = gitops::decode_refs(gitops::encode_refs(*refs));
    if (!again || *again != *refs) std::abort();
  }
  static_cast<void>(gitops::decode_fetch_answer(text).has_value());
  static_cast<void>(gitops::decode_fetch_job(text).has_value());
  static_cast<void>(gitops::decode_head(text));
  return 0;
}
