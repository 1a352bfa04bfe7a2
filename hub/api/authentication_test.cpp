// SPDX-License-Identifier: Apache-2.0
#include "hub/api/authentication.hpp"

#include <gtest/gtest.h>

#include "base/fake_clock.hpp"
#include "base/limits/hub.hpp"

namespace holdfast::hub {
namespace {

using namespace std::chrono_literals;

class AuthenticationTest : public testing::Test {
 protected:
  base::FakeClock clock;
  Authentication authentication{base::Digest::of("secret"), clock};
};

TEST_F(AuthenticationTest, KnowsTheAdministratorByToken) {
  EXPECT_EQ(authentication.user_of("Bearer secret", "10.0.0.1"), "admin");
}

TEST_F(AuthenticationTest, RefusesEverythingElse) {
  for (const char* header :
       {"", "Bearer", "Bearer ", "Bearer Secret", "Bearer secret ", "Basic secret", "secret"}) {
    const auto user = authentication.user_of(header, "10.0.0.1");
    ASSERT_FALSE(user) << header;
    EXPECT_EQ(user.error().code(), base::Code::kPermission) << header;
  }
}

TEST_F(AuthenticationTest, SlowsDownAnAddressThatKeepsFailingAndNoOther) {
  for (int i = 0; i < base::limits::kAuthenticationFailuresMax; ++i) {
    EXPECT_EQ(authentication.user_of("Bearer wrong", "10.0.0.1").error().code(), base::Code::kPermission);
  }
  EXPECT_EQ(authentication.user_of("Bearer wrong", "10.0.0.1").error().code(), base::Code::kLimit);
  EXPECT_EQ(authentication.user_of("Bearer wrong", "10.0.0.2").error().code(), base::Code::kPermission);
  clock.advance(base::limits::kAuthenticationWindow + 1ms);
  EXPECT_EQ(authentication.user_of("Bearer wrong", "10.0.0.1").error().code(), base::Code::kPermission);
}

TEST_F(AuthenticationTest, LetsTheAdministratorInWhereOthersFail) {
  for (int i = 0; i <= base::limits::kAuthenticationFailuresMax; ++i)
    ASSERT_FALSE(authentication.user_of("Bearer wrong", "10.0.0.1"));
  EXPECT_EQ(authentication.user_of("Bearer secret", "10.0.0.1"), "admin");
}

}  // namespace
}  // namespace holdfast::hub
