// SPDX-License-Identifier: Apache-2.0
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Container
#include "sync/model/container_fields.hpp"

#include <array>

namespace holdfast::sync {
namespace {

constexpr std::string_view kNobodyAttached =
    "nobody can be attached to a container on a node; write false or take it out";

constexpr std::array kContainer{
    honoured("args", "with $(NAME) as in Kubernetes"),
    honoured("command", "with $(NAME) as in Kubernetes; the image's own unless said"),
    honoured("env"),
    honoured("envFrom",
             "as `env`, its values are those of when the container was made; the annotation "
             "`holdfast.dev/restart-on-change: enabled` makes it anew for others"),
    honoured("image",
             "a digest (name@sha256:…) is best: the same everywhere, and no registry is asked again"),
    honoured("imagePullPolicy",
             "Always asks the registry for a tag once for each pod; without a network an image that "
             "is there is taken"),
    honoured("lifecycle"),
    honoured("livenessProbe"),
    honoured("name", "the container's name at the engine is hf.NAMESPACE.POD.NAME"),
    honoured("ports", "one without hostPort says which port a probe means by its name, and opens nothing"),
    honoured("readinessProbe"),
    refused("resizePolicy", "resources change with Git, and the container is made anew then; take it out",
            "[]"),
    honoured("resources"),
    honoured("restartPolicy",
             "Always, of an init container alone: a sidecar, which starts before the containers and stops "
             "after them"),
    honoured("securityContext"),
    honoured("startupProbe"),
    refused("stdin", kNobodyAttached, "false"),
    refused("stdinOnce", kNobodyAttached, "false"),
    refused("terminationMessagePath",
            "the end of a container is told by its exit code and its log; take it out",
            R"("/dev/termination-log")"),
    refused("terminationMessagePolicy",
            "the end of a container is told by its exit code and its log; take it out", R"("File")"),
    refused("tty", kNobodyAttached, "false"),
    refused("volumeDevices", "is not supported; write a hostPath of type BlockDevice", "[]"),
    honoured("volumeMounts"),
    honoured("workingDir", "the image's own unless said"),
};

constexpr std::array kContainerPort{
    honoured("containerPort"),
    honoured("hostIP", "all addresses of the node unless said"),
    honoured("hostPort", "held by one pod of a node; with hostNetwork it is containerPort"),
    honoured("name", "probes may use it"),
    honoured("protocol", "TCP or UDP; SCTP is refused"),
};

constexpr std::array kEnvVar{
    honoured("name", "each once"),
    honoured("value", "with $(NAME) as in Kubernetes"),
    honoured("valueFrom"),
};

constexpr std::array kEnvVarSource{
    honoured("configMapKeyRef"),
    honoured("fieldRef"),
    honoured("resourceFieldRef"),
    honoured("secretKeyRef",
             "the engine keeps a container's environment on the node's disk in clear; as a file of a volume "
             "a Secret is in memory alone"),
};

constexpr std::array kKeySelector{
    honoured("key"),
    honoured("name", "in the same Application and namespace"),
    honoured("optional"),
};

constexpr std::array kObjectFieldSelector{
    honoured("apiVersion", "v1"),
    honoured("fieldPath",
             "metadata.name, metadata.namespace, metadata.labels['KEY'], metadata.annotations['KEY'], "
             "spec.nodeName, status.hostIP; others are refused, status.podIP because it is known only when "
             "the container is made"),
};

constexpr std::array kResourceFieldSelector{
    honoured("containerName", "the container itself unless said"),
    honoured("divisor", "1 unless said"),
    honoured(
        "resource",
        "limits.cpu, limits.memory of a container that sets them; requests.cpu, requests.memory: without a "
        "request the limit, without either 0"),
};

constexpr std::array kEnvFromSource{
    honoured("configMapRef"),
    honoured("prefix"),
    honoured("secretRef"),
};

constexpr std::array kEnvSource{honoured("name", "in the same Application and namespace"),
                                honoured("optional")};

constexpr std::array kResourceRequirements{
    refused("claims", "is not supported; write limits[\"nvidia.com/gpu\"] for a GPU, a hostPath for a device",
            "[]"),
    honoured("limits", "cpu, memory (6Mi at least) and nvidia.com/gpu; others are refused"),
    honoured("requests",
             "cpu is the container's share where CPUs are short, memory what it keeps where memory is; "
             "nothing is scheduled by them. nvidia.com/gpu as in limits; others are refused"),
};

constexpr std::array kProbe{
    honoured("exec"),
    honoured("failureThreshold"),
    refused("grpc", "is not supported; write exec with grpc_health_probe, or httpGet"),
    honoured("httpGet"),
    honoured("initialDelaySeconds"),
    honoured("periodSeconds"),
    honoured("successThreshold"),
    honoured("tcpSocket"),
    refused("terminationGracePeriodSeconds", "a probe has no grace period of its own; write the pod's"),
    honoured("timeoutSeconds"),
};

constexpr std::array kExecAction{honoured("command")};

constexpr std::array kHttpGetAction{
    honoured("host", "the pod unless said"),
    honoured("httpHeaders"),
    honoured("path"),
    honoured("port", "a number, or the name of one of the container's ports"),
    honoured("scheme", "HTTP; HTTPS is refused: write exec or tcpSocket"),
};

constexpr std::array kHttpHeader{honoured("name"), honoured("value")};

constexpr std::array kTcpSocketAction{
    honoured("host", "the pod unless said"),
    honoured("port", "a number, or the name of one of the container's ports"),
};

constexpr std::array kLifecycle{
    refused("postStart",
            "nothing is held until it ends where no kubelet is; write an init container, or a startupProbe"),
    honoured("preStop", "before SIGTERM, within terminationGracePeriodSeconds"),
};

constexpr std::array kLifecycleHandler{
    honoured("exec"),
    refused("httpGet", "is not supported; write exec"),
    honoured("sleep"),
    refused("tcpSocket", "does nothing in Kubernetes, too; write exec or sleep"),
};

constexpr std::array kSleepAction{honoured("seconds", "at most terminationGracePeriodSeconds")};

constexpr std::array kSecurityContext{
    honoured("allowPrivilegeEscalation"),
    refused("appArmorProfile",
            "the engine's default profile is in force; write another one into the engine's configuration",
            R"({"type":"RuntimeDefault"})"),
    honoured("capabilities"),
    honoured("privileged"),
    refused("procMount", "is not supported; write Default or take it out", R"("Default")"),
    honoured("readOnlyRootFilesystem"),
    honoured("runAsGroup"),
    honoured("runAsNonRoot"),
    honoured("runAsUser"),
    refused("seLinuxOptions", "the engine labels a container by itself; take it out", "{}"),
    honoured("seccompProfile", "the pod's unless said"),
    refused("windowsOptions", "nodes run Linux; take it out", "{}"),
};

constexpr std::array kCapabilities{
    honoured("add", "without CAP_; ALL is all"),
    honoured("drop", "without CAP_; ALL is all"),
};

constexpr std::array kVolumeMount{
    honoured("mountPath"),
    refused("mountPropagation",
            "mounts made later do not pass between node and container; write None or take it out",
            R"("None")"),
    honoured("name"),
    honoured("readOnly", "configMap and secret are always read-only"),
    refused("recursiveReadOnly", "is not supported; write Disabled or take it out", R"("Disabled")"),
    honoured("subPath"),
    refused("subPathExpr", "is not supported; write subPath, in which {{ .node.name }} can stand"),
};

}  // namespace

const FieldTable kContainerFields{"Container", kContainer};
const FieldTable kContainerPortFields{"ContainerPort", kContainerPort};
const FieldTable kEnvVarFields{"EnvVar", kEnvVar};
const FieldTable kEnvVarSourceFields{"EnvVarSource", kEnvVarSource};
const FieldTable kConfigMapKeySelectorFields{"ConfigMapKeySelector", kKeySelector};
const FieldTable kSecretKeySelectorFields{"SecretKeySelector", kKeySelector};
const FieldTable kObjectFieldSelectorFields{"ObjectFieldSelector", kObjectFieldSelector};
const FieldTable kResourceFieldSelectorFields{"ResourceFieldSelector", kResourceFieldSelector};
const FieldTable kEnvFromSourceFields{"EnvFromSource", kEnvFromSource};
const FieldTable kConfigMapEnvSourceFields{"ConfigMapEnvSource", kEnvSource};
const FieldTable kSecretEnvSourceFields{"SecretEnvSource", kEnvSource};
const FieldTable kResourceRequirementsFields{"ResourceRequirements", kResourceRequirements};
const FieldTable kProbeFields{"Probe", kProbe};
const FieldTable kExecActionFields{"ExecAction", kExecAction};
const FieldTable kHttpGetActionFields{"HTTPGetAction", kHttpGetAction};
const FieldTable kHttpHeaderFields{"HTTPHeader", kHttpHeader};
const FieldTable kTcpSocketActionFields{"TCPSocketAction", kTcpSocketAction};
const FieldTable kLifecycleFields{"Lifecycle", kLifecycle};
const FieldTable kLifecycleHandlerFields{"LifecycleHandler", kLifecycleHandler};
const FieldTable kSleepActionFields{"SleepAction", kSleepAction};
const FieldTable kSecurityContextFields{"SecurityContext", kSecurityContext};
const FieldTable kCapabilitiesFields{"Capabilities", kCapabilities};
const FieldTable kVolumeMountFields{"VolumeMount", kVolumeMount};

}  // namespace holdfast::sync
