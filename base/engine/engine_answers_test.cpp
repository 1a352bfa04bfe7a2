// SPDX-License-Identifier: Apache-2.0
#include "base/engine/engine_answers.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/limits/engine.hpp"
#include "base/time_text.hpp"

namespace holdfast::base {
namespace {

TEST(EngineAnswers, AListAsDockerGivesIt) {
  const auto list = parse_container_list(R"([
    {"Id":"aa","Names":["/other/alias","/hf.web"],"Image":"web:1","ImageID":"sha256:01","Command":"sh","Created":1795998108,
     "Ports":[],"Labels":{"a":"b"},"State":"running","Status":"Up 2 hours","HostConfig":{"NetworkMode":"none"},"Mounts":[]},
    {"Id":"bb","Names":null,"Labels":null,"State":"removal in progress"}])");
  ASSERT_TRUE(list) << list.error().message();
  ASSERT_EQ(list->size(), 2U);
  EXPECT_EQ(list->front(), (ContainerSummary{ContainerId("aa"),
                                             ContainerName("hf.web"),
                                             "web:1",
                                             ImageId("sha256:01"),
                                             {{"a", "b"}},
                                             ContainerPhase::kRunning}));
  EXPECT_EQ(list->back().name.str(), "");
  EXPECT_EQ(list->back().phase, ContainerPhase::kDead);
}

TEST(EngineAnswers, AbilitiesOfDockerAndPodman) {
  struct Row {
    const char* name;
    const char* text;
    EngineAbilities abilities;
  };
  for (
      const Row& row :
      {Row{"Docker of JetPack",
           R"({"Name":"orin","Runtimes":{"runc":{"path":"runc"},"nvidia":{"path":"nvidia-container-runtime"}}})",
           {true, false, {"nvidia", "runc"}}},
       Row{"Docker with CDI",
           R"({"CDISpecDirs":["/etc/cdi","/var/run/cdi"],"Runtimes":{"runc":{}}})",
           {true, true, {"runc"}}},
       Row{"Docker that was told no CDI", R"({"CDISpecDirs":[],"Runtimes":null})", {true, false, {}}},
       Row{"podman",
           R"({"BuildahVersion":"1.28.2","CDISpecDirs":["/etc/cdi"],"Runtimes":{"crun":{}}})",
           {false, false, {"crun"}}}}) {
    const auto abilities = parse_engine_abilities(row.text);
    ASSERT_TRUE(abilities) << row.name << ": " << abilities.error().message();
    EXPECT_EQ(*abilities, row.abilities) << row.name;
  }
  EXPECT_FALSE(parse_engine_abilities(R"({"Runtimes":["runc"]})"));
}

TEST(EngineAnswers, PhasesInTheWordsOfBothEngines) {
  struct Row {
    const char* word;
    ContainerPhase phase;
  };
  for (const Row& row :
       {Row{"created", ContainerPhase::kCreated}, Row{"configured", ContainerPhase::kCreated},
        Row{"initialized", ContainerPhase::kCreated}, Row{"running", ContainerPhase::kRunning},
        Row{"stopping", ContainerPhase::kRunning}, Row{"paused", ContainerPhase::kPaused},
        Row{"restarting", ContainerPhase::kRestarting}, Row{"removing", ContainerPhase::kRemoving},
        Row{"exited", ContainerPhase::kExited}, Row{"stopped", ContainerPhase::kExited},
        Row{"dead", ContainerPhase::kDead}, Row{"unknown", ContainerPhase::kDead}}) {
    const auto list = parse_container_list(R"([{"Id":"a","State":")" + std::string(row.word) + "\"}]");
    ASSERT_TRUE(list) << row.word;
    EXPECT_EQ(list->front().phase, row.phase) << row.word;
  }
}

