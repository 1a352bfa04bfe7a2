// SPDX-License-Identifier: Apache-2.0
// https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/volume/
#include "sync/model/volume_fields.hpp"

#include <array>

namespace holdfast::sync {
namespace {

constexpr std::string_view kStorageOfClouds = "nodes have no storage of a cloud; write a hostPath";
constexpr std::string_view kMountOnNode =
    "is not supported; mount it on the node, and write a hostPath of type Directory";
constexpr std::string_view kNoDriver =
    "volumes of drivers need a cluster; write a hostPath of type DirectoryOrCreate, which outlives the pod";
constexpr std::string_view kGone = "is gone from Kubernetes, too; write a hostPath";

constexpr std::array kVolume{
    refused("awsElasticBlockStore", kStorageOfClouds),
    refused("azureDisk", kStorageOfClouds),
    refused("azureFile", kStorageOfClouds),
    refused("cephfs", kMountOnNode),
    refused("cinder", kStorageOfClouds),
    honoured("configMap", "files change in place and all at once; the container is not made anew"),
    refused("csi", kNoDriver),
    refused("downwardAPI", "is not supported; write env with fieldRef or resourceFieldRef"),
    honoured("emptyDir", "lives as long as the pod; a new revision of the pod begins empty"),
    refused("ephemeral", kNoDriver),
    refused("fc", kMountOnNode),
    refused("flexVolume", kNoDriver),
    refused("flocker", kGone),
    refused("gcePersistentDisk", kStorageOfClouds),
    refused("gitRepo", "is not supported; write a ConfigMap, or let an init container fetch it"),
    refused("glusterfs", kMountOnNode),
    honoured("hostPath", "nothing in it is ever deleted by Holdfast"),
    refused("image", "is not supported; let an init container of that image copy into an emptyDir"),
    refused("iscsi", kMountOnNode),
    honoured("name"),
    refused("nfs", kMountOnNode),
    refused("persistentVolumeClaim", kNoDriver),
    refused("photonPersistentDisk", kGone),
    refused("portworxVolume", kNoDriver),
    refused("projected", "is not supported; write a configMap and a secret volume, and mount both"),
    refused("quobyte", kGone),
    refused("rbd", kMountOnNode),
    refused("scaleIO", kGone),
    honoured("secret", "in memory alone; files change in place and all at once"),
    refused("storageos", kGone),
    refused("vsphereVolume", kStorageOfClouds),
};

constexpr std::string_view kModes =
    "a number, or in quotes octal digits (\"0400\"), because readers of YAML disagree on 0400 without; 0644 "
    "unless said";

constexpr std::array kConfigMapVolume{
    honoured("defaultMode", kModes),
    honoured("items", "all keys unless said"),
    honoured("name", "in the same Application and namespace"),
    honoured("optional"),
};

constexpr std::array kSecretVolume{
    honoured("defaultMode", kModes),
    honoured("items", "all keys unless said"),
    honoured("optional"),
    honoured("secretName", "in the same Application and namespace"),
};

constexpr std::array kKeyToPath{
    honoured("key"),
    honoured("mode", "as defaultMode"),
    honoured("path"),
};

constexpr std::array kEmptyDirVolume{
    honoured("medium", "Memory, or none for the disk; others are refused"),
    honoured(
        "sizeLimit",
        "with medium: Memory alone: nothing measures a folder on the disk. Where the image has a folder of "
        "that path, runc before 1.2 gives the volume that folder's mode: run as its owner, or mount it "
        "elsewhere"),
};

constexpr std::array kHostPathVolume{
    honoured("path"),
    honoured("type", "checked, or made, when the container is made"),
};

}  // namespace

const FieldTable kVolumeFields{"Volume", kVolume};
const FieldTable kConfigMapVolumeFields{"ConfigMapVolumeSource", kConfigMapVolume};
const FieldTable kSecretVolumeFields{"SecretVolumeSource", kSecretVolume};
const FieldTable kKeyToPathFields{"KeyToPath", kKeyToPath};
const FieldTable kEmptyDirVolumeFields{"EmptyDirVolumeSource", kEmptyDirVolume};
const FieldTable kHostPathVolumeFields{"HostPathVolumeSource", kHostPathVolume};

}  // namespace holdfast::sync
