// SPDX-License-Identifier: Apache-2.0
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/
#include "sync/model/workload_fields.hpp"

#include <array>

namespace holdfast::sync {
namespace {

constexpr std::string_view kHistoryInGit =
    "earlier revisions are in Git, and the last good ones of the Application on the node";
constexpr std::string_view kNoIndexes =
    "pods of a Job have no indexes here; write a Job for each, or NonIndexed";

constexpr std::array kDeploymentSpec{
    honoured("minReadySeconds", "less than the Application's `spec.syncPolicy.progressDeadlineSeconds`"),
    refused("paused", "a change that is to wait waits in Git; write false or take it out", "false"),
    honoured("progressDeadlineSeconds", "600 unless said; more than minReadySeconds"),
    honoured("replicas", "1 unless said; on each node that the Application's placement finds"),
    ignored("revisionHistoryLimit", kHistoryInGit),
    honoured("selector",
             "must match the template's labels; pods are found by their names, so changing it is no harm"),
    honoured("strategy"),
    honoured("template", "restartPolicy must be Always"),
};

constexpr std::array kDeploymentStrategy{honoured("rollingUpdate"),
                                         honoured("type", "RollingUpdate unless said, or Recreate")};

constexpr std::array kRollingUpdateDeployment{
    honoured(
        "maxSurge",
        "25% unless said, rounded up; none where pods hold a port of the node, since two cannot, or ask for "
        "GPUs, which are few"),
    honoured("maxUnavailable", "25% unless said, rounded down; at least 1 where there is no surge"),
};

constexpr std::array kDaemonSetSpec{
    honoured("minReadySeconds", "less than the Application's `spec.syncPolicy.progressDeadlineSeconds`"),
    ignored("revisionHistoryLimit", kHistoryInGit),
    honoured("selector",
             "must match the template's labels; the pod is found by its name, so changing it is no harm"),
    honoured("template", "restartPolicy must be Always"),
    honoured("updateStrategy"),
};

constexpr std::array kDaemonSetUpdateStrategy{
    honoured("rollingUpdate"),
    honoured("type", "RollingUpdate; OnDelete is refused"),
};

constexpr std::array kRollingUpdateDaemonSet{
    refused("maxSurge", "the pod of a DaemonSet stops before its successor starts; write 0 or take it out",
            "0"),
    ignored("maxUnavailable", "counts nodes, and which nodes go on together says the Application's rollout"),
};

constexpr std::array kJobSpec{
    honoured("activeDeadlineSeconds"),
    honoured("backoffLimit", "6 unless said"),
    refused("backoffLimitPerIndex", kNoIndexes),
    refused("completionMode", kNoIndexes, R"("NonIndexed")"),
    honoured("completions", "1 unless said"),
    refused("managedBy", "no other controller is on a node; take it out",
            R"("kubernetes.io/job-controller")"),
    refused("manualSelector", "pods are found by their names; write false or take it out", "false"),
    refused("maxFailedIndexes", kNoIndexes),
    refused("parallelism",
            "a Job runs one pod at a time on a node; write 1 or take it out, or write several Jobs", "1"),
    refused("podFailurePolicy",
            "is not supported; write backoffLimit, and let the program decide what is worth another try"),
    ignored("podReplacementPolicy",
            "the next pod starts when the last one is gone, which is within either policy"),
    refused("selector", "is written by a server; pods are found by their names; take it out"),
    refused("successPolicy", kNoIndexes),
    honoured("suspend"),
    honoured("template", "restartPolicy must be OnFailure or Never"),
    honoured("ttlSecondsAfterFinished",
             "the containers are removed then; the Job counts as done until Git changes it"),
};

constexpr std::array kCronJobSpec{
    honoured("concurrencyPolicy", "Allow unless said, Forbid or Replace"),
    honoured("failedJobsHistoryLimit", "1 unless said"),
    honoured("jobTemplate"),
    honoured("schedule", "five fields or a word such as @daily; @every and TZ= are refused"),
    honoured("startingDeadlineSeconds"),
    honoured("successfulJobsHistoryLimit", "3 unless said"),
    honoured("suspend"),
    honoured("timeZone", "UTC unless said, wherever the node is"),
};

constexpr std::array kJobTemplateSpec{honoured("metadata"), honoured("spec")};

constexpr std::array kLabelSelector{honoured("matchExpressions"), honoured("matchLabels")};

constexpr std::array kLabelSelectorRequirement{
    honoured("key"),
    honoured("operator", "In, NotIn, Exists, DoesNotExist"),
    honoured("values"),
};

}  // namespace

const FieldTable kDeploymentSpecFields{"DeploymentSpec", kDeploymentSpec};
const FieldTable kDeploymentStrategyFields{"DeploymentStrategy", kDeploymentStrategy};
const FieldTable kRollingUpdateDeploymentFields{"RollingUpdateDeployment", kRollingUpdateDeployment};
const FieldTable kDaemonSetSpecFields{"DaemonSetSpec", kDaemonSetSpec};
const FieldTable kDaemonSetUpdateStrategyFields{"DaemonSetUpdateStrategy", kDaemonSetUpdateStrategy};
const FieldTable kRollingUpdateDaemonSetFields{"RollingUpdateDaemonSet", kRollingUpdateDaemonSet};
const FieldTable kJobSpecFields{"JobSpec", kJobSpec};
const FieldTable kCronJobSpecFields{"CronJobSpec", kCronJobSpec};
const FieldTable kJobTemplateSpecFields{"JobTemplateSpec", kJobTemplateSpec};
const FieldTable kLabelSelectorFields{"LabelSelector", kLabelSelector};
const FieldTable kLabelSelectorRequirementFields{"LabelSelectorRequirement", kLabelSelectorRequirement};

}  // namespace holdfast::sync