TEST(EngineAnswers, AContainerThatEnded) {
  const auto state =
      parse_container_state(R"({"Id":"aa","Name":"/hf.web","Image":"sha256:01","State":{"Status":"exited",
    "Running":false,"OOMKilled":true,"Pid":0,"ExitCode":137,"Error":"","StartedAt":"2026-11-30T01:22:14.097386416+01:00",
    "FinishedAt":"2026-11-30T00:22:18.828130631Z","Health":null},"Config":{"Labels":{"a":"b"}},"HostConfig":{},
    "NetworkSettings":{"IPAddress":"","Networks":{"bridge":{"IPAddress":"172.17.0.2"},"none":{"IPAddress":""}}}})");
  ASSERT_TRUE(state) << state.error().message();
  EXPECT_EQ(state->name.str(), "hf.web");
  EXPECT_EQ(state->image_id.str(), "sha256:01");
  EXPECT_EQ(state->labels.at("a"), "b");
  EXPECT_EQ(state->phase, ContainerPhase::kExited);
  EXPECT_EQ(state->exit_code, 137);
  EXPECT_TRUE(state->out_of_memory);
  EXPECT_EQ(to_rfc3339(state->started.value_or(WallTime{})), "2026-11-30T00:22:14.097Z");
  EXPECT_EQ(to_rfc3339(state->finished.value_or(WallTime{})), "2026-11-30T00:22:18.828Z");
  EXPECT_EQ(state->addresses, std::vector<std::string>{"172.17.0.2"});
}

TEST(EngineAnswers, WhatRanWhenThePowerWentHasNotEndedWell) {
  const struct {
    const char* what;
    const char* state;
    ContainerPhase phase;
    std::int64_t exit_code;
  } kRows[] = {
      {"podman 4.3, first run", R"("Status":"created","ExitCode":0,"StartedAt":"2026-11-30T01:00:00Z",
        "FinishedAt":"0001-01-01T00:00:00Z")",
       ContainerPhase::kExited, kExitCodeUnknown},
      {"podman 4.3, a later run", R"("Status":"configured","ExitCode":0,"StartedAt":"2026-11-30T01:00:00Z",
        "FinishedAt":"2026-11-30T00:59:00Z")",
       ContainerPhase::kExited, kExitCodeUnknown},
      {"exited, nobody knows when", R"("Status":"exited","ExitCode":0,"StartedAt":"2026-11-30T01:00:00Z",
        "FinishedAt":"0001-01-01T00:00:00Z")",
       ContainerPhase::kExited, kExitCodeUnknown},
      {"exited after the clock was set back", R"("Status":"exited","ExitCode":0,
        "StartedAt":"2026-11-30T01:00:00Z","FinishedAt":"2026-11-30T00:59:00Z")",
       ContainerPhase::kExited, 0},
      {"about to run again", R"("Status":"created","ExitCode":3,"StartedAt":"2026-11-30T01:00:00Z",
        "FinishedAt":"2026-11-30T01:01:00Z")",
       ContainerPhase::kCreated, 3},
      {"running again", R"("Status":"running","ExitCode":0,"StartedAt":"2026-11-30T01:00:00Z",
        "FinishedAt":"2026-11-30T00:59:00Z")",
       ContainerPhase::kRunning, 0},
      {"never ran", R"("Status":"created","ExitCode":0,"StartedAt":"0001-01-01T00:00:00Z")",
       ContainerPhase::kCreated, 0},
  };
  for (const auto& row : kRows) {
    const auto state =
        parse_container_state(R"({"Id":"aa","Name":"/x","State":{)" + std::string(row.state) + "}}");
    ASSERT_TRUE(state) << row.what << ": " << state.error().message();
    EXPECT_EQ(state->phase, row.phase) << row.what;
    EXPECT_EQ(state->exit_code, row.exit_code) << row.what;
  }
}

TEST(EngineAnswers, WhatNeverHappenedHasNoTime) {
  const auto state = parse_container_state(R"({"Id":"aa","Name":"/x","State":{"Status":"created",
    "StartedAt":"0001-01-01T00:00:00Z","FinishedAt":"0001-01-01T00:00:00Z"}})");
  ASSERT_TRUE(state) << state.error().message();
  EXPECT_FALSE(state->started);
  EXPECT_FALSE(state->finished);
}

