// SPDX-License-Identifier: Apache-2.0
// Manifests in which every object that docs/kubernetes.md has a table of stands at least once: what the tests of the tables change one field at a time.
// Only for tests.
// Threads: constants.
#pragma once

namespace holdfast::sync {

inline constexpr const char* kPodExample = R"json({
  "apiVersion": "v1", "kind": "Pod",
  "metadata": {"name": "camera", "labels": {"app": "camera"}},
  "spec": {
    "restartPolicy": "Always", "terminationGracePeriodSeconds": 20, "hostname": "cam", "dnsPolicy": "ClusterFirst",
    "hostAliases": [{"ip": "10.0.0.7", "hostnames": ["store", "store.example.com"]}],
    "imagePullSecrets": [{"name": "registry"}],
    "securityContext": {"runAsUser": 1000, "fsGroup": 2000, "supplementalGroups": [44],
                        "seccompProfile": {"type": "RuntimeDefault"}},
    "initContainers": [
      {"name": "prepare", "image": "registry.example.com/prepare:1"},
      {"name": "proxy", "image": "registry.example.com/proxy:2", "restartPolicy": "Always",
       "startupProbe": {"tcpSocket": {"port": 15000}}}],
    "containers": [{
      "name": "app",
      "image": "registry.example.com:5000/vision/app:1.4@sha256:0000000000000000000000000000000000000000000000000000000000000001",
      "imagePullPolicy": "IfNotPresent",
      "command": ["./app"], "args": ["--name=$(NODE)"], "workingDir": "/srv",
      "env": [
        {"name": "LEVEL", "value": "info"},
        {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "mode", "optional": true}}},
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "token", "key": "token", "optional": false}}},
        {"name": "NODE", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "spec.nodeName"}}},
        {"name": "CPUS", "valueFrom": {"resourceFieldRef": {"containerName": "app", "resource": "limits.cpu", "divisor": "1m"}}}],
      "envFrom": [
        {"prefix": "C_", "configMapRef": {"name": "settings", "optional": true}},
        {"secretRef": {"name": "token"}}],
      "ports": [{"name": "http", "containerPort": 8080, "hostPort": 80, "hostIP": "0.0.0.0", "protocol": "TCP"}],
      "resources": {"limits": {"cpu": "2", "memory": "512Mi", "nvidia.com/gpu": 1}, "requests": {"cpu": "500m"}},
      "livenessProbe": {"httpGet": {"host": "127.0.0.1", "path": "/healthz", "port": "http", "scheme": "HTTP",
                                    "httpHeaders": [{"name": "X-Probe", "value": "1"}]},
                        "initialDelaySeconds": 1, "periodSeconds": 5, "timeoutSeconds": 2, "successThreshold": 1,
                        "failureThreshold": 4},
      "readinessProbe": {"exec": {"command": ["cat", "ready"]}},
      "startupProbe": {"tcpSocket": {"host": "127.0.0.1", "port": 8080}},
      "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
      "volumeMounts": [{"name": "conf", "mountPath": "/etc/app/", "subPath": "a/b", "readOnly": true}],
      "securityContext": {
  "runAsGroup" : 1000, "runAsNonRoot" : true,
                                        "readOnlyRootFilesystem" : true,
                                                                   "allowPrivilegeEscalation" : false,
                                                                                                "privileged"
      : false,
        "capabilities" : {
    "add" : ["NET_BIND_SERVICE"], "drop" : ["ALL"]
  }
}
}],
    "volumes": [
      {"name": "conf", "configMap": {"name": "settings", "defaultMode": 292, "optional": true,
                                     "items": [{"key": "mode", "path": "a/mode", "mode": "0400"}]}},
      {"name": "keys", "secret": {"secretName": "token", "defaultMode": 256, "optional": false,
                                  "items": [{"key": "token", "path": "token"}]}},
      {"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}},
      {"name": "data", "hostPath": {"path": "/var/lib/camera", "type": "DirectoryOrCreate"}}]
}
})json";

inline constexpr const char* kDeploymentExample = R"json({
  "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
  "spec": {
    "replicas": 2, "minReadySeconds": 5, "progressDeadlineSeconds": 120,
    "selector": {"matchLabels": {"app": "web"},
                 "matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "site"]}]},
    "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": "25%"}},
    "template": {"metadata": {"labels": {"app": "web"}, "annotations": {"team": "a"}},
                 "spec": {"containers": [{"name": "app", "image": "web:3"}]}}}})json";

inline constexpr const char* kDaemonSetExample = R"json({
  "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "exporter"},
  "spec": {
    "selector": {"matchLabels": {"app": "exporter"}}, "minReadySeconds": 5,
    "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {}},
    "template": {"metadata": {"labels": {"app": "exporter"}},
                 "spec": {"hostNetwork": true,
                          "containers": [{"name": "app", "image": "exporter:3", "ports": [{"containerPort": 9100}]}]}}}})json";

inline constexpr const char* kJobExample = R"json({
  "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate"},
  "spec": {"completions": 2, "backoffLimit": 3, "activeDeadlineSeconds": 600, "ttlSecondsAfterFinished": 100, "suspend": false,
           "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "app", "image": "migrate:3"}]}}}})json";

inline constexpr const char* kCronJobExample = R"json({
  "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "report"},
  "spec": {"schedule": "30 2 * * *", "timeZone": "Europe/Berlin", "concurrencyPolicy": "Forbid", "suspend": false,
           "startingDeadlineSeconds": 3600, "successfulJobsHistoryLimit": 2, "failedJobsHistoryLimit": 5,
           "jobTemplate": {"metadata": {"labels": {"app": "report"}},
                           "spec": {"template": {"spec": {"restartPolicy": "OnFailure",
                                                          "containers": [{"name": "app", "image": "report"}]}}}}}})json";

}  // namespace holdfast::sync
