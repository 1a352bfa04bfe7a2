// SPDX-License-Identifier: Apache-2.0
// The parts of a Pod: volumes, environment, probes and hooks, on a fake container engine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/file_io.hpp"
#include "edge_agent/fake_node.hpp"
#include "edge_agent/network_image.hpp"
#include "edge_agent/pod_labels.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;
using base::ContainerName;
using sync::Health;
using sync::SectionPhase;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;
namespace fs = std::filesystem;

const ContainerName kApp{"hf.default.web.app"};
constexpr const char* kImage = "registry.example.com/web:1";
constexpr const char* kShim = "not really a program";

class PodParts : public ::testing::Test {
 protected:
  PodParts() {
    folder_ = testing::TempDir() + "pod-parts-" + std::to_string(::getpid()) + "-" + std::to_string(++count_);
    fs::create_directories(folder_ + "/host");
    std::ofstream(folder_ + "/shim") << kShim;
    add_image(kImage);
    base::ImageInfo shim;
    shim.id = base::ImageId("sha256:" + base::Digest::of("shim").hex());
    shim.tags = {network_image_name(kShim)};
    node.containers.know_archive(network_archive(kShim, network_image_name(kShim)), shim);
    node.pod_places = {.disk = folder_ + "/disk",
                       .memory = folder_ + "/memory",
                       .shim = folder_ + "/shim",
                       .root = folder_ + "/host"};
    EXPECT_TRUE(node.restart());
  }
  ~PodParts() override { fs::remove_all(folder_); }

  void add_image(const std::string& reference, const std::string& user = "") {
    base::ImageInfo image;
    image.id = base::ImageId("sha256:" + base::Digest::of(reference).hex());
    image.tags = {reference};
    image.user = user;
    node.containers.add_image(image);
  }
  static std::string container(const std::string& more, const std::string& name = "app") {
    return R"({"name":")" + name + R"(","image":")" + kImage + "\"" + (more.empty() ? "" : "," + more) + "}";
  }
  static FakeApp app() {
    FakeApp out("app");
    out.policy.progress_deadline = 60s;
    return out;
  }
  static std::string spec(const std::string& of_container, const std::string& of_pod = "") {
    return R"({"containers":[)" + container(of_container) + "]" + (of_pod.empty() ? "" : "," + of_pod) + "}";
  }
  void start(const FakeApp& app) {
    node.desire({app});
    node.settle();
  }
  std::string bind(const std::string& target, const ContainerName& name = kApp) {
    for (const auto& mount : node.containers.spec_of(name)->binds) {
      if (mount.target == target) return mount.source;
    }
    return "";
  }
  static std::string text(const std::string& path) {
    return base::read_file(path, 1U << 20U).value_or("nothing");
  }
  std::string env(const std::string& name) {
    for (const auto& [known, value] : node.containers.spec_of(kApp)->env) {
      if (known == name) return value;
    }
    return "nothing";
  }
  bool runs(const std::string& name) { return node.containers.running().contains("hf.default.web." + name); }
  std::string reason() { return node.resource("Pod/web").reason; }

  FakeNode node;
  std::string folder_;
  static inline int count_ = 0;
};

// ---- environment ----

TEST_F(PodParts, TheEnvironmentIsFilledIn) {
  start(app()
            .config_map("conf", {{"A", "a"}})
            .secret("db", node.sealing_keys.newest().key.public_key(), {{"password", "hunter2"}})
            .pod("web",
                 spec(R"json("env":[{"name":"POD","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}},
      {"name":"NODE","valueFrom":{"fieldRef":{"fieldPath":"spec.nodeName"}}},
      {"name":"CPU","valueFrom":{"resourceFieldRef":{"resource":"limits.cpu","divisor":"1m"}}},
      {"name":"PASS","valueFrom":{"secretKeyRef":{"name":"db","key":"password"}}},
      {"name":"GONE","valueFrom":{"configMapKeyRef":{"name":"conf","key":"no","optional":true}}},
      {"name":"URL","value":"http://$(POD)/$(C_A)"}],
      "envFrom":[{"prefix":"C_","configMapRef":{"name":"conf"}}],
      "resources":{"limits":{"cpu":"250m"}})json")));
  ASSERT_NE(node.containers.spec_of(kApp), nullptr) << node.section("app").message;
  EXPECT_EQ(env("POD"), "web");
  EXPECT_EQ(env("NODE"), node.identity.name);
  EXPECT_EQ(env("CPU"), "250");
  EXPECT_EQ(env("PASS"), "hunter2");
  EXPECT_EQ(env("C_A"), "a");
  EXPECT_EQ(env("URL"), "http://web/a");
  EXPECT_EQ(env("GONE"), "nothing");
}

