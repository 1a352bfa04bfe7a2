// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/renewal.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/fake_clock.hpp"
#include "base/fake_random.hpp"
#include "base/file_io.hpp"
#include "sync/link/fake_pki.hpp"

namespace holdfast::edge_agent {
namespace {

using namespace std::chrono_literals;

class RenewalTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/hf-renewal-XXXXXX";
    root_ = mkdtemp(name);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void open(sync::FakePki::Life life) {
    const DataFolder folder(root_);
    const auto identity = pki_.client("uid-1", life);
    ASSERT_TRUE(base::write_file(folder.key_file(), *identity.key.load(), 0600));
    ASSERT_TRUE(base::write_file(folder.certificate_file(), *identity.certificate.load(), 0644));
    renewal_.emplace(Renewal::Seams{*loop_, clock_, random_}, folder, "cam-1",
                     [] { return sync::TrustDocument{}; });
    renewal_->open();
    ASSERT_EQ(renewal_->trouble(), "");
    renewal_->start();
  }
  /// Until there is trouble, or the loop has been quiet for a while.
  std::string trouble() {
    while (renewal_->trouble().empty() && loop_->run_once(2s) > 0) {
    }
    return renewal_->trouble();
  }

  base::FakeClock clock_;
  base::FakeRandom random_{1};
  sync::FakePki pki_{clock_.wall()};
  std::string root_;
  std::unique_ptr<base::EventLoop> loop_ = base::EventLoop::create().value();
  std::optional<Renewal> renewal_;
};

TEST(BelievedTime, IsNeverBeforeTheCertificateThatTheHubGave) {
  const base::WallTime made{24h * 365 * 56};
  EXPECT_EQ(believed_time(base::WallTime{}, made), made) << "a machine whose clock starts in 1970";
  EXPECT_EQ(believed_time(made + 1h, made), made + 1h);
}

TEST_F(RenewalTest, OfAYoungCertificateIsNotAskedFor) {
  open({-1h, 24h * 90});
  EXPECT_EQ(loop_->run_once(0ms), 0U);
  EXPECT_EQ(renewal_->trouble(), "");
  EXPECT_FALSE(std::filesystem::exists(DataFolder(root_).next_key_file()));
  EXPECT_GE(renewal_->due(), clock_.wall() + 24h * 59);
}

TEST_F(RenewalTest, ThatFailsSaysWhyAndKeepsTheCertificate) {
  open({-24h * 80, 24h * 10});
  EXPECT_NE(trouble().find("no address of the hub is known"), std::string::npos) << trouble();
  EXPECT_EQ(renewal_->not_after(), clock_.wall() + 24h * 10);
  EXPECT_TRUE(std::filesystem::exists(DataFolder(root_).next_key_file())) << "asked with again the next time";
}

TEST_F(RenewalTest, IsAskedForWhenTheCertificateHasExpired) {
  open({-24h * 80, -24h * 10});
  EXPECT_NE(trouble(), "");
}

TEST_F(RenewalTest, AKeyThatCannotBeReadIsSaidAndIsUsedWhenItIsThereAgain) {
  const DataFolder folder(root_);
  const auto identity = pki_.client("uid-1", {-1h, 24h * 90});
  ASSERT_TRUE(base::write_file(folder.key_file(), "torn", 0600));
  ASSERT_TRUE(base::write_file(folder.certificate_file(), *identity.certificate.load(), 0644));
  renewal_.emplace(Renewal::Seams{*loop_, clock_, random_}, folder, "cam-1",
                   [] { return sync::TrustDocument{}; });
  renewal_->open();
  renewal_->start();
  EXPECT_NE(renewal_->trouble().find(folder.key_file()), std::string::npos) << renewal_->trouble();
  EXPECT_EQ(renewal_->not_after(), base::WallTime{});
  EXPECT_EQ(renewal_->now(), clock_.wall());
  renewal_->connected();
  ASSERT_TRUE(base::write_file(folder.key_file(), *identity.key.load(), 0600));
  renewal_->trust_changed(false);
  EXPECT_EQ(renewal_->trouble(), "");
  EXPECT_EQ(renewal_->not_after(), clock_.wall() + 24h * 90);
}

}  // namespace
}  // namespace holdfast::edge_agent
