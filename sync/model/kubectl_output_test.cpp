// SPDX-License-Identifier: Apache-2.0
// What kubectl 1.32 prints with `--dry-run=client -o json` is read as it is: with an empty status, times that are null, and empty
// members that mean their defaults.
#include <gtest/gtest.h>

#include <string>

#include "sync/model/resource.hpp"

namespace holdfast::sync {
namespace {

struct Printed {
  const char* name;
  const char* command;
  const char* json;
};
class KubectlOutput : public ::testing::TestWithParam<Printed> {};

TEST_P(KubectlOutput, IsAManifest) {
  const auto resource = parse_resource(std::string_view(GetParam().json));
  ASSERT_TRUE(resource) << GetParam().command << ": " << resource.error().message();
  EXPECT_EQ(resource->body.find("status"), std::string::npos);
  EXPECT_EQ(resource->body.find("creationTimestamp"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Table, KubectlOutput,
    ::testing::Values(
        Printed{"Deployment", "kubectl create deployment web --image=registry.example.com/web:1 --port=80",
                R"({"kind": "Deployment", "apiVersion": "apps/v1",
                    "metadata": {"name": "web", "creationTimestamp": null, "labels": {"app": "web"}},
                    "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}},
                      "template": {"metadata": {"creationTimestamp": null, "labels": {"app": "web"}},
                        "spec": {"containers": [{"name": "web", "image": "registry.example.com/web:1",
                          "ports": [{"containerPort": 80}], "resources": {}}]}}, "strategy": {}}, "status": {}})"},
        Printed{
            "Job", "kubectl create job once --image=registry.example.com/web:1 -- /bin/true",
            R"({"kind": "Job", "apiVersion": "batch/v1", "metadata": {"name": "once", "creationTimestamp": null},
                    "spec": {"template": {"metadata": {"creationTimestamp": null},
                      "spec": {"containers": [{"name": "once", "image": "registry.example.com/web:1",
                        "command": ["/bin/true"], "resources": {}}], "restartPolicy": "Never"}}}, "status": {}})"},
        Printed{"CronJob",
                "kubectl create cronjob daily --image=registry.example.com/web:1 --schedule=@daily",
                R"({"kind": "CronJob", "apiVersion": "batch/v1",
                    "metadata": {"name": "daily", "creationTimestamp": null},
                    "spec": {"schedule": "@daily", "jobTemplate": {"metadata": {"name": "daily", "creationTimestamp": null},
                      "spec": {"template": {"metadata": {"creationTimestamp": null},
                        "spec": {"containers": [{"name": "daily", "image": "registry.example.com/web:1",
                          "resources": {}}], "restartPolicy": "OnFailure"}}}}}, "status": {}})"},
        Printed{"Pod", "kubectl run web --image=registry.example.com/web:1",
                R"({"kind": "Pod", "apiVersion": "v1",
                    "metadata": {"name": "web", "creationTimestamp": null, "labels": {"run": "web"}},
                    "spec": {"containers": [{"name": "web", "image": "registry.example.com/web:1", "resources": {}}],
                      "restartPolicy": "Always", "dnsPolicy": "ClusterFirst"}, "status": {}})"},
        Printed{"DaemonSet", "kubectl create -f daemonset.yaml",
                R"({"kind": "DaemonSet", "apiVersion": "apps/v1",
                    "metadata": {"name": "log", "creationTimestamp": null},
                    "spec": {"selector": {"matchLabels": {"app": "log"}},
                      "template": {"metadata": {"creationTimestamp": null, "labels": {"app": "log"}},
                        "spec": {"containers": [{"name": "log", "image": "registry.example.com/log:1", "resources": {}}]}},
                      "updateStrategy": {}}, "status": {}})"},
        Printed{"ConfigMap", "kubectl create configmap settings --from-literal=a=b",
                R"({"kind": "ConfigMap", "apiVersion": "v1",
                    "metadata": {"name": "settings", "creationTimestamp": null}, "data": {"a": "b"}})"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace holdfast::sync