/// Of what reads it directly, under all its names, and in another variable and an argument.
FakeApp reader(const base::SealingPublicKey& key, const std::string& value, const std::string& meta) {
  return FakeApp("app")
      .config_map("conf", {{"A", value}})
      .secret("db", key, {{"password", value}})
      .workload(
          "Deployment", "web",
          R"json({"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"})json" +
              meta + R"json(},"spec":{"containers":[{"name":"app","image":")json" + kImage +
              R"json(","args":["--url=$(URL)"],"envFrom":[{"configMapRef":{"name":"conf"}}],"env":[
      {"name":"PASS","valueFrom":{"secretKeyRef":{"name":"db","key":"password"}}},
      {"name":"URL","value":"http://$(A):$(PASS)"}]}]}}})json");
}

TEST_F(PodParts, AnotherValueOfAConfigMapOrSecretReachesAVariableWhenThePodIsMadeAnew) {
  const auto key = node.sealing_keys.newest().key.public_key();
  start(reader(key, "one", ""));
  const ContainerName app{"hf.default.web-0.app"};
  const auto before = node.containers.container(app)->id;
  start(reader(key, "two", ""));
  EXPECT_EQ(node.containers.container(app)->id, before) << "nothing asks for a restart";
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  node.containers.remove_by_hand(app);
  node.settle();
  ASSERT_NE(node.containers.spec_of(app), nullptr);
  EXPECT_THAT(node.containers.spec_of(app)->env,
              UnorderedElementsAre(Pair("A", "two"), Pair("PASS", "two"), Pair("URL", "http://two:two")));
  EXPECT_THAT(*node.containers.spec_of(app)->arguments, ElementsAre("--url=http://two:two"));
}

TEST_F(PodParts, AnotherValueOfAConfigMapOrSecretMakesThePodAnewThatAsksForIt) {
  const auto key = node.sealing_keys.newest().key.public_key();
  constexpr const char* kAsks = R"(,"annotations":{"holdfast.dev/restart-on-change":"enabled"})";
  start(reader(key, "one", kAsks));
  start(reader(key, "two", kAsks));
  node.pass(10s);
  const auto running = node.containers.running();
  ASSERT_EQ(running.size(), 1U);
  EXPECT_THAT(node.containers.spec_of(ContainerName(*running.begin()))->env,
              Contains(Pair("URL", "http://two:two")));
}

