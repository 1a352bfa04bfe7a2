// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/registry/pull_job.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

#include "base/json.hpp"
#include "base/limits/engine.hpp"
#include "base/limits/images.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/text.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::Digest;
using base::fail;
using base::Json;
using base::ObjectReader;
using base::Result;
namespace limits = base::limits;

namespace {

constexpr std::array kCodes{
    Code::kInvalid,     Code::kNotFound, Code::kConflict, Code::kLimit,  Code::kPermission,
    Code::kUnavailable, Code::kTimeout,  Code::kCorrupt,  Code::kTooNew, Code::kNoSpace,
    Code::kUnsupported, Code::kIo,       Code::kInternal,
};

Result<Digest> parse_hex(std::string_view text) { return Digest::from_hex(text); }

Json hex_list(const std::vector<Digest>& digests) {
  Json out = Json::array();
  for (const Digest& digest : digests) out.push_back(digest.hex());
  return out;
}

base::JsonLimits job_limits() {
  base::JsonLimits bounds = base::default_json_limits();
  bounds.bytes_max = limits::kPullJobBytesMax;
  return bounds;
}

Json word_json(const PullProgress& word) {
  return {{"bytes", base::to_decimal(word.bytes)}, {"of", base::to_decimal(word.of)}};
}
Json word_json(const PulledImage& word) {
  return {{"asked", word.asked.hex()},
          {"config", word.config.hex()},
          {"inEngine", word.is_in_engine},
          {"layers", hex_list(word.layers)},
          {"manifest", word.manifest.hex()}};
}
Json word_json(const PullFailure& word) {
  Json out = {{"code", std::string(base::to_string(word.error.code()))},
              {"message", sync::bounded_message(word.error.message())}};
  if (word.retry_after) out["retryAfterS"] = word.retry_after->count();
  return out;
}

Result<PullWord> read_failure(const Json& json) {
  std::string code;
  std::string message;
  std::optional<std::int64_t> seconds;
  HF_CHECK(ObjectReader(json, "failure")
               .required("code", code)
               .required("message", message)
               .optional("retryAfterS", seconds)
               .finish());
  for (const Code one : kCodes) {
    if (base::to_string(one) != code) continue;
    PullFailure out{base::Error(one, std::move(message)), std::nullopt};
    if (seconds) out.retry_after = std::chrono::seconds(*seconds);
    return PullWord(std::move(out));
  }
  return fail(Code::kCorrupt, "failure: an unknown code");
}

}  // namespace

std::string encode_pull_job(const PullJob& job) {
  return base::canonical_json(Json{{"architecture", job.platform.architecture},
                                   {"caFile", job.ca_file},
                                   {"engineFolder", job.engine_folder},
                                   {"image", job.image.text()},
                                   {"noProxy", job.no_proxy},
                                   {"os", job.platform.os},
                                   {"othersToCome", job.others_are_to_come},
                                   {"password", job.credentials.password},
                                   {"plain", job.is_plain},
                                   {"present", hex_list(job.present)},
                                   {"proxy", job.proxy},
                                   {"rate", base::to_decimal(job.bytes_per_s_max)},
                                   {"spare", hex_list(job.spare)},
                                   {"store", job.store},
                                   {"user", job.credentials.user},
                                   {"variant", job.platform.variant}});
}

Result<PullJob> decode_pull_job(std::string_view bytes) {
  HF_TRY(const Json json, base::parse_json(bytes, job_limits()));
  PullJob out;
  out.others_are_to_come = true;  // an agent that was updated while it ran does not say
  HF_CHECK(ObjectReader(json, "job")
               .required("architecture", out.platform.architecture)
               .optional("caFile", out.ca_file)
               .optional("engineFolder", out.engine_folder)
               .required("image", sync::text_field(out.image, sync::ImageRef::parse))
               .optional("noProxy", out.no_proxy)
               .required("os", out.platform.os)
               .optional("othersToCome", out.others_are_to_come)
               .optional("password", out.credentials.password)
               .required("plain", out.is_plain)
               .each("present", sync::text_elements(out.present, limits::kEngineImagesMax, parse_hex))
               .optional("proxy", out.proxy)
               .required("rate", sync::counter_field(out.bytes_per_s_max))
               .each("spare", sync::text_elements(out.spare, limits::kPullSpareMax, parse_hex))
               .required("store", out.store)
               .optional("user", out.credentials.user)
               .optional("variant", out.platform.variant)
               .finish());
  return out;
}

std::string encode_pull_word(const PullWord& word) {
  return base::canonical_json(std::visit([](const auto& one) { return word_json(one); }, word));
}

Result<PullWord> decode_pull_word(std::string_view line) {
  HF_TRY(const Json json, base::parse_json(line));
  if (!json.is_object()) return fail(Code::kCorrupt, "not an object");
  if (json.contains("code")) return read_failure(json);
  if (json.contains("bytes")) {
    PullProgress out;
    HF_CHECK(ObjectReader(json, "progress")
                 .required("bytes", sync::counter_field(out.bytes))
                 .required("of", sync::counter_field(out.of))
                 .finish());
    return PullWord(out);
  }
  PulledImage out;
  HF_CHECK(ObjectReader(json, "image")
               .required("asked", sync::digest_field(out.asked))
               .required("config", sync::digest_field(out.config))
               .required("inEngine", out.is_in_engine)
               .each("layers", sync::text_elements(out.layers, limits::kImageLayersMax, parse_hex))
               .required("manifest", sync::digest_field(out.manifest))
               .finish());
  return PullWord(std::move(out));
}

}  // namespace holdfast::edge_agent
