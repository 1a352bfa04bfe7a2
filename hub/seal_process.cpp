// SPDX-License-Identifier: Apache-2.0
#include "hub/seal_process.hpp"

#include <utility>

#include "base/limits/secrets.hpp"

namespace holdfast::hub {

using base::Code;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr const char* kName = "the sealing child";

Result<SealAnswer> answer_of(const base::ChildEnd& end) {
  if (end.is_late) return fail(Code::kTimeout, std::string(kName) + " did not finish in time");
  if (!end.answer.empty()) return decode_seal_answer(end.answer);
  return fail(end.no_answer(kName));
}

}  // namespace

void SealProcess::seal(std::vector<SealOrder> orders, Done done) {
  done_ = std::move(done);
  if (auto started = start(orders); !started) std::exchange(done_, {})(fail(std::move(started).error()));
}

Status SealProcess::start(const std::vector<SealOrder>& orders) {
  const std::string job = encode_seal_job({options_.keys_file, orders});
  if (job.size() > base::limits::kSealJobBytesMax)
    return fail(Code::kLimit, std::string("the job of ") + kName + " is too large");
  // It sees no environment.
  HF_TRY(call_, base::ChildCall::start(loop_,
                                       {.program = options_.program,
                                        .name = kName,
                                        .input = job,
                                        .timeout = base::limits::kSealTimeout,
                                        .answer_bytes_max = 2 * base::limits::kSealJobBytesMax},
                                       [this](const base::ChildEnd& end) {
                                         // Another job may be given in the middle of `done`.
                                         const auto ended = std::move(call_);
                                         std::exchange(done_, {})(answer_of(end));
                                       }));
  return {};
}

}  // namespace holdfast::hub
