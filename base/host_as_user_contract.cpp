// SPDX-License-Identifier: Apache-2.0
// An agent need not be root: the whole suite again as an ordinary user.
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace {

constexpr uid_t kNobody = 65534;
constexpr int kClosed = 77;

TEST(HostAsUser, TheSuiteHoldsForAnOrdinaryUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "this is that run";
  const std::string program = testing::internal::GetArgvs().front();
  // The temporary folder of this run is the superuser's.
  std::string folder = "/tmp/holdfast-as-user-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  ASSERT_EQ(::chown(folder.c_str(), kNobody, kNobody), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // Shuffled, so that the two runs are not the same twice.
    const bool ordinary = ::setgroups(0, nullptr) == 0 && ::setgid(kNobody) == 0 && ::setuid(kNobody) == 0;
    ::unsetenv("GTEST_OUTPUT");  // the report is this run's
    ::setenv("TMPDIR", folder.c_str(), 1);
    ::setenv("TEST_TMPDIR", (folder + "/").c_str(), 1);
    // Where the build folder is closed to others, nobody can run anything from it.
    if (ordinary && ::access(program.c_str(), X_OK) != 0) ::_exit(kClosed);
    if (ordinary) {
      // Podman for a user who is not root is another engine, with ids and namespaces to be set up.
      ::execl(program.c_str(), program.c_str(), "--gtest_shuffle", "--gtest_brief=1",
              "--gtest_filter=-*Podman*", static_cast<char*>(nullptr));
    }
    std::perror("cannot run the suite as nobody");
    ::_exit(1);
  }
  int how = 0;
  ASSERT_EQ(::waitpid(child, &how, 0), child);
  std::filesystem::remove_all(folder);
  if (WIFEXITED(how) && WEXITSTATUS(how) == kClosed) GTEST_SKIP() << program << ": not for an ordinary user";
  EXPECT_TRUE(WIFEXITED(how) && WEXITSTATUS(how) == 0) << "see above";
}

}  // namespace
