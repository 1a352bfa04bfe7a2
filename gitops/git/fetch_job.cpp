// SPDX-License-Identifier: Apache-2.0
#include "gitops/git/fetch_job.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/text.hpp"
#include "sync/model/words.hpp"

namespace holdfast::gitops {
namespace {

using base::Code;
using base::Json;
using base::ObjectReader;
using base::Result;
using base::Status;

constexpr std::array kCodes{Code::kInvalid,    Code::kNotFound,    Code::kConflict,    Code::kLimit,
                            Code::kPermission, Code::kUnavailable, Code::kTimeout,     Code::kCorrupt,
                            Code::kTooNew,     Code::kNoSpace,     Code::kUnsupported, Code::kIo,
                            Code::kInternal};

constexpr sync::Words<JobKind, 2> kKinds{{{{JobKind::kFetch, "fetch"}, {JobKind::kRepack, "repack"}}}};

Code code_of(std::string_view word) {
  for (const Code code : kCodes) {
    if (base::to_string(code) == word) return code;
  }
  return Code::kInternal;
}

}  // namespace

std::string encode_fetch_job(const FetchJob& job) {
  const Repository& from = job.repository;
  return base::canonical_json({{"kind", kKinds.word(job.kind)},
                               {"url", from.url},
                               {"username", from.username},
                               {"tokenFile", from.token_file},
                               {"sshKeyFile", from.ssh_key_file},
                               {"knownHostsFile", from.known_hosts_file},
                               {"caFile", from.ca_file},
                               {"folder", job.folder},
                               {"bytesMax", base::to_decimal(job.bytes_max)},
                               {"memoryBytesMax", base::to_decimal(job.memory_bytes_max)},
                               {"cpuSecondsMax", base::to_decimal(job.cpu_s_max)}});
}

Result<FetchJob> decode_fetch_job(std::string_view bytes) {
  HF_TRY(const Json value, base::parse_json(bytes));
  FetchJob job;
  ObjectReader in(value, "");
  in.required("kind",
              sync::text_field(job.kind, [](std::string_view text) { return kKinds.parse(text, "kind"); }))
      .required("url", job.repository.url)
      .required("username", job.repository.username)
      .required("tokenFile", job.repository.token_file)
      .required("sshKeyFile", job.repository.ssh_key_file)
      .required("knownHostsFile", job.repository.known_hosts_file)
      .required("caFile", job.repository.ca_file)
      .required("folder", job.folder)
      .required("bytesMax", sync::counter_field(job.bytes_max))
      .required("memoryBytesMax", sync::counter_field(job.memory_bytes_max))
      .required("cpuSecondsMax", sync::counter_field(job.cpu_s_max));
  HF_CHECK(in.finish());
  return job;
}

std::string encode_fetch_answer(const Status& status) {
  if (status) return "{}";
  return base::canonical_json({{"code", base::to_string(status.error().code())},
                               {"message", sync::bounded_message(status.error().message())}});
}

Status decode_fetch_answer(std::string_view bytes) {
  const auto value = base::parse_json(bytes);
  if (!value) return base::fail(Code::kInternal, "the fetching child gave no answer");
  std::string code;
  std::string message;
  ObjectReader in(*value, "");
  in.optional("code", code).optional("message", message);
  HF_CHECK(in.finish());
  if (code.empty()) return {};
  return base::fail(base::Error(code_of(code), message));
}

}  // namespace holdfast::gitops