TEST_F(PodParts, AReferenceToAnotherConfigMapIsAnotherPod) {
  const auto with = [](const std::string& name) {
    return app()
        .config_map("a", {{"A", "one"}})
        .config_map("b", {{"A", "two"}})
        .pod("web", spec(R"("envFrom":[{"configMapRef":{"name":")" + name + R"("}}])"));
  };
  start(with("a"));
  start(with("b"));
  EXPECT_EQ(env("A"), "two");
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

// ---- volumes ----

constexpr const char* kConfVolume = R"("volumes":[{"name":"v","configMap":{"name":"conf"}}])";
constexpr const char* kMount = R"("volumeMounts":[{"name":"v","mountPath":"/v"}])";

TEST_F(PodParts, FilesOfAConfigMapChangeInPlace) {
  const auto with = [](const std::string& value) {
    return app().config_map("conf", {{"a.conf", value}, {"b", "b"}}).pod("web", spec(kMount, kConfVolume));
  };
  start(with("one"));
  ASSERT_EQ(text(bind("/v") + "/a.conf"), "one");
  EXPECT_TRUE(fs::is_symlink(bind("/v") + "/..data"));
  const auto before = node.containers.container(kApp)->id;
  node.forget_touched();
  start(with("two"));
  EXPECT_EQ(text(bind("/v") + "/a.conf"), "two");
  EXPECT_EQ(node.containers.container(kApp)->id, before);
  EXPECT_THAT(node.containers.changes(), IsEmpty());
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(PodParts, FilesThatAreNotWantedAnyMoreGo) {
  start(app().config_map("conf", {{"a", "a"}, {"b", "b"}}).pod("web", spec(kMount, kConfVolume)));
  start(app().config_map("conf", {{"b", "b"}}).pod("web", spec(kMount, kConfVolume)));
  EXPECT_FALSE(fs::exists(bind("/v") + "/a"));
  EXPECT_EQ(text(bind("/v") + "/b"), "b");
  std::size_t entries = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(bind("/v"))) ++entries;
  EXPECT_EQ(entries, 3U) << "b, ..data and the folder behind it";
}

TEST_F(PodParts, FilesOfASecretAreInMemoryAndComeBackAfterAReboot) {
  start(app()
            .secret("db", node.sealing_keys.newest().key.public_key(), {{"password", "hunter2"}})
            .pod("web",
                 spec(kMount, R"("volumes":[{"name":"v","secret":{"secretName":"db","defaultMode":256}}])")));
  ASSERT_TRUE(bind("/v").starts_with(folder_ + "/memory/"));
  EXPECT_EQ(text(bind("/v") + "/password"), "hunter2");
  EXPECT_EQ(fs::status(bind("/v") + "/password").permissions(), fs::perms::owner_read);
  fs::remove_all(folder_ + "/memory");
  node.reboot();
  node.settle();
  EXPECT_EQ(text(bind("/v") + "/password"), "hunter2");
  EXPECT_TRUE(runs("app"));
}

TEST_F(PodParts, WhatIsMountedBySubPathComesBackAfterAReboot) {
  start(app()
            .secret("db", node.sealing_keys.newest().key.public_key(), {{"password", "hunter2"}})
            .pod("web", spec(R"("volumeMounts":[{"name":"v","mountPath":"/p","subPath":"password"}])",
                             R"("volumes":[{"name":"v","secret":{"secretName":"db"}}])")));
  ASSERT_EQ(text(bind("/p")), "hunter2");
  fs::remove_all(folder_ + "/memory");
  node.reboot();
  node.settle();
  EXPECT_EQ(text(bind("/p")), "hunter2");
  EXPECT_TRUE(runs("app"));
}

TEST_F(PodParts, AnEmptyDirInMemoryComesBackAfterAReboot) {
  start(app().pod("web", spec(R"("volumeMounts":[{"name":"m","mountPath":"/m"}])",
                              R"("volumes":[{"name":"m","emptyDir":{"medium":"Memory"}}])")));
  ASSERT_TRUE(fs::exists(bind("/m")));
  fs::remove_all(folder_ + "/memory");
  node.reboot();
  node.settle();
  EXPECT_TRUE(fs::exists(bind("/m")));
  EXPECT_TRUE(runs("app"));
}

TEST_F(PodParts, VolumesOfAPodThatNeverCameToBeGoWithIt) {
  node.containers.set_failure(base::EngineCall::kCreate, base::Error(base::Code::kIo, "no"));
  node.desire({app()
                   .secret("db", node.sealing_keys.newest().key.public_key(), {{"password", "hunter2"}})
                   .pod("web", spec(kMount, R"("volumes":[{"name":"v","secret":{"secretName":"db"}}])"))});
  node.pass(2s);
  ASSERT_TRUE(fs::exists(folder_ + "/memory/default_web"));
  start(app().file("a", "/a", "x"));
  node.settle();
  EXPECT_FALSE(fs::exists(folder_ + "/memory/default_web"));
}

TEST_F(PodParts, VolumesThatADeathLeftBehindGoWithTheNextAgent) {
  start(app().pod("web", spec(R"("volumeMounts":[{"name":"e","mountPath":"/e"}])",
                              R"("volumes":[{"name":"e","emptyDir":{}}])")));
  ASSERT_TRUE(fs::exists(folder_ + "/disk/default_web"));
  node.containers.before_change([](const std::string& what) {
    if (what.starts_with("remove ")) throw std::runtime_error("dies");
  });
  node.desire({app().file("a", "/a", "x")});
  EXPECT_THROW(node.settle(), std::runtime_error);
  node.containers.before_change(nullptr);
  node.containers.remove_by_hand(kApp);  // it was carried out, and nobody heard of it
  node.kill();
  ASSERT_TRUE(node.boot());
  node.settle();
  EXPECT_FALSE(fs::exists(folder_ + "/disk/default_web"));
}

TEST_F(PodParts, WhatIsBeingMadeWhenItLeavesGitIsTakenAwayAgain) {
  node.desire({app().pod("web", spec(""))});
  // Until its create is on its way.
  for (int i = 0; i < 100 && node.containers.touched().creates == 0; ++i) {
    static_cast<void>(node.engine().run_due());
    if (node.containers.touched().creates == 0) node.containers.deliver();
  }
  ASSERT_EQ(node.containers.touched().creates, 1U);
  ASSERT_EQ(node.containers.container(kApp), nullptr);
  node.desire({app().file("a", "/a", "x")});
  node.pass(5s);
  EXPECT_EQ(node.containers.container(kApp), nullptr);
  EXPECT_EQ(node.containers.touched().removes, 1U);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
}

TEST_F(PodParts, AnEmptyDirLivesAsLongAsThePodAndAHostPathForEver) {
  const auto with = [](const std::string& more) {
    return app().pod(
        "web", spec(R"("volumeMounts":[{"name":"e","mountPath":"/e"},{"name":"h","mountPath":"/h"}])" + more,
                    R"("volumes":[{"name":"e","emptyDir":{}},
                                    {"name":"h","hostPath":{"path":"/srv/x","type":"DirectoryOrCreate"}}])"));
  };
  start(with(""));
  std::ofstream(bind("/e") + "/mine") << "x";
  std::ofstream(bind("/h") + "/mine") << "x";
  node.containers.exit_by_hand(kApp, 1);
  node.settle();
  EXPECT_EQ(text(bind("/e") + "/mine"), "x");
  start(with(R"(,"args":["new"])"));
  EXPECT_EQ(text(bind("/e") + "/mine"), "nothing");
  EXPECT_EQ(text(bind("/h") + "/mine"), "x");
  const auto empty = bind("/e");
  start(app().file("a", "/a", "x"));
  node.settle();
  EXPECT_FALSE(fs::exists(empty));
  EXPECT_EQ(text(folder_ + "/host/srv/x/mine"), "x") << "what is the host's stays";
}

TEST_F(PodParts, AHostPathThatIsNotThereIsSaid) {
  node.desire({app().pod("web", spec(R"("volumeMounts":[{"name":"h","mountPath":"/h"}])",
                                     R"("volumes":[{"name":"h","hostPath":{"path":"/nowhere"}}])"))});
  node.pass(10s);
  EXPECT_EQ(node.containers.container(kApp), nullptr);
  EXPECT_THAT(node.resource("Pod/web").message, HasSubstr("/nowhere is not there"));
}

TEST_F(PodParts, ALinkOutOfAVolumeIsNotFollowed) {
  fs::create_directories(folder_ + "/host/srv/x");
  fs::create_symlink("/etc", folder_ + "/host/srv/x/out");
  node.desire({app().pod("web", spec(R"("volumeMounts":[{"name":"h","mountPath":"/h","subPath":"out"}])",
                                     R"("volumes":[{"name":"h","hostPath":{"path":"/srv/x"}}])"))});
  node.pass(10s);
  EXPECT_EQ(node.containers.container(kApp), nullptr);
  EXPECT_THAT(node.section("app").message, HasSubstr("leads out of its volume"));
}

TEST_F(PodParts, AnImageOfRootIsRefusedWhereThePodSaysNonRoot) {
  const auto pod = app().pod("web", spec(R"("securityContext":{"runAsNonRoot":true})"));
  node.desire({pod});
  node.pass(10s);
  EXPECT_THAT(node.section("app").message, HasSubstr("runAsNonRoot"));
  EXPECT_EQ(node.containers.container(kApp), nullptr);
}

// ---- probes and hooks ----

/// Neither what the former probe said nor its next time counts for the one that is right, and no container is touched.
TEST_F(PodParts, AProbeThatIsCorrectedBeginsAnew) {
  node.containers.set_exec("wrong", {.exit_code = 1, .output = "503\n"});
  const auto with = [&](const std::string& command) {
    return app().pod("web", spec(R"("readinessProbe":{"exec":{"command":[")" + command +
                                 R"("]},"periodSeconds":300,"timeoutSeconds":200,"failureThreshold":1})"));
  };
  start(with("wrong"));
  EXPECT_EQ(node.resource("Pod/web").reason, "NotReady");
  EXPECT_EQ(node.resource("Pod/web").message,
            "container app: readiness probe: its command ended with 1: 503");
  node.forget_touched();
  start(with("right"));
  EXPECT_EQ(node.resource("Pod/web").health, Health::kHealthy) << node.resource("Pod/web").message;
  EXPECT_THAT(node.containers.changes(), IsEmpty());
  // One that hangs is not waited for either.
  node.containers.set_exec("hangs", {.after = 1h});
  start(with("hangs"));
  EXPECT_EQ(node.resource("Pod/web").health, Health::kProgressing);
  start(with("right"));
  EXPECT_EQ(node.resource("Pod/web").health, Health::kHealthy);
}

