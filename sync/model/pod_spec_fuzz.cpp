// SPDX-License-Identifier: Apache-2.0
// Fuzzes the readers of Kubernetes' workloads: what one of them takes it takes again as the same, and its claims can be stored.
#include <nlohmann/json.hpp>

#include "sync/model/fuzz_input.hpp"
#include "sync/model/job_spec.hpp"
#include "sync/model/workload_claims.hpp"
#include "sync/model/workload_spec.hpp"

namespace holdfast::sync {
namespace {

template <class Parse, class Check, class Claims>
void read(const base::Json& object, Parse parse, Check check, Claims claims) {
  const auto parsed = parse(object);
  if (!parsed) {
    must_hold(!parsed.error().message().empty());
    return;
  }
  const auto canonical = base::parse_json(base::canonical_json(object));
  must_hold(canonical.has_value() && *parse(*canonical) == *parsed);
  if (!check(object)) return;
  for (const auto& claim : claims(ResourceKey{"", "", "default", "name"}, object)) {
    must_hold(Claim::parse(claim.text()) == claim);
  }
}

}  // namespace
}  // namespace holdfast::sync

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast::sync;
  const auto object = holdfast::base::parse_json(fuzz_input(data, size));
  if (!object) return 0;
  read(*object, parse_pod, check_pod, pod_claims);
  read(*object, parse_deployment, check_deployment, deployment_claims);
  read(*object, parse_daemon_set, check_daemon_set, daemon_set_claims);
  read(*object, parse_job, check_job, job_claims);
  read(*object, parse_cron_job, check_cron_job, cron_job_claims);
  return 0;
}