TEST(EngineAnswers, ImagesWithAndWithoutNames) {
  const auto image =
      parse_image_info(R"({"Id":"sha256:01","RepoTags":["r/web:1"],"RepoDigests":["r/web@sha256:02"],
    "Architecture":"arm64","Os":"linux","Size":1987622,"VirtualSize":18446744073709551615})");
  ASSERT_TRUE(image) << image.error().message();
  EXPECT_EQ(*image,
            (ImageInfo{ImageId("sha256:01"), {"r/web:1"}, {"r/web@sha256:02"}, "arm64", "linux", 1987622}));
  const auto list =
      parse_image_list(R"([{"Id":"sha256:03","RepoTags":["<none>:<none>"],"RepoDigests":null,"Size":-1}])");
  ASSERT_TRUE(list) << list.error().message();
  EXPECT_EQ(list->front(), (ImageInfo{ImageId("sha256:03"), {}, {}, "", "", 0}));
}

TEST(EngineAnswers, AVersionNamesTheEngineByItsFirstComponent) {
  EXPECT_EQ(parse_engine_folder(R"({"DockerRootDir":"/data/docker","Images":3})").value(), "/data/docker");
  EXPECT_EQ(parse_engine_folder("{}").value(), "");
  EXPECT_FALSE(parse_engine_folder(R"({"DockerRootDir":3})"));
  const auto version = parse_engine_version(R"({"Platform":{"Name":"linux/amd64/debian-12"},"Components":[
    {"Name":"Podman Engine","Version":"4.3.1"},{"Name":"Conmon"}],"Version":"4.3.1","ApiVersion":"1.41","Os":"linux","Arch":"amd64"})");
  ASSERT_TRUE(version) << version.error().message();
  EXPECT_EQ(version->name, "Podman Engine");
  EXPECT_EQ(version->version, "4.3.1");
  EXPECT_EQ(version->api, "1.41");
  EXPECT_EQ(version->architecture, "amd64");
}

TEST(EngineAnswers, ALoadThatFailedAfterItsStatus) {
  EXPECT_TRUE(parse_load_lines("{\"stream\":\"Loaded image: a:1\"}\r\n{\"status\":\"Loading layer\"}\n"));
  EXPECT_TRUE(parse_load_lines("Loaded image: a:1"));
  EXPECT_TRUE(parse_load_lines(""));
  const auto full = parse_load_lines(
      "{\"status\":\"Loading layer\"}\n{\"errorDetail\":{},\"error\":\"write x: no space left on "
      "device\"}\n");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code(), Code::kNoSpace);
  EXPECT_NE(full.error().message().find("load image"), std::string::npos);
}

TEST(EngineAnswers, WhatIsNotOfItsShapeIsTheEnginesFault) {
  for (const char* text : {"", "[]x", "{}", "\"a\"", R"({"Id":5})"}) {
    const auto created = parse_created_id(text);
    ASSERT_FALSE(created) << text;
    EXPECT_EQ(to_string(created.error().code()), to_string(Code::kCorrupt)) << created.error().message();
  }
  EXPECT_EQ(parse_created_id(R"({"Id":"","Warnings":null})").error().code(), Code::kCorrupt);
  EXPECT_EQ(*parse_created_id(R"({"Id":"aa","Warnings":["swap"]})"), "aa");
  EXPECT_EQ(parse_container_list("{}").error().code(), Code::kCorrupt);
  EXPECT_EQ(parse_container_list(R"([{"Id":"a"}])").error().code(), Code::kCorrupt);
  EXPECT_EQ(parse_container_state(R"({"Id":"a","Name":"/x","State":"running"})").error().code(),
            Code::kCorrupt);
}

TEST(EngineAnswers, ALongerListThanTheLimitIsRefused) {
  const auto list_of = [](std::size_t count) {
    std::string text = "[";
    for (std::size_t i = 0; i < count; ++i)
      text += std::string(i == 0 ? "" : ",") + R"({"Id":"a","State":"exited"})";
    return text + "]";
  };
  EXPECT_TRUE(parse_container_list(list_of(limits::kEngineContainersMax)));
  const auto over = parse_container_list(list_of(limits::kEngineContainersMax + 1));
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code(), Code::kLimit);
}

}  // namespace
}  // namespace holdfast::base
