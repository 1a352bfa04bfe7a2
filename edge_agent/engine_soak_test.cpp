// SPDX-License-Identifier: Apache-2.0
// Ten thousand restarts, about a month of an agent's life beside a program that never stays up: nothing of it adds up.
#include <gtest/gtest.h>
#include <malloc.h>

#include "base/limits/agent.hpp"
#include "edge_agent/fake_node.hpp"
#include "edge_agent/tables.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;

constexpr int kRestarts = 10'000;
constexpr int kWarm = 500;  ///< until then the outbox and other bounded things fill

class EngineSoak : public ::testing::Test {
 protected:
  EngineSoak() { node.keep_events_in_outbox(); }

  std::size_t rows() {
    std::size_t count = 0;
    EXPECT_TRUE(node.store.read([&](sync::ReadTxn& txn) -> base::Status {
      for (const auto& table : kAgentTables) {
        HF_CHECK(txn.scan(table, "", [&](std::string_view, std::string_view) {
          ++count;
          return true;
        }));
      }
      return {};
    }));
    return count;
  }

  /// `end` ends the program, `runs` says whether it is there again.
  template <class End, class Runs>
  void soak(End end, Runs runs) {
    std::size_t rows_warm = 0;
    std::size_t bytes_warm = 0;
    for (int i = 0; i < kRestarts; ++i) {
      ASSERT_TRUE(runs()) << "before end " << i;
      end();
      node.pass(5min + 1s);
      node.forget_touched();
      if (i != kWarm) continue;
      rows_warm = rows();
      bytes_warm = ::mallinfo2().uordblks;
    }
    ASSERT_TRUE(runs());
    EXPECT_EQ(rows(), rows_warm);
    // 0 under a sanitizer, which looks for leaks by itself.
    constexpr std::size_t kSlack = 64U << 10U;
    EXPECT_LE(::mallinfo2().uordblks, bytes_warm + kSlack);
    EXPECT_LE(node.outbox->bytes(), base::limits::kOutboxSegmentBytes * base::limits::kOutboxSegments);
  }

  FakeNode node;
};

TEST_F(EngineSoak, OfAContainerLeavesNothingBehind) {
  const base::ContainerName name{"hf.default.web.app"};
  base::ImageInfo image;
  image.id = base::ImageId("sha256:" + base::Digest::of("web").hex());
  image.tags = {"registry.example.com/web:1"};
  node.containers.add_image(image);
  node.desire(
      {FakeApp("app").pod("web", R"({"containers":[{"name":"app","image":"registry.example.com/web:1"}]})")});
  node.settle();
  const auto id = node.containers.container(name)->id;
  soak([&] { node.containers.exit_by_hand(name, 1); },
       [&] { return node.containers.running().contains(name.str()); });
  EXPECT_EQ(node.containers.container(name)->id, id) << "it was started again, never made again";
  EXPECT_EQ(node.containers.calls_waiting(), 0U);
  EXPECT_EQ(node.containers.streams(), 1U);
}

TEST_F(EngineSoak, OfAProcessLeavesNothingBehind) {
  node.desire({FakeApp("app").process("web", {"/bin/web"})});
  node.settle();
  soak([&] { node.host.exit_by_hand(node.process("web"), 1); }, [&] { return node.runs("web"); });
}

}  // namespace
}  // namespace holdfast::edge_agent
