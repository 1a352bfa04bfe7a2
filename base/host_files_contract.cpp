// SPDX-License-Identifier: Apache-2.0
// Contract: files of a Host.
#include <unistd.h>

#include "base/host_contract.hpp"
#include "base/limits/agent.hpp"
#include "base/limits/model.hpp"

namespace holdfast::base {
namespace {

class HostFilesContract : public HostContract {};
INSTANTIATE_TEST_SUITE_P(Host, HostFilesContract, all_host_kinds(), host_kind_name);

FileWrite file(const std::string& path, const std::string& content, std::uint32_t mode = 0644) {
  FileWrite write;
  write.path = path;
  write.content = content;
  write.mode = mode;
  return write;
}

TEST_P(HostFilesContract, WhatIsWrittenCanBeRead) {
  const auto written = host().write_file(file("/etc/app.conf", "port=80\n", 0640));
  ASSERT_TRUE(written) << written.error().message();
  EXPECT_EQ(written->type, FileType::kRegular);
  EXPECT_EQ(written->mode, 0640U);
  EXPECT_EQ(written->stamp.size, 8U);
  EXPECT_EQ(host().stat("/etc/app.conf")->stamp, written->stamp);
  EXPECT_EQ(host().read_file("/etc/app.conf", 100).value(), "port=80\n");
  EXPECT_EQ(host().digest_file("/etc/app.conf").value(), Digest::of("port=80\n"));
}

TEST_P(HostFilesContract, ContentMayBeEmptyOrBinary) {
  ASSERT_TRUE(host().write_file(file("/empty", "")));
  EXPECT_EQ(host().read_file("/empty", 0).value(), "");
  const std::string binary("\0\xff\n\0", 4);
  ASSERT_TRUE(host().write_file(file("/binary", binary)));
  EXPECT_EQ(host().read_file("/binary", 4).value(), binary);
}

TEST_P(HostFilesContract, MissingParentsAreMade) {
  ASSERT_TRUE(host().write_file(file("/opt/a/b/c.conf", "x")));
  const auto folder = host().stat("/opt/a/b");
  ASSERT_TRUE(folder);
  EXPECT_EQ(folder->type, FileType::kDirectory);
  EXPECT_EQ(folder->mode, 0755U);
}

TEST_P(HostFilesContract, AWriteReplacesContentModeAndStamp) {
  const auto first = host().write_file(file("/a", "one", 0600)).value();
  const auto second = host().write_file(file("/a", "two", 0755)).value();
  EXPECT_NE(first.stamp, second.stamp);
  EXPECT_EQ(second.mode, 0755U);
  EXPECT_EQ(host().read_file("/a", 10).value(), "two");
}

TEST_P(HostFilesContract, TheStampTellsAChangeOfTheSameLengthByHand) {
  const auto before = host().write_file(file("/a", "one")).value();
  world().edit_by_hand("/a", "two");
  EXPECT_NE(host().stat("/a")->stamp, before.stamp);
}

TEST_P(HostFilesContract, WhatIsNotThereIsNotFound) {
  world().edit_by_hand("/plain", "a file");
  for (const std::string path : {"/none", "/no/such/folder", "/plain/below"}) {
    SCOPED_TRACE(path);
    EXPECT_CODE(Code::kNotFound, host().stat(path));
    EXPECT_CODE(Code::kNotFound, host().read_file(path, 10));
    EXPECT_CODE(Code::kNotFound, host().digest_file(path));
    EXPECT_CODE(Code::kNotFound, host().set_attributes(path, 0644, {}, {}));
    EXPECT_CODE(Code::kNotFound, host().read_mark(path));
    EXPECT_OK(host().remove_file(path));
  }
}

TEST_P(HostFilesContract, APathThatIsNoneIsRefusedByName) {
  const struct {
    std::string name;
    std::string path;
    std::string named;
  } rows[] = {
      {"empty", "", "''"},
      {"relative", "etc/passwd", "'etc/passwd'"},
      {"root itself", "/", "'/'"},
      {"dot dot", "/etc/../../passwd", "'..'"},
      {"ends in dot dot", "/etc/..", "'..'"},
      {"dot", "/etc/./passwd", "'.'"},
      {"empty component", "/etc//passwd", "'/etc//passwd'"},
      {"ends in a slash", "/etc/", "'/etc/'"},
      {"NUL", std::string("/etc/pass\0wd", 12), "'/etc/pass'"},
      {"long component", "/" + std::string(256, 'a'), "255 bytes"},
      {"long path", "/" + std::string(4095, 'a'), "4095 bytes"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    const auto looked = host().stat(row.path);
    ASSERT_FALSE(looked);
    EXPECT_EQ(looked.error().code(), Code::kInvalid);
    EXPECT_NE(looked.error().message().find(row.named), std::string::npos) << looked.error().message();
    EXPECT_CODE(Code::kInvalid, host().read_file(row.path, 10));
    EXPECT_CODE(Code::kInvalid, host().digest_file(row.path));
    EXPECT_CODE(Code::kInvalid, host().write_file(file(row.path, "x")));
    EXPECT_CODE(Code::kInvalid, host().set_attributes(row.path, 0644, {}, {}));
    EXPECT_CODE(Code::kInvalid, host().remove_file(row.path));
    EXPECT_CODE(Code::kInvalid, host().read_mark(row.path));
    EXPECT_CODE(Code::kInvalid, host().write_mark(row.path, "m"));
    EXPECT_CODE(Code::kInvalid, host().watch_path(row.path));
  }
}

TEST_P(HostFilesContract, PathsUpToTheLimitWork) {
  std::string longest;
  while (longest.size() + 200 < limits::kPathLengthMax) longest += "/" + std::string(199, 'd');
  longest += "/" + std::string(limits::kPathLengthMax - longest.size() - 1, 'f');
  ASSERT_EQ(longest.size(), limits::kPathLengthMax);
  EXPECT_OK(host().write_file(file(longest, "deep")));
  EXPECT_EQ(host().read_file(longest, 10).value(), "deep");
  EXPECT_OK(host().remove_file(longest));
}

TEST_P(HostFilesContract, NoPathLeadsThroughALink) {
  world().edit_by_hand("/real/secret", "secret");
  world().link_by_hand("/link", world().is_real() ? "real" : "/real");
  const auto looked = host().stat("/link/secret");
  ASSERT_FALSE(looked);
  EXPECT_EQ(looked.error().code(), Code::kPermission);
  EXPECT_NE(looked.error().message().find("'/link'"), std::string::npos) << looked.error().message();
  EXPECT_CODE(Code::kPermission, host().read_file("/link/secret", 100));
  EXPECT_CODE(Code::kPermission, host().digest_file("/link/secret"));
  EXPECT_CODE(Code::kPermission, host().write_file(file("/link/secret", "owned")));
  EXPECT_CODE(Code::kPermission, host().write_file(file("/link/made/here", "owned")));
  EXPECT_CODE(Code::kPermission, host().set_attributes("/link/secret", 0777, {}, {}));
  EXPECT_CODE(Code::kPermission, host().remove_file("/link/secret"));
  EXPECT_CODE(Code::kPermission, host().read_mark("/link/secret"));
  EXPECT_CODE(Code::kPermission, host().write_mark("/link/secret", "m"));
  EXPECT_EQ(host().read_file("/real/secret", 100).value(), "secret");
}

TEST_P(HostFilesContract, ALinkAtThePathIsSeenAndReplacedButNeverFollowed) {
  world().edit_by_hand("/target", "theirs");
  world().link_by_hand("/a", world().is_real() ? "target" : "/target");
  EXPECT_EQ(host().stat("/a")->type, FileType::kSymlink);
  EXPECT_CODE(Code::kPermission, host().read_file("/a", 100));
  EXPECT_CODE(Code::kPermission, host().digest_file("/a"));
  EXPECT_CODE(Code::kPermission, host().set_attributes("/a", 0777, {}, {}));
  EXPECT_CODE(Code::kPermission, host().read_mark("/a"));
  EXPECT_CODE(Code::kPermission, host().write_mark("/a", "m"));
  EXPECT_OK(host().write_file(file("/a", "ours")));
  EXPECT_EQ(host().stat("/a")->type, FileType::kRegular);
  EXPECT_EQ(host().read_file("/a", 100).value(), "ours");
  EXPECT_EQ(host().read_file("/target", 100).value(), "theirs");
}

TEST_P(HostFilesContract, RemovingALinkLeavesItsTarget) {
  world().edit_by_hand("/target", "theirs");
  world().link_by_hand("/a", world().is_real() ? "target" : "/target");
  EXPECT_OK(host().remove_file("/a"));
  EXPECT_CODE(Code::kNotFound, host().stat("/a"));
  EXPECT_EQ(host().read_file("/target", 100).value(), "theirs");
}

TEST_P(HostFilesContract, AFolderInTheWayIsAConflict) {
  world().edit_by_hand("/folder/inside", "x");
  EXPECT_EQ(host().stat("/folder")->type, FileType::kDirectory);
  EXPECT_CODE(Code::kConflict, host().write_file(file("/folder", "x")));
  EXPECT_CODE(Code::kConflict, host().remove_file("/folder"));
  EXPECT_CODE(Code::kConflict, host().read_file("/folder", 10));
  EXPECT_CODE(Code::kConflict, host().read_mark("/folder"));
  EXPECT_EQ(host().read_file("/folder/inside", 10).value(), "x");
}

TEST_P(HostFilesContract, AFileWhereAFolderMustBeIsAConflict) {
  world().edit_by_hand("/etc/file", "x");
  EXPECT_CODE(Code::kConflict, host().write_file(file("/etc/file/below", "y")));
  EXPECT_CODE(Code::kConflict, host().write_file(file("/etc/file/far/below", "y")));
  EXPECT_EQ(host().read_file("/etc/file", 10).value(), "x");
}

TEST_P(HostFilesContract, ASpecialFileIsNeverReadButCanBeReplaced) {
  world().special_by_hand("/fifo");
  EXPECT_EQ(host().stat("/fifo")->type, FileType::kOther);
  EXPECT_CODE(Code::kConflict, host().read_file("/fifo", 10));
  EXPECT_CODE(Code::kConflict, host().digest_file("/fifo"));
  EXPECT_OK(host().write_file(file("/fifo", "now a file")));
  EXPECT_EQ(host().read_file("/fifo", 100).value(), "now a file");
}

TEST_P(HostFilesContract, ReadingIsBounded) {
  world().edit_by_hand("/a", "12345");
  EXPECT_EQ(host().read_file("/a", 5).value(), "12345");
  EXPECT_CODE(Code::kLimit, host().read_file("/a", 4));
}

TEST_P(HostFilesContract, WritingIsBounded) {
  EXPECT_CODE(Code::kLimit,
              host().write_file(file("/big", std::string(limits::kFileContentBytesMax + 1, 'x'))));
  EXPECT_CODE(Code::kNotFound, host().stat("/big"));
  EXPECT_OK(host().write_file(file("/big", std::string(limits::kFileContentBytesMax, 'x'))));
}

TEST_P(HostFilesContract, AModeBeyondPermissionBitsIsRefused) {
  EXPECT_CODE(Code::kInvalid, host().write_file(file("/a", "x", 0100644)));
  EXPECT_CODE(Code::kNotFound, host().stat("/a"));
  ASSERT_TRUE(host().write_file(file("/a", "x")));
  EXPECT_CODE(Code::kInvalid, host().set_attributes("/a", 010000, {}, {}));
}

TEST_P(HostFilesContract, AttributesAreSetInPlace) {
  const auto before = host().write_file(file("/a", "x", 0644)).value();
  const auto after = host().set_attributes("/a", 0400, {}, {});
  ASSERT_TRUE(after) << after.error().message();
  EXPECT_EQ(after->mode, 0400U);
  EXPECT_EQ(after->stamp.inode, before.stamp.inode);
  EXPECT_EQ(host().stat("/a")->mode, 0400U);
}

TEST_P(HostFilesContract, AttributesAreSetThoughTheModeShutsEverybodyOut) {
  ASSERT_TRUE(host().write_file(file("/a", "x", 0000)));
  for (const std::uint32_t mode : {0000U, 0100U, 0200U, 0000U, 0644U}) {
    EXPECT_OK(host().set_attributes("/a", mode, {}, {}));
    EXPECT_EQ(host().stat("/a")->mode, mode);
  }
  EXPECT_EQ(host().read_file("/a", 10).value(), "x");
}

TEST_P(HostFilesContract, AttributesOfAFolderCanBeSet) {
  world().folder_by_hand("/folder");
  EXPECT_OK(host().set_attributes("/folder", 0700, {}, {}));
  EXPECT_EQ(host().stat("/folder")->mode, 0700U);
}

TEST_P(HostFilesContract, OwnersAreSetAndKeepTheSetUserIdBit) {
  if (world().is_real() && ::geteuid() != 0) GTEST_SKIP() << "only root may give files away";
  FileWrite write = file("/a", "x", 04755);
  write.uid = 1234;
  write.gid = 4321;
  const auto info = host().write_file(write);
  ASSERT_TRUE(info) << info.error().message();
  EXPECT_EQ(info->uid, 1234U);
  EXPECT_EQ(info->gid, 4321U);
  EXPECT_EQ(info->mode, 04755U);
  const auto changed = host().set_attributes("/a", 06755, 5, 6);
  ASSERT_TRUE(changed) << changed.error().message();
  EXPECT_EQ(changed->uid, 5U);
  EXPECT_EQ(changed->gid, 6U);
  EXPECT_EQ(changed->mode, 06755U);
}

TEST_P(HostFilesContract, RemovingTwiceIsRemovingOnce) {
  ASSERT_TRUE(host().write_file(file("/etc/a", "x")));
  ASSERT_TRUE(host().write_file(file("/etc/b", "y")));
  EXPECT_OK(host().remove_file("/etc/a"));
  EXPECT_CODE(Code::kNotFound, host().stat("/etc/a"));
  EXPECT_OK(host().remove_file("/etc/a"));
  EXPECT_EQ(host().read_file("/etc/b", 10).value(), "y");
}

TEST_P(HostFilesContract, AMarkIsThereAsSoonAsTheFileIs) {
  FileWrite write = file("/etc/a", "x", 0444);
  write.mark = "mac:0123";
  ASSERT_TRUE(host().write_file(write));
  EXPECT_EQ(host().read_mark("/etc/a").value(), "mac:0123");
  EXPECT_EQ(host().stat("/etc/a")->mode, 0444U);
}

TEST_P(HostFilesContract, MarksComeAndGoWithTheFile) {
  world().edit_by_hand("/a", "theirs");
  EXPECT_EQ(host().read_mark("/a").value(), "");
  EXPECT_OK(host().write_mark("/a", "mine"));
  EXPECT_EQ(host().read_mark("/a").value(), "mine");
  EXPECT_EQ(host().read_file("/a", 100).value(), "theirs");
  EXPECT_OK(host().set_attributes("/a", 0600, {}, {}));
  EXPECT_EQ(host().read_mark("/a").value(), "mine");
  ASSERT_TRUE(host().write_file(file("/a", "unmarked")));
  EXPECT_EQ(host().read_mark("/a").value(), "");
}

TEST_P(HostFilesContract, MarksAreBounded) {
  FileWrite write = file("/a", "x");
  write.mark = std::string(limits::kMarkBytesMax + 1, 'm');
  EXPECT_CODE(Code::kLimit, host().write_file(write));
  write.mark.pop_back();
  EXPECT_OK(host().write_file(write));
  EXPECT_EQ(host().read_mark("/a").value(), write.mark);
  EXPECT_CODE(Code::kLimit, host().write_mark("/a", std::string(limits::kMarkBytesMax + 1, 'm')));
}

TEST_P(HostFilesContract, NamesOfUsersAndGroupsAreThoseOfTheRoot) {
  world().name_user("camera", 777);
  world().name_group("video", 44);
  EXPECT_EQ(host().user_id("camera").value(), 777U);
  EXPECT_EQ(host().group_id("video").value(), 44U);
  EXPECT_EQ(host().user_id("root").value(), 0U);
  EXPECT_EQ(host().user_id("12345").value(), 12345U);
  EXPECT_EQ(host().group_id("0").value(), 0U);
  EXPECT_CODE(Code::kNotFound, host().user_id("nobody-here"));
  EXPECT_CODE(Code::kNotFound, host().group_id("nobody-here"));
  EXPECT_CODE(Code::kInvalid, host().user_id("4294967295"));
  world().name_user("camera", 778);
  EXPECT_EQ(host().user_id("camera").value(), 778U);
}

}  // namespace
}  // namespace holdfast::base
