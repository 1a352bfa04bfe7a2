// SPDX-License-Identifier: Apache-2.0
#include "base/engine/engine_events.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits/engine.hpp"

namespace holdfast::base {
namespace {

std::string event(const std::string& action, const std::string& id, const std::string& type = "container") {
  return R"({"status":")" + action + R"(","Type":")" + type + R"(","Action":")" + action +
         R"(","Actor":{"ID":")" + id + R"(","Attributes":{"image":"x","name":"hf.)" + id +
         R"("}},"time":1795998133,"timeNano":1795998133641500465})" + "\n";
}

struct Told {
  std::vector<std::string> ids;
  Status status;
};

Told told(std::string_view bytes, std::size_t piece) {
  Told out;
  EngineEvents events([&](const EngineEvent& one) {
    EXPECT_EQ(one.name.str(), "hf." + one.id.str());
    out.ids.push_back(one.id.str());
    return true;
  });
  for (std::size_t at = 0; at < bytes.size() && out.status; at += piece)
    out.status = events.feed(bytes.substr(at, piece));
  return out;
}

TEST(EngineEvents, AreToldLineByLineInPiecesOfAnySize) {
  const std::string bytes = event("create", "a") + "\r\n" + event("start", "b") + event("die", "c") +
                            event("destroy", "d") + event("remove", "e");
  for (const std::size_t piece : {std::size_t{1}, std::size_t{50}, bytes.size()}) {
    const Told all = told(bytes, piece);
    ASSERT_TRUE(all.status) << all.status.error().message();
    EXPECT_EQ(all.ids, (std::vector<std::string>{"a", "b", "c", "d", "e"}));
  }
}

TEST(EngineEvents, WhatSaysNothingAboutAContainersStateIsLeftOut) {
  for (const char* action : {"exec_create: sh -c x", "exec_start: sh", "exec_die", "exec", "exec_died",
                             "health_status: healthy", "top", "attach", "resize"})
    EXPECT_TRUE(told(event(action, "a"), 1000).ids.empty()) << action;
  EXPECT_TRUE(told(event("pull", "a", "image"), 1000).ids.empty());
  EXPECT_EQ(told(event("what comes with another version", "a"), 1000).ids.size(), 1U);
}

TEST(EngineEvents, OneThatCannotBeReadEndsThem) {
  for (const char* line : {"nonsense\n", "{}\n",
                           R"({"Type":"container","Action":"die"})"
                           "\n"}) {
    const Told some = told(event("start", "a") + line + event("start", "b"), 1000);
    ASSERT_FALSE(some.status) << line;
    EXPECT_EQ(some.status.error().code(), Code::kCorrupt);
    EXPECT_EQ(some.ids, std::vector<std::string>{"a"});
  }
}

TEST(EngineEvents, ALineIsBounded) {
  EXPECT_TRUE(told(std::string(limits::kEngineEventBytesMax, ' '), 1000).status);
  const Told over = told(std::string(limits::kEngineEventBytesMax + 1, ' '), 1000);
  ASSERT_FALSE(over.status);
  EXPECT_EQ(over.status.error().code(), Code::kLimit);
}

TEST(EngineEvents, NoneIsToldWhenNobodyListensAnyMore) {
  int count = 0;
  EngineEvents events([&](const EngineEvent&) { return ++count < 2; });
  ASSERT_TRUE(events.feed(event("start", "a") + event("start", "b") + event("start", "c")));
  EXPECT_EQ(count, 2);
}

TEST(EngineEvents, AreAskedForFromAWholeSecondOn) {
  EXPECT_EQ(events_target(WallTime(std::chrono::milliseconds(1795998133999))),
            "/events?since=1795998133&filters=%7B%22type%22%3A%5B%22container%22%5D%7D");
}

}  // namespace
}  // namespace holdfast::base
