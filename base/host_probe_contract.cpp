// SPDX-License-Identifier: Apache-2.0
// Contract: probes of a Host.
#include <algorithm>

#include "base/host_contract.hpp"

namespace holdfast::base {
namespace {

using std::chrono::milliseconds;

class HostProbeContract : public HostContract {
 protected:
  const HostEvent* answer(const std::string& id) {
    if (!world().until_came(HostEventKind::kProbe, id)) return nullptr;
    const auto found = std::ranges::find_if(
        world().events, [&](const HostEvent& e) { return e.kind == HostEventKind::kProbe && e.name == id; });
    return &*found;
  }
};
INSTANTIATE_TEST_SUITE_P(Host, HostProbeContract, all_host_kinds(), host_kind_name);

TEST_P(HostProbeContract, SuccessAndFailureAreTold) {
  ASSERT_TRUE(host().start_probe(world().that_succeeds("good")));
  ASSERT_TRUE(host().start_probe(world().that_fails("bad")));
  const HostEvent* good = answer("good");
  ASSERT_NE(good, nullptr);
  EXPECT_TRUE(good->ok);
  const HostEvent* bad = answer("bad");
  ASSERT_NE(bad, nullptr);
  EXPECT_FALSE(bad->ok);
  EXPECT_NE(bad->detail.find("exit code 3"), std::string::npos) << bad->detail;
}

TEST_P(HostProbeContract, ManyRunAtOnceAndEachAnswersOnce) {
  constexpr std::size_t kMany = 40;
  for (std::size_t i = 0; i < kMany; ++i) {
    ASSERT_TRUE(host().start_probe(world().that_succeeds("p" + std::to_string(i))));
  }
  ASSERT_TRUE(world().until([&] { return world().events.size() >= kMany; }));
  for (std::size_t i = 0; i < kMany; ++i) {
    const auto count = std::ranges::count_if(
        world().events, [&](const HostEvent& e) { return e.name == "p" + std::to_string(i) && e.ok; });
    EXPECT_EQ(count, 1) << i;
  }
}

TEST_P(HostProbeContract, OneThatNeverEndsFailsAtItsDeadline) {
  ASSERT_TRUE(host().start_probe(world().that_never_ends("slow", milliseconds(150))));
  const HostEvent* slow = answer("slow");
  ASSERT_NE(slow, nullptr);
  EXPECT_FALSE(slow->ok);
  EXPECT_NE(slow->detail.find("150 ms"), std::string::npos) << slow->detail;
}

TEST_P(HostProbeContract, ACancelledOneSaysNothing) {
  ASSERT_TRUE(host().start_probe(world().that_never_ends("gone", milliseconds(100))));
  host().cancel_probe("gone");
  host().cancel_probe("never-started");
  ASSERT_TRUE(host().start_probe(world().that_never_ends("later", milliseconds(300))));
  ASSERT_NE(answer("later"), nullptr);
  EXPECT_FALSE(world().came(HostEventKind::kProbe, "gone"));
}

TEST_P(HostProbeContract, TheSameProbeRunsOnceAtATimeAndAgainAfterwards) {
  ASSERT_TRUE(host().start_probe(world().that_succeeds("p")));
  EXPECT_CODE(Code::kConflict, host().start_probe(world().that_succeeds("p")));
  ASSERT_NE(answer("p"), nullptr);
  world().events.clear();
  ASSERT_TRUE(host().start_probe(world().that_fails("p")));
  const HostEvent* again = answer("p");
  ASSERT_NE(again, nullptr);
  EXPECT_FALSE(again->ok);
}

TEST_P(HostProbeContract, OneCanBeStartedAgainFromItsOwnAnswer) {
  int answers = 0;
  const ProbeStart probe = world().that_succeeds("p");
  host().on_event([&](const HostEvent& event) {
    if (event.kind != HostEventKind::kProbe || ++answers >= 3) return;
    EXPECT_OK(host().start_probe(probe));
  });
  ASSERT_TRUE(host().start_probe(probe));
  EXPECT_TRUE(world().until([&] { return answers == 3; }));
}

TEST_P(HostProbeContract, AProbeThatMakesNoSenseIsRefused) {
  const struct {
    std::string name;
    std::function<void(ProbeStart&)> make;
  } rows[] = {
      {"of no kind", [](ProbeStart&) {}},
      {"of two kinds",
       [](ProbeStart& p) {
         p.tcp = TcpProbe{"127.0.0.1", 80};
         p.http = HttpProbe{};
       }},
      {"without time",
       [](ProbeStart& p) {
         p.tcp = TcpProbe{"127.0.0.1", 80};
         p.timeout = milliseconds(0);
       }},
      {"with too much time",
       [](ProbeStart& p) {
         p.tcp = TcpProbe{"127.0.0.1", 80};
         p.timeout = std::chrono::seconds(301);
       }},
      {"by name", [](ProbeStart& p) { p.tcp = TcpProbe{"example.com", 80}; }},
      {"http by name", [](ProbeStart& p) { p.http = HttpProbe{"example.com", 80, "/", {}}; }},
      {"http without path", [](ProbeStart& p) { p.http = HttpProbe{"127.0.0.1", 80, "", {}}; }},
      {"http path that is a request",
       [](ProbeStart& p) { p.http = HttpProbe{"127.0.0.1", 80, "/ HTTP/1.1\r\nX: y", {}}; }},
      {"http header that is two",
       [](ProbeStart& p) { p.http = HttpProbe{"127.0.0.1", 80, "/", {{"A", "b\r\nC: d"}}}; }},
      {"no program", [](ProbeStart& p) { p.exec = ExecProbe{{}, {}, {}, "/"}; }},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    ProbeStart probe;
    probe.id = "p";
    row.make(probe);
    EXPECT_CODE(Code::kInvalid, host().start_probe(probe));
  }
  EXPECT_OK(host().start_probe(world().that_succeeds("p")));
}

}  // namespace
}  // namespace holdfast::base
