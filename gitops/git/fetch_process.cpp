// SPDX-License-Identifier: Apache-2.0
#include "gitops/git/fetch_process.hpp"

#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <utility>
#include <vector>

#include "base/limits/git.hpp"
#include "base/time_text.hpp"
#include "gitops/git/fetch_job.hpp"

namespace holdfast::gitops {

using base::Code;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr const char* kName = "the fetching child";

/// The child sees no environment of ours but the way out to the network.
std::vector<std::string> environment(const std::string& home) {
  std::vector<std::string> out{"PATH=/usr/bin:/bin", "HOME=" + home, "LC_ALL=C"};
  for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"}) {
    if (const char* value = std::getenv(name)) out.push_back(std::string(name) + "=" + value);
  }
  return out;
}

Status answer_of(const base::ChildEnd& end, std::chrono::milliseconds timeout) {
  if (end.is_late)
    return fail(Code::kTimeout, "the server did not finish within " + base::format_duration(timeout));
  if (!end.answer.empty() && end.answer.back() == '}') return decode_fetch_answer(end.answer);
  if (WIFSIGNALED(end.status) && WTERMSIG(end.status) == SIGXCPU)
    return fail(Code::kLimit, "the fetch took more processor time than it may");
  return fail(end.no_answer(kName));
}

}  // namespace

Result<std::unique_ptr<base::ChildCall>> start_fetch(base::EventLoop& loop, const FetchOrder& order,
                                                     std::function<void(Status answer)> on_end) {
  return base::ChildCall::start(loop,
                                {.program = order.program,
                                 .name = kName,
                                 .input = order.job,
                                 .environment = environment(order.home),
                                 .timeout = order.timeout,
                                 .answer_bytes_max = base::limits::kFetchAnswerBytesMax},
                                [on_end = std::move(on_end), timeout = order.timeout](
                                    const base::ChildEnd& end) { on_end(answer_of(end, timeout)); });
}

}  // namespace holdfast::gitops
