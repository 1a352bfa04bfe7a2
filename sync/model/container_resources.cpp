// SPDX-License-Identifier: Apache-2.0
#include "sync/model/container_resources.hpp"

#include <nlohmann/json.hpp>

#include "base/limits/model.hpp"
#include "sync/model/container_fields.hpp"
#include "sync/model/fields.hpp"
#include "sync/model/quantity.hpp"
#include "sync/model/text.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::ObjectReader;
using base::Result;
using base::Status;
namespace limits = base::limits;

constexpr std::string_view kGpu = "nvidia.com/gpu";

struct Amounts {
  std::optional<std::uint32_t> cpu_milli;
  std::optional<std::uint64_t> memory_bytes;
  std::optional<std::uint32_t> gpus;
};

FieldRead gpu_field(std::optional<std::uint32_t>& out) {
  return [&out](const Json& value, const std::string&) -> Status {
    HF_TRY(const std::int64_t milli, quantity_milli_of(value));
    if (milli < 0 || milli % 1'000 != 0 || milli / 1'000 > limits::kGpusMax) {
      return fail(Code::kInvalid,
                  "must be a whole number of GPUs from 0 to " + std::to_string(limits::kGpusMax));
    }
    out = static_cast<std::uint32_t>(milli / 1'000);
    return {};
  };
}

/// A request of nothing is none.
FieldRead unless_zero(FieldRead read) {
  return [read](const Json& value, const std::string& where) -> Status {
    if (const auto milli = quantity_milli_of(value); milli && *milli == 0) return {};
    return read(value, where);
  };
}

/// Kubernetes' names are free here; those that an engine can do nothing about are an error, as elsewhere.
Status refuse_others(const Json& value, const std::string& where) {
  if (!value.is_object()) return {};
  for (const auto& [name, amount] : value.items()) {
    if (name == "cpu" || name == "memory" || name == kGpu) continue;
    return fail(Code::kUnsupported, where + ": " + in_quotes(name) +
                                        " is not supported; there are cpu, memory and nvidia.com/gpu");
  }
  return {};
}

Result<Amounts> parse_limits(const Json& value, const std::string& where) {
  Amounts amounts;
  HF_CHECK(refuse_others(value, where));
  ObjectReader in(value, where);
  in.optional("cpu", cpu_field(amounts.cpu_milli))
      .optional("memory", memory_field(amounts.memory_bytes, limits::kContainerMemoryBytesMin))
      .optional(kGpu, gpu_field(amounts.gpus));
  HF_CHECK(in.finish());
  return amounts;
}

Result<Amounts> parse_requests(const Json& value, const std::string& where) {
  Amounts amounts;
  HF_CHECK(refuse_others(value, where));
  ObjectReader in(value, where);
  in.optional("cpu", unless_zero(cpu_field(amounts.cpu_milli)))
      .optional("memory", unless_zero(memory_field(amounts.memory_bytes, 0)))
      .optional(kGpu, gpu_field(amounts.gpus));
  HF_CHECK(in.finish());
  return amounts;
}

Status check(const Amounts& most, const Amounts& requested, const std::string& where) {
  const auto over = [&where](const std::string& name) {
    return fail(Code::kInvalid, where + ".requests." + name + ": is more than the limit");
  };
  if (most.cpu_milli && requested.cpu_milli > most.cpu_milli) return over("cpu");
  if (most.memory_bytes && requested.memory_bytes > most.memory_bytes) return over("memory");
  if (!requested.gpus || requested.gpus == most.gpus) return {};
  return fail(Code::kInvalid, where + ": nvidia.com/gpu must be the same in requests and limits");
}

}  // namespace

Result<ContainerResources> parse_container_resources(const Json& value, const std::string& where) {
  Amounts most;
  Amounts requested;
  ObjectReader in(value, where);
  HF_CHECK(apply_rules(kResourceRequirementsFields, value, where, in));
  in.optional("limits", document_field(most, parse_limits))
      .optional("requests", document_field(requested, parse_requests));
  HF_CHECK(in.finish());
  HF_CHECK(check(most, requested, where));
  return ContainerResources{
      .cpu_milli_max = most.cpu_milli,
      .memory_bytes_max = most.memory_bytes,
      .cpu_milli_request = requested.cpu_milli ? requested.cpu_milli : most.cpu_milli,
      .memory_bytes_request = requested.memory_bytes ? requested.memory_bytes : most.memory_bytes,
      .gpus = most.gpus.value_or(0)};
}

}  // namespace holdfast::sync
