// SPDX-License-Identifier: Apache-2.0
// FetchJob and FetchAnswer: what the hub writes to the standard input of holdfast-git-fetch, and what that
// writes to its standard output, each one JSON object. Secrets are named by their files and stay there.
// Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "gitops/git_source.hpp"

namespace holdfast::gitops {

enum class JobKind {
  kFetch,
  kRepack,  ///< all that the folder's refs reach, from wherever it is borrowed, into one pack of the folder's
            ///< own
};

struct FetchJob {
  JobKind kind = JobKind::kFetch;
  Repository repository;
  std::string folder;  ///< the bare repository to work in
  std::uint64_t bytes_max = 0;
  std::uint64_t memory_bytes_max = 0;
  std::uint64_t cpu_s_max = 0;
};

std::string encode_fetch_job(const FetchJob& job);
base::Result<FetchJob> decode_fetch_job(std::string_view bytes);

/// An answer is an error, or nothing. What was fetched stands in the folder: packs, HEAD, and the remote's
/// branches and tags in kRemoteRefsFile (refs_file.hpp).
std::string encode_fetch_answer(const base::Status& status);
/// The answer's own error, or one that says that it is no answer.
base::Status decode_fetch_answer(std::string_view bytes);

inline constexpr std::string_view kRemoteRefsFile = "remote-refs";

}  // namespace holdfast::gitops
