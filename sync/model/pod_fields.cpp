// SPDX-License-Identifier: Apache-2.0
// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
#include "sync/model/pod_fields.hpp"

#include <array>

namespace holdfast::sync {
namespace {

constexpr std::string_view kNoScheduler =
    "no scheduler chooses here: the Application's placement says which node runs it";
constexpr std::string_view kNoEviction = "says who is evicted for whom, and nothing is evicted on a node";

constexpr std::array kPodSpec{
    refused("activeDeadlineSeconds",
            "a pod runs until Git says otherwise; write a Job, whose spec has activeDeadlineSeconds"),
    refused("affinity",
            "the Application's placement says which node runs it; write what the affinity asks for as "
            "spec.placement.selector there",
            "{}"),
    refused("automountServiceAccountToken",
            "a node has no API server and so no token to mount; write false or take it out", "false"),
    honoured("containers", "at least one"),
    refused("dnsConfig", "a container gets the name servers of its node; set them there", "{}"),
    honoured("dnsPolicy",
             "ClusterFirst, ClusterFirstWithHostNet and Default are all the name servers of the node; None "
             "is refused"),
    ignored("enableServiceLinks", "there are no Services whose variables could be set"),
    refused("ephemeralContainers",
            "are added to a pod that runs, never written in a manifest; write another container", "[]"),
    honoured("hostAliases"),
    refused("hostIPC", "is not supported; write an emptyDir with medium: Memory that the containers share",
            "false"),
    honoured("hostNetwork"),
    refused("hostPID", "is not supported; write a Process for what must see the processes of the node",
            "false"),
    refused(
        "hostUsers",
        "user namespaces are set up at the container engine, for all containers; write true or take it out",
        "true"),
    honoured("hostname", "the pod's name unless said; not with hostNetwork"),
    honoured("imagePullSecrets", "Secrets of type kubernetes.io/dockerconfigjson"),
    honoured("initContainers",
             "one after the other, before the containers; with restartPolicy: Always a sidecar"),
    refused("nodeName",
            "the Application's placement says which node runs it; write a label selector as "
            "spec.placement.selector there"),
    refused("nodeSelector",
            "the Application's placement says which node runs it; write the labels as "
            "spec.placement.selector there",
            "{}"),
    refused("os", "nodes run Linux; take it out", R"({"name":"linux"})"),
    refused(
        "overhead",
        "is what a RuntimeClass costs, which is an object of a cluster; add it to the containers' resources",
        "{}"),
    ignored("preemptionPolicy", kNoEviction),
    ignored("priority", kNoEviction),
    ignored("priorityClassName", kNoEviction),
    refused("readinessGates", "wait for controllers of a cluster; write a readinessProbe", "[]"),
    refused("resourceClaims",
            "is not supported; write resources.limits[\"nvidia.com/gpu\"] for a GPU, a hostPath for a device",
            "[]"),
    honoured("restartPolicy", "Always of a Deployment and a DaemonSet, OnFailure or Never of a Job"),
    refused("runtimeClassName",
            "a RuntimeClass is an object of a cluster; write resources.limits[\"nvidia.com/gpu\"] for a GPU; "
            "make another runtime the engine's default"),
    ignored("schedulerName", kNoScheduler),
    refused("schedulingGates",
            "hold a pod until a controller of a cluster opens them; take them out, and let what is to wait "
            "wait in Git",
            "[]"),
    honoured("securityContext"),
    refused("serviceAccount",
            "a node has no API server to be somebody at; take it out, with what uses the token",
            R"("default")"),
    refused("serviceAccountName",
            "a node has no API server to be somebody at; take it out, with what uses the token",
            R"("default")"),
    refused("setHostnameAsFQDN", "there is no domain of a cluster; take it out", "false"),
    refused("shareProcessNamespace", "is not supported; let the containers meet in an emptyDir or on a port",
            "false"),
    refused("subdomain", "there is no domain of a cluster; write hostAliases"),
    honoured("terminationGracePeriodSeconds", "30 unless said"),
    ignored("tolerations", "allow a pod on a tainted node, and nodes have no taints"),
    ignored("topologySpreadConstraints", "compare nodes, and one node is one domain"),
    honoured("volumes"),
};

constexpr std::array kHostAlias{honoured("hostnames"), honoured("ip")};

constexpr std::array kLocalObjectReference{honoured("name")};

constexpr std::array kPodSecurityContext{
    refused("appArmorProfile",
            "the engine's default profile is in force; write another one into the engine's configuration",
            R"({"type":"RuntimeDefault"})"),
    honoured("fsGroup",
             "owns the files of configMap, secret and emptyDir volumes; every container is in it. An "
             "emptyDir of `medium: Memory` with `sizeLimit` is the engine's tmpfs, which podman gives no "
             "group: everybody in the pod may write there, as in every emptyDir"),
    ignored(
        "fsGroupChangePolicy",
        "in Kubernetes, too, it means nothing for configMap, secret and emptyDir, and others are refused"),
    honoured("runAsGroup"),
    honoured("runAsNonRoot"),
    honoured("runAsUser"),
    refused("seLinuxOptions", "the engine labels a container by itself; take it out", "{}"),
    honoured("seccompProfile", "the engine's default profile unless said"),
    honoured("supplementalGroups"),
    refused("supplementalGroupsPolicy",
            "the groups that the image gives the user are always merged in; write Merge or take it out",
            R"("Merge")"),
    refused("sysctls", "is not supported; set it on the node, by a File in /etc/sysctl.d", "[]"),
    refused("windowsOptions", "nodes run Linux; take it out", "{}"),
};

constexpr std::array kSeccompProfile{
    refused("localhostProfile",
            "is not supported; write type: RuntimeDefault, and the profile into the engine's configuration"),
    honoured("type", "RuntimeDefault or Unconfined; Localhost is refused"),
};

constexpr std::array kPodTemplateSpec{honoured("metadata"), honoured("spec")};

constexpr std::string_view kNamedAfterOwner =
    "pods are named after the resource that they are of; take it out";
constexpr std::string_view kServerSet = "is set by a server and has no place in a manifest; take it out";

constexpr std::array kTemplateMetadata{
    honoured("annotations"),
    refused("creationTimestamp", kServerSet),
    refused("deletionGracePeriodSeconds", kServerSet),
    refused("deletionTimestamp", kServerSet),
    refused("finalizers", "is not supported on a node: deletes follow Git; take it out", "[]"),
    refused("generateName", kNamedAfterOwner),
    refused("generation", kServerSet),
    honoured("labels"),
    refused("managedFields", kServerSet, "[]"),
    ignored("name", "pods are named after the resource that they are of, in a cluster, too"),
    refused("namespace", "pods are in the namespace of the resource that they are of; take it out"),
    refused("ownerReferences", "is not supported on a node: deletes follow Git; take it out", "[]"),
    refused("resourceVersion", kServerSet),
    refused("selfLink", kServerSet),
    refused("uid", kServerSet),
};

}  // namespace

const FieldTable kPodSpecFields{"PodSpec", kPodSpec};
const FieldTable kHostAliasFields{"HostAlias", kHostAlias};
const FieldTable kLocalObjectReferenceFields{"LocalObjectReference", kLocalObjectReference};
const FieldTable kPodSecurityContextFields{"PodSecurityContext", kPodSecurityContext};
const FieldTable kSeccompProfileFields{"SeccompProfile", kSeccompProfile};
const FieldTable kPodTemplateSpecFields{"PodTemplateSpec", kPodTemplateSpec};
const FieldTable kTemplateMetadataFields{"ObjectMeta", kTemplateMetadata};

}  // namespace holdfast::sync