TEST_F(PodParts, WhatDoesNotStartNamesItsProbe) {
  node.containers.set_exec("up", {.exit_code = 2, .output = "no database"});
  start(app().pod(
      "web", spec(R"("startupProbe":{"exec":{"command":["up"]},"periodSeconds":1,"failureThreshold":30})")));
  node.pass(2s);
  EXPECT_EQ(node.resource("Pod/web").message,
            "container app: startup probe: its command ended with 2: no database");
  node.pass(10min);
  EXPECT_THAT(node.last_event("Quarantined"),
              AnyOf(HasSubstr("container app: startup probe: its command ended with 2: no database"),
                    HasSubstr("startup probe failed: its command ended with 2: no database")));
}

TEST_F(PodParts, ReadinessGatesHealth) {
  node.containers.set_exec("check", {.exit_code = 1, .output = "503\n"});
  start(app().pod(
      "web",
      spec(R"("readinessProbe":{"exec":{"command":["check"]},"periodSeconds":2,"failureThreshold":1})")));
  EXPECT_EQ(node.resource("Pod/web").health, Health::kProgressing);
  EXPECT_EQ(reason(), "NotReady");
  EXPECT_THAT(node.resource("Pod/web").message, HasSubstr("503"));
  node.containers.set_exec("check", {});
  node.pass(3s);
  EXPECT_EQ(node.resource("Pod/web").health, Health::kHealthy);
  EXPECT_EQ(node.section("app").phase, SectionPhase::kSynced);
  node.containers.set_exec("check", {.exit_code = 1});
  node.pass(3s);
  EXPECT_EQ(node.resource("Pod/web").health, Health::kDegraded);
  EXPECT_EQ(node.containers.touched().starts, 1U) << "not ready is no reason to restart";
}

