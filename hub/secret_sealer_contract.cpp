// SPDX-License-Identifier: Apache-2.0
// What every SecretSealer does: the real one, with its child, and the fake.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "base/event_loop.hpp"
#include "base/fake_random.hpp"
#include "hub/fake_sealer.hpp"
#include "hub/seal_process.hpp"
#include "sync/model/secret.hpp"

namespace holdfast::hub {
namespace {

using namespace std::chrono_literals;

base::SealingKey key_of_seed(std::uint64_t seed) {
  base::FakeRandom random(seed);
  return base::SealingKey::generate(random);
}

base::SealingKeys hub_keys() {
  base::SealingKeys keys;
  keys.add(key_of_seed(1), {});
  keys.add(key_of_seed(2), {});
  return keys;
}

/// Where the build put the programs.
std::string sealer_program() {
  const char* bin = std::getenv("HOLDFAST_BIN");
  EXPECT_NE(bin, nullptr) << "HOLDFAST_BIN names the folder of the programs; ctest sets it";
  return std::string(bin == nullptr ? "." : bin) + "/holdfast-secret-sealer";
}

class SealerWorld {
 public:
  virtual ~SealerWorld() = default;
  virtual SecretSealer& sealer() = 0;
  virtual void wait(const bool& done) = 0;
};

class FakeWorld final : public SealerWorld {
 public:
  FakeWorld() { sealer_.keys = hub_keys(); }
  SecretSealer& sealer() override { return sealer_; }
  void wait(const bool&) override {}

 private:
  FakeSealer sealer_;
};

class RealWorld final : public SealerWorld {
 public:
  RealWorld() {
    std::ofstream(keys_file_) << hub_keys().text();
    sealer_.emplace(*loop_, SealProcess::Options{.program = sealer_program(), .keys_file = keys_file_});
  }
  ~RealWorld() override {
    sealer_.reset();
    std::filesystem::remove(keys_file_);
  }
  SecretSealer& sealer() override { return *sealer_; }
  void wait(const bool& done) override {
    for (int i = 0; i < 3'000 && !done; ++i) loop_->run_once(10ms);
  }
  base::EventLoop& loop() { return *loop_; }

 private:
  std::string keys_file_ = testing::TempDir() + "/sealing-contract.key";
  std::unique_ptr<base::EventLoop> loop_ = base::EventLoop::create().value();
  std::optional<SealProcess> sealer_;
};

enum class Kind { kFake, kReal };

class SecretSealerContract : public testing::TestWithParam<Kind> {
 protected:
  SecretSealerContract() {
    if (GetParam() == Kind::kFake)
      world = std::make_unique<FakeWorld>();
    else
      world = std::make_unique<RealWorld>();
  }

  base::Result<SealAnswer> seal(std::vector<SealOrder> orders) {
    bool done = false;
    base::Result<SealAnswer> out = base::fail(base::Code::kTimeout, "nothing came");
    world->sealer().seal(std::move(orders), [&](const base::Result<SealAnswer>& answer) {
      out = answer;
      done = true;
    });
    world->wait(done);
    return out;
  }

  static SealOrder order(const base::SealingKey& hub, const std::string& value, std::size_t nodes = 1) {
    const auto place = sync::bound_to("default", "db", "password");
    SealOrder out{base::Digest::of(value), "default", "db", hub.public_key().id(), {}, {}};
    out.data["password"] = base::seal(hub.public_key(), place, value);
    for (std::size_t i = 0; i < nodes; ++i) out.nodes.push_back(key_of_seed(100 + i).public_key());
    return out;
  }

  static std::string opened(const SealedFor& sealed, std::uint64_t node_seed) {
    const auto value =
        key_of_seed(node_seed).open(sync::bound_to("default", "db", "password"), sealed.data.at("password"));
    return value ? std::string(value->view()) : value.error().message();
  }

  std::unique_ptr<SealerWorld> world;
};

TEST_P(SecretSealerContract, EachNodeGetsWhatItCanOpen) {
  const auto answer = seal({order(key_of_seed(1), "hunter2", 2)});
  ASSERT_TRUE(answer) << answer.error().message();
  ASSERT_EQ(answer->sealed.size(), 2U);
  EXPECT_EQ(opened(answer->sealed[0], 100), "hunter2");
  EXPECT_EQ(opened(answer->sealed[1], 101), "hunter2");
}

TEST_P(SecretSealerContract, OneThatCannotBeOpenedFailsAlone) {
  const auto answer = seal({order(key_of_seed(9), "lost"), order(key_of_seed(2), "hunter2")});
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->failures.size(), 1U);
  EXPECT_EQ(answer->sealed.size(), 1U);
}

TEST_P(SecretSealerContract, OneJobAfterTheOther) {
  for (const char* value : {"one", "two", "three"}) {
    const auto answer = seal({order(key_of_seed(1), value)});
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(opened(answer->sealed.at(0), 100), value);
  }
}

TEST_P(SecretSealerContract, AJobThatIsMoreThanAPipeHolds) {
  std::vector<SealOrder> orders;
  for (int i = 0; i < 8; ++i)
    orders.push_back(order(key_of_seed(1), std::string(64U << 10U, static_cast<char>('a' + i)), 4));
  const auto answer = seal(std::move(orders));
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->sealed.size(), 32U);
}

INSTANTIATE_TEST_SUITE_P(Of, SecretSealerContract, testing::Values(Kind::kFake, Kind::kReal),
                         [](const auto& row) { return row.param == Kind::kFake ? "Fake" : "Real"; });

base::Result<SealAnswer> answer_of(RealWorld& world, const SealProcess::Options& options) {
  SealProcess process(world.loop(), options);
  bool done = false;
  base::Result<SealAnswer> out = base::fail(base::Code::kTimeout, "nothing came");
  process.seal({}, [&](const base::Result<SealAnswer>& answer) {
    out = answer;
    done = true;
  });
  world.wait(done);
  return out;
}

TEST(SealProcess, KeysThatCannotBeReadAreAnErrorThatNamesTheFile) {
  RealWorld world;
  const auto answer = answer_of(world, {.program = sealer_program(), .keys_file = "/nowhere/sealing.key"});
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message().find("/nowhere/sealing.key"), std::string::npos)
      << answer.error().message();
}

TEST(SealProcess, AProgramThatIsNotThereOrSaysNothingIsAnError) {
  RealWorld world;
  EXPECT_FALSE(answer_of(world, {.program = "/nowhere/sealer", .keys_file = ""}));
  const auto silent = answer_of(world, {.program = "/bin/false", .keys_file = ""});
  ASSERT_FALSE(silent);
  EXPECT_NE(silent.error().message().find("ended with code 1"), std::string::npos)
      << silent.error().message();
}

}  // namespace
}  // namespace holdfast::hub
