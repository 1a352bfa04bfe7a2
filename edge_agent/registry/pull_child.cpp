// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/registry/pull_child.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <string>
#include <utility>

#include "base/child_job.hpp"
#include "base/handle.hpp"
#include "base/limits/images.hpp"
#include "base/system_clock.hpp"
#include "edge_agent/registry/image_pull.hpp"

namespace holdfast::edge_agent {
namespace {

using base::Result;
namespace limits = base::limits;

void tell(const PullWord& word) { base::write_answer(encode_pull_word(word) + "\n"); }

void sleep_for(std::chrono::milliseconds time) {
  timespec left{time.count() / 1'000, time.count() % 1'000 * 1'000'000};
  while (::nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

/// The agent is spared when memory runs out; this is to be the first to go, and goes on where it was another time.
void give_way() {
  if (const base::Fd file(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)); file)
    static_cast<void>(::write(file.get(), "500", 3) == 3);
}

Result<PullJob> begin() {
  give_way();
  // Started in the folder of whoever started the agent: files are named whole.
  HF_TRY(const std::string text, base::read_job(limits::kPullJobBytesMax));
  HF_CHECK(base::bound_child({.cpu_s_max = limits::kPullCpuSMax,
                              .file_bytes_max = limits::kImageLayerBytesMax,
                              .memory_bytes_max = limits::kPullMemoryBytesMax}));
  return decode_pull_job(text);
}

Result<RegistryAccess> access_of(const PullJob& job) {
  RegistryAccess out{job.is_plain, job.ca_file, job.credentials, {}};
  HF_TRY(out.proxies, sync::ProxyRules::read(job.proxy, job.no_proxy));
  return out;
}

}  // namespace

int run_pull_child() {
  const auto job = begin();
  const auto access = job ? access_of(*job) : Result<RegistryAccess>(base::fail(job.error()));
  if (!access) {
    tell(PullFailure{access.error(), std::nullopt});
    return 1;
  }
  const base::SystemClock clock;
  ImagePull pull(*job, *access, clock, [](const PullProgress& progress) { tell(progress); }, sleep_for);
  auto pulled = pull.run();
  if (!pulled) {
    tell(PullFailure{std::move(pulled).error(), pull.retry_after()});
    return 1;
  }
  tell(*std::move(pulled));
  return 0;
}

}  // namespace holdfast::edge_agent