TEST_F(PodParts, AFailedLivenessProbeStartsItAgain) {
  start(app().pod("web",
                  spec(R"("livenessProbe":{"tcpSocket":{"port":80},"periodSeconds":1,"failureThreshold":3})",
                       R"("hostNetwork":true)")));
  node.host.set_probe("container:hf.default.web.app#liveness", {.ok = false, .detail = "refused"});
  node.pass(1s);
  EXPECT_EQ(node.containers.touched().stops, 0U);
  node.pass(2s);
  EXPECT_EQ(node.containers.touched().stops, 1U);
  EXPECT_EQ(node.containers.touched().starts, 2U);
  EXPECT_THAT(node.last_event("Restarted"), HasSubstr("liveness probe failed: refused"));
}

TEST_F(PodParts, UntilItHasStartedTheOtherProbesWait) {
  node.containers.set_exec("up", {.exit_code = 1});
  start(app().pod("web",
                  spec(R"("startupProbe":{"exec":{"command":["up"]},"periodSeconds":1,"failureThreshold":30},
      "livenessProbe":{"exec":{"command":["live"]},"periodSeconds":1,"failureThreshold":1})")));
  node.containers.set_exec("live", {.exit_code = 1});
  node.pass(10s);
  EXPECT_EQ(node.containers.touched().stops, 0U);
  EXPECT_EQ(reason(), "Starting");
  node.containers.set_exec("up", {});
  node.pass(3s);
  EXPECT_GE(node.containers.touched().stops, 1U);
}

TEST_F(PodParts, ACommandThatNeverReturnsIsNotRunForEver) {
  node.containers.set_exec("hang", {.after = 24h});
  start(app().pod("web", spec(R"("readinessProbe":{"exec":{"command":["hang"]},"periodSeconds":1})")));
  node.pass(10min);
  EXPECT_EQ(node.containers.touched().execs, 16U);
  EXPECT_THAT(node.resource("Pod/web").message, HasSubstr("did not end in time"));
}

TEST_F(PodParts, ACommandIsRunAgainWhenThoseBeyondTheirTimeHaveEnded) {
  node.containers.set_exec("slow", {.after = 40s});
  start(app().pod("web", spec(R"("readinessProbe":{"exec":{"command":["slow"]},"periodSeconds":1})")));
  node.pass(35s);
  EXPECT_EQ(node.containers.touched().execs, 16U);
  EXPECT_THAT(node.resource("Pod/web").message, HasSubstr("is run again when one of these has ended"));
  node.containers.set_exec("slow", {});
  node.pass(20s);
  EXPECT_EQ(node.resource("Pod/web").health, Health::kHealthy);
}

TEST_F(PodParts, AnEngineThatHangsIsNoFailedProbe) {
  start(app().pod("web", spec(R"("livenessProbe":{"exec":{"command":["live"]},"periodSeconds":1})")));
  node.pass(5s);
  node.containers.set_hung(true);
  node.pass(3min);
  EXPECT_EQ(reason(), "EngineDown");
  node.containers.set_hung(false);
  node.pass(2min);
  EXPECT_EQ(node.containers.touched().stops, 0U);
  EXPECT_EQ(node.resource("Pod/web").health, Health::kHealthy);
}

TEST_F(PodParts, SteadyProbesDoNotChangeTheSnapshotNorTheStore) {
  start(app().pod(
      "web",
      spec(R"("livenessProbe":{"exec":{"command":["a"]}},"readinessProbe":{"exec":{"command":["b"]}})")));
  node.pass(20s);
  const auto snapshot = sync::encode_snapshot(node.engine().snapshot());
  const auto commits = node.store.commits();
  node.pass(1h);
  EXPECT_EQ(sync::encode_snapshot(node.engine().snapshot()), snapshot);
  EXPECT_EQ(node.store.commits(), commits);
}

TEST_F(PodParts, AHookRunsBeforeItIsStopped) {
  start(app().pod("web", spec(R"("lifecycle":{"preStop":{"exec":{"command":["drain"]}}})")));
  node.containers.set_exec("drain", {.after = 4s});
  start(app().file("a", "/a", "x"));
  EXPECT_EQ(node.containers.touched().execs, 1U);
  EXPECT_TRUE(runs("app"));
  node.pass(5s);
  EXPECT_EQ(node.containers.container(kApp), nullptr);
}

TEST_F(PodParts, ATimeToWaitBeforeItIsStoppedIsKept) {
  start(app().pod("web", spec(R"("lifecycle":{"preStop":{"sleep":{"seconds":5}}})")));
  start(app().file("a", "/a", "x"));
  node.pass(3s);
  EXPECT_TRUE(runs("app"));
  node.pass(3s);
  EXPECT_EQ(node.containers.container(kApp), nullptr);
}

}  // namespace
}  // namespace holdfast::edge_agent
