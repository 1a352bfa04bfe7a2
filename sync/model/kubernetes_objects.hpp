// SPDX-License-Identifier: Apache-2.0
// The objects that docs/kubernetes.md has a table of: the fields that Kubernetes' API reference of version 1.31 gives each, and where one stands in the examples.
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/
// Only for tests.
// Threads: constants.
#pragma once

#include <string>
#include <vector>

#include "sync/model/container_fields.hpp"
#include "sync/model/pod_fields.hpp"
#include "sync/model/volume_fields.hpp"
#include "sync/model/workload_fields.hpp"

namespace holdfast::sync {

/// Where an object of a table stands in an example, as a JSON pointer and as errors write it.
struct Place {
  const char* kind;
  const char* pointer;
  const char* where;
};
struct Walked {
  const FieldTable* table;
  std::vector<std::string> official;  ///< the fields of the type in Kubernetes' API reference, version 1.31
  std::vector<Place> places;
};

#define HF_APP "/spec/containers/0"
#define HF_APP_AT "spec.containers[0]"

inline std::vector<Walked> pod_objects() {
  return {
      {&kPodSpecFields,
       {"activeDeadlineSeconds",
        "affinity",
        "automountServiceAccountToken",
        "containers",
        "dnsConfig",
        "dnsPolicy",
        "enableServiceLinks",
        "ephemeralContainers",
        "hostAliases",
        "hostIPC",
        "hostNetwork",
        "hostPID",
        "hostUsers",
        "hostname",
        "imagePullSecrets",
        "initContainers",
        "nodeName",
        "nodeSelector",
        "os",
        "overhead",
        "preemptionPolicy",
        "priority",
        "priorityClassName",
        "readinessGates",
        "resourceClaims",
        "restartPolicy",
        "runtimeClassName",
        "schedulerName",
        "schedulingGates",
        "securityContext",
        "serviceAccount",
        "serviceAccountName",
        "setHostnameAsFQDN",
        "shareProcessNamespace",
        "subdomain",
        "terminationGracePeriodSeconds",
        "tolerations",
        "topologySpreadConstraints",
        "volumes"},
       {{"Pod", "/spec", "spec"},
        {"CronJob", "/spec/jobTemplate/spec/template/spec", "spec.jobTemplate.spec.template.spec"}}},
      {&kHostAliasFields, {"hostnames", "ip"}, {{"Pod", "/spec/hostAliases/0", "spec.hostAliases[0]"}}},
      {&kLocalObjectReferenceFields,
       {"name"},
       {{"Pod", "/spec/imagePullSecrets/0", "spec.imagePullSecrets[0]"}}},
      {&kPodSecurityContextFields,
       {"appArmorProfile", "fsGroup", "fsGroupChangePolicy", "runAsGroup", "runAsNonRoot", "runAsUser",
        "seLinuxOptions", "seccompProfile", "supplementalGroups", "supplementalGroupsPolicy", "sysctls",
        "windowsOptions"},
       {{"Pod", "/spec/securityContext", "spec.securityContext"}}},
      {&kSeccompProfileFields,
       {"localhostProfile", "type"},
       {{"Pod", "/spec/securityContext/seccompProfile", "spec.securityContext.seccompProfile"}}},
      {&kPodTemplateSpecFields, {"metadata", "spec"}, {{"Deployment", "/spec/template", "spec.template"}}},
      {&kTemplateMetadataFields,
       {"annotations", "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "finalizers",
        "generateName", "generation", "labels", "managedFields", "name", "namespace", "ownerReferences",
        "resourceVersion", "selfLink", "uid"},
       {{"Deployment", "/spec/template/metadata", "spec.template.metadata"},
        {"CronJob", "/spec/jobTemplate/metadata", "spec.jobTemplate.metadata"}}},
  };
}

inline std::vector<Walked> container_objects() {
  return {
      {&kContainerFields,
       {"args",
        "command",
        "env",
        "envFrom",
        "image",
        "imagePullPolicy",
        "lifecycle",
        "livenessProbe",
        "name",
        "ports",
        "readinessProbe",
        "resizePolicy",
        "resources",
        "restartPolicy",
        "securityContext",
        "startupProbe",
        "stdin",
        "stdinOnce",
        "terminationMessagePath",
        "terminationMessagePolicy",
        "tty",
        "volumeDevices",
        "volumeMounts",
        "workingDir"},
       {{"Pod", HF_APP, HF_APP_AT}, {"Pod", "/spec/initContainers/1", "spec.initContainers[1]"}}},
      {&kContainerPortFields,
       {"containerPort", "hostIP", "hostPort", "name", "protocol"},
       {{"Pod", HF_APP "/ports/0", HF_APP_AT ".ports[0]"}}},
      {&kEnvVarFields, {"name", "value", "valueFrom"}, {{"Pod", HF_APP "/env/1", HF_APP_AT ".env[1]"}}},
      {&kEnvVarSourceFields,
       {"configMapKeyRef", "fieldRef", "resourceFieldRef", "secretKeyRef"},
       {{"Pod", HF_APP "/env/1/valueFrom", HF_APP_AT ".env[1].valueFrom"}}},
      {&kConfigMapKeySelectorFields,
       {"key", "name", "optional"},
       {{"Pod", HF_APP "/env/1/valueFrom/configMapKeyRef", HF_APP_AT ".env[1].valueFrom.configMapKeyRef"}}},
      {&kSecretKeySelectorFields,
       {"key", "name", "optional"},
       {{"Pod", HF_APP "/env/2/valueFrom/secretKeyRef", HF_APP_AT ".env[2].valueFrom.secretKeyRef"}}},
      {&kObjectFieldSelectorFields,
       {"apiVersion", "fieldPath"},
       {{"Pod", HF_APP "/env/3/valueFrom/fieldRef", HF_APP_AT ".env[3].valueFrom.fieldRef"}}},
      {&kResourceFieldSelectorFields,
       {"containerName", "divisor", "resource"},
       {{"Pod", HF_APP "/env/4/valueFrom/resourceFieldRef", HF_APP_AT ".env[4].valueFrom.resourceFieldRef"}}},
      {&kEnvFromSourceFields,
       {"configMapRef", "prefix", "secretRef"},
       {{"Pod", HF_APP "/envFrom/0", HF_APP_AT ".envFrom[0]"}}},
      {&kConfigMapEnvSourceFields,
       {"name", "optional"},
       {{"Pod", HF_APP "/envFrom/0/configMapRef", HF_APP_AT ".envFrom[0].configMapRef"}}},
      {&kSecretEnvSourceFields,
       {"name", "optional"},
       {{"Pod", HF_APP "/envFrom/1/secretRef", HF_APP_AT ".envFrom[1].secretRef"}}},
  };
}

inline std::vector<Walked> container_part_objects() {
  return {
      {&kResourceRequirementsFields,
       {"claims", "limits", "requests"},
       {{"Pod", HF_APP "/resources", HF_APP_AT ".resources"}}},
      {&kProbeFields,
       {"exec", "failureThreshold", "grpc", "httpGet", "initialDelaySeconds", "periodSeconds",
        "successThreshold", "tcpSocket", "terminationGracePeriodSeconds", "timeoutSeconds"},
       {{"Pod", HF_APP "/livenessProbe", HF_APP_AT ".livenessProbe"},
        {"Pod", HF_APP "/readinessProbe", HF_APP_AT ".readinessProbe"},
        {"Pod", HF_APP "/startupProbe", HF_APP_AT ".startupProbe"},
        {"Pod", "/spec/initContainers/1/startupProbe", "spec.initContainers[1].startupProbe"}}},
      {&kExecActionFields,
       {"command"},
       {{"Pod", HF_APP "/readinessProbe/exec", HF_APP_AT ".readinessProbe.exec"}}},
      {&kHttpGetActionFields,
       {"host", "httpHeaders", "path", "port", "scheme"},
       {{"Pod", HF_APP "/livenessProbe/httpGet", HF_APP_AT ".livenessProbe.httpGet"}}},
      {&kHttpHeaderFields,
       {"name", "value"},
       {{"Pod", HF_APP "/livenessProbe/httpGet/httpHeaders/0",
         HF_APP_AT ".livenessProbe.httpGet.httpHeaders[0]"}}},
      {&kTcpSocketActionFields,
       {"host", "port"},
       {{"Pod", HF_APP "/startupProbe/tcpSocket", HF_APP_AT ".startupProbe.tcpSocket"}}},
      {&kLifecycleFields, {"postStart", "preStop"}, {{"Pod", HF_APP "/lifecycle", HF_APP_AT ".lifecycle"}}},
      {&kLifecycleHandlerFields,
       {"exec", "httpGet", "sleep", "tcpSocket"},
       {{"Pod", HF_APP "/lifecycle/preStop", HF_APP_AT ".lifecycle.preStop"}}},
      {&kSleepActionFields,
       {"seconds"},
       {{"Pod", HF_APP "/lifecycle/preStop/sleep", HF_APP_AT ".lifecycle.preStop.sleep"}}},
      {&kSecurityContextFields,
       {"allowPrivilegeEscalation", "appArmorProfile", "capabilities", "privileged", "procMount",
        "readOnlyRootFilesystem", "runAsGroup", "runAsNonRoot", "runAsUser", "seLinuxOptions",
        "seccompProfile", "windowsOptions"},
       {{"Pod", HF_APP "/securityContext", HF_APP_AT ".securityContext"}}},
      {&kCapabilitiesFields,
       {"add", "drop"},
       {{"Pod", HF_APP "/securityContext/capabilities", HF_APP_AT ".securityContext.capabilities"}}},
      {&kVolumeMountFields,
       {"mountPath", "mountPropagation", "name", "readOnly", "recursiveReadOnly", "subPath", "subPathExpr"},
       {{"Pod", HF_APP "/volumeMounts/0", HF_APP_AT ".volumeMounts[0]"}}},
  };
}

inline std::vector<Walked> volume_objects() {
  return {
      {&kVolumeFields,
       {"awsElasticBlockStore",
        "azureDisk",
        "azureFile",
        "cephfs",
        "cinder",
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "fc",
        "flexVolume",
        "flocker",
        "gcePersistentDisk",
        "gitRepo",
        "glusterfs",
        "hostPath",
        "image",
        "iscsi",
        "name",
        "nfs",
        "persistentVolumeClaim",
        "photonPersistentDisk",
        "portworxVolume",
        "projected",
        "quobyte",
        "rbd",
        "scaleIO",
        "secret",
        "storageos",
        "vsphereVolume"},
       {{"Pod", "/spec/volumes/0", "spec.volumes[0]"}}},
      {&kConfigMapVolumeFields,
       {"defaultMode", "items", "name", "optional"},
       {{"Pod", "/spec/volumes/0/configMap", "spec.volumes[0].configMap"}}},
      {&kSecretVolumeFields,
       {"defaultMode", "items", "optional", "secretName"},
       {{"Pod", "/spec/volumes/1/secret", "spec.volumes[1].secret"}}},
      {&kKeyToPathFields,
       {"key", "mode", "path"},
       {{"Pod", "/spec/volumes/0/configMap/items/0", "spec.volumes[0].configMap.items[0]"},
        {"Pod", "/spec/volumes/1/secret/items/0", "spec.volumes[1].secret.items[0]"}}},
      {&kEmptyDirVolumeFields,
       {"medium", "sizeLimit"},
       {{"Pod", "/spec/volumes/2/emptyDir", "spec.volumes[2].emptyDir"}}},
      {&kHostPathVolumeFields,
       {"path", "type"},
       {{"Pod", "/spec/volumes/3/hostPath", "spec.volumes[3].hostPath"}}},
  };
}

inline std::vector<Walked> workload_objects() {
  return {
      {&kDeploymentSpecFields,
       {"minReadySeconds", "paused", "progressDeadlineSeconds", "replicas", "revisionHistoryLimit",
        "selector", "strategy", "template"},
       {{"Deployment", "/spec", "spec"}}},
      {&kDeploymentStrategyFields,
       {"rollingUpdate", "type"},
       {{"Deployment", "/spec/strategy", "spec.strategy"}}},
      {&kRollingUpdateDeploymentFields,
       {"maxSurge", "maxUnavailable"},
       {{"Deployment", "/spec/strategy/rollingUpdate", "spec.strategy.rollingUpdate"}}},
      {&kDaemonSetSpecFields,
       {"minReadySeconds", "revisionHistoryLimit", "selector", "template", "updateStrategy"},
       {{"DaemonSet", "/spec", "spec"}}},
      {&kDaemonSetUpdateStrategyFields,
       {"rollingUpdate", "type"},
       {{"DaemonSet", "/spec/updateStrategy", "spec.updateStrategy"}}},
      {&kRollingUpdateDaemonSetFields,
       {"maxSurge", "maxUnavailable"},
       {{"DaemonSet", "/spec/updateStrategy/rollingUpdate", "spec.updateStrategy.rollingUpdate"}}},
      {&kJobSpecFields,
       {"activeDeadlineSeconds", "backoffLimit", "backoffLimitPerIndex", "completionMode", "completions",
        "managedBy", "manualSelector", "maxFailedIndexes", "parallelism", "podFailurePolicy",
        "podReplacementPolicy", "selector", "successPolicy", "suspend", "template",
        "ttlSecondsAfterFinished"},
       {{"Job", "/spec", "spec"}, {"CronJob", "/spec/jobTemplate/spec", "spec.jobTemplate.spec"}}},
      {&kCronJobSpecFields,
       {"concurrencyPolicy", "failedJobsHistoryLimit", "jobTemplate", "schedule", "startingDeadlineSeconds",
        "successfulJobsHistoryLimit", "suspend", "timeZone"},
       {{"CronJob", "/spec", "spec"}}},
      {&kJobTemplateSpecFields, {"metadata", "spec"}, {{"CronJob", "/spec/jobTemplate", "spec.jobTemplate"}}},
      {&kLabelSelectorFields,
       {"matchExpressions", "matchLabels"},
       {{"Deployment", "/spec/selector", "spec.selector"}, {"DaemonSet", "/spec/selector", "spec.selector"}}},
      {&kLabelSelectorRequirementFields,
       {"key", "operator", "values"},
       {{"Deployment", "/spec/selector/matchExpressions/0", "spec.selector.matchExpressions[0]"}}},
  };
}

inline std::vector<Walked> all_objects() {
  std::vector<Walked> all;
  for (auto objects :
       {pod_objects(), container_objects(), container_part_objects(), volume_objects(), workload_objects()}) {
    all.insert(all.end(), objects.begin(), objects.end());
  }
  return all;
}

#undef HF_APP
#undef HF_APP_AT

}  // namespace holdfast::sync
