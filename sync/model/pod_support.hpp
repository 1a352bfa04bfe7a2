// SPDX-License-Identifier: Apache-2.0
// What this version does not do of a pod although it reads it: an error that names the field, for nothing is dropped in silence.
// docs/kubernetes.md has the list ("Not yet").
// Threads: pure functions.
#pragma once

#include <string>

#include "base/result.hpp"
#include "sync/model/pod_spec.hpp"

namespace holdfast::sync {

/// `where` is that of the pod's spec: "spec", "spec.template.spec".
base::Status check_pod_support(const PodSpec& pod, const std::string& where);
/// Kind Pod as nodes do it: KindInfo::check.
base::Status check_pod_of_node(const base::Json& object);
base::Status check_deployment_of_node(const base::Json& object);
base::Status check_daemon_set_of_node(const base::Json& object);
base::Status check_job_of_node(const base::Json& object);
base::Status check_cron_job_of_node(const base::Json& object);

}  // namespace holdfast::sync
