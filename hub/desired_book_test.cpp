// SPDX-License-Identifier: Apache-2.0
#include "hub/desired_book.hpp"

#include <gtest/gtest.h>

#include "base/fake_random.hpp"
#include "base/limits/model.hpp"
#include "hub/tables.hpp"
#include "sync/store/fake_store.hpp"

namespace holdfast::hub {
namespace {

using base::Digest;

class DesiredBookTest : public testing::Test {
 protected:
  DesiredBookTest() { restart(); }
  void restart() {
    book = std::make_unique<DesiredBook>(store, key);
    ASSERT_TRUE(book->load());
  }
  /// A desired state of one section whose bytes are `content`.
  sync::DesiredHeader header(const std::string& node, std::uint64_t sequence, const std::string& content) {
    sync::DesiredHeader out;
    out.fleet = sync::FleetId("00000000-0000-4000-8000-0000000000f1");
    out.node = sync::NodeUid(node);
    out.generation = {1, sequence};
    sync::SectionRef ref;
    ref.application = sync::ApplicationUid("00000000-0000-4000-8000-0000000000a1");
    ref.name = "motd";
    ref.revision = sync::Revision(std::string(40, 'a'));
    ref.digest = Digest::of(content);
    ref.provenance = Digest::of("from " + content);
    out.sections.push_back(ref);
    return out;
  }
  base::Status put(const std::vector<sync::DesiredHeader>& headers, const Bodies& bodies) {
    std::vector<DesiredRecord> records;
    records.reserve(headers.size());
    for (const auto& header : headers) records.push_back(book->seal(header).value());
    return book->put(std::move(records), bodies);
  }
  static Bodies bodies(const std::string& content) {
    return {{{Digest::of(content), content}}, {{Digest::of("from " + content), "from " + content}}};
  }
  bool stored(sync::Table table, const std::string& content) {
    return sync::read_one(store, table, Digest::of(content).view())->has_value();
  }

  base::FakeRandom random{5};
  base::SigningKey key = base::SigningKey::generate(random);
  sync::FakeStore store{std::vector<sync::Table>(kHubTables.begin(), kHubTables.end())};
  std::unique_ptr<DesiredBook> book;
  const std::string one = "00000000-0000-4000-8000-000000000001";
  const std::string two = "00000000-0000-4000-8000-000000000002";
};

TEST_F(DesiredBookTest, WhatWasSignedIsThereAfterARestart) {
  ASSERT_TRUE(put({header(one, 1, "v1")}, bodies("v1")));
  const auto before = book->find(sync::NodeUid(one))->header_digest;
  restart();
  const auto* record = book->find(sync::NodeUid(one));
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->header, header(one, 1, "v1"));
  EXPECT_EQ(record->header_digest, before);
  EXPECT_TRUE(
      sync::verify_header(record->sealed, {key.public_key()}, record->header.fleet, record->header.node));
  EXPECT_EQ(book->body(Digest::of("v1")).value(), "v1");
  EXPECT_EQ(book->provenance(Digest::of("from v1")).value(), "from v1");
}

TEST_F(DesiredBookTest, ManyNodesAreOneTransaction) {
  ASSERT_TRUE(put({header(one, 1, "v1"), header(two, 1, "v1")}, bodies("v1")));
  EXPECT_EQ(store.commits(), 1U);
}

TEST_F(DesiredBookTest, ABodyGoesWithTheLastThatNamesIt) {
  ASSERT_TRUE(put({header(one, 1, "v1"), header(two, 1, "v1")}, bodies("v1")));
  ASSERT_TRUE(put({header(one, 2, "v2")}, bodies("v2")));
  EXPECT_TRUE(stored(kBodyTable, "v1")) << "the other node still holds it";
  restart();
  ASSERT_TRUE(put({header(two, 2, "v2")}, {}));
  EXPECT_FALSE(stored(kBodyTable, "v1"));
  EXPECT_FALSE(stored(kProvenanceTable, "from v1"));
  EXPECT_TRUE(stored(kBodyTable, "v2"));
  ASSERT_TRUE(book->erase(sync::NodeUid(one)));
  ASSERT_TRUE(book->erase(sync::NodeUid(two)));
  EXPECT_FALSE(stored(kBodyTable, "v2"));
  EXPECT_TRUE(book->all().empty());
}

TEST_F(DesiredBookTest, WithoutItsBodyNothingIsStored) {
  const auto done = put({header(one, 1, "v1")}, {});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), base::Code::kInternal);
  EXPECT_EQ(book->find(sync::NodeUid(one)), nullptr);
}

TEST_F(DesiredBookTest, AFullDiskLeavesWhatWas) {
  ASSERT_TRUE(put({header(one, 1, "v1")}, bodies("v1")));
  store.full_after(0);
  EXPECT_FALSE(put({header(one, 2, "v2")}, bodies("v2")));
  EXPECT_EQ(book->find(sync::NodeUid(one))->header.generation.sequence, 1U);
  store.full_after(std::nullopt);
  EXPECT_TRUE(put({header(one, 2, "v2")}, bodies("v2")));
  EXPECT_FALSE(stored(kBodyTable, "v1"));
}

TEST_F(DesiredBookTest, ADamagedRecordIsNotTakenForNothing) {
  ASSERT_TRUE(put({header(one, 1, "v1")}, bodies("v1")));
  ASSERT_TRUE(sync::write_one(store, kDesiredTable, one, "short"));
  DesiredBook again(store, key);
  const auto loaded = again.load();
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().message().find(one), std::string::npos);
}

TEST_F(DesiredBookTest, WhatNoNodeCouldTakeIsNotSigned) {
  auto many = header(one, 1, "v1");
  for (std::size_t i = 0; i <= base::limits::kSectionsPerNodeMax; ++i) {
    many.removals.push_back(
        {.application = sync::ApplicationUid("b" + std::to_string(1000 + i)), .name = "b"});
  }
  const auto sealed = book->seal(many);
  ASSERT_FALSE(sealed);
  EXPECT_EQ(sealed.error().code(), base::Code::kLimit);
}

TEST_F(DesiredBookTest, AHeaderThatLeavesNoRoomForASectionIsNotSigned) {
  auto large = header(one, 1, "v1");
  for (std::size_t i = 0; i < base::limits::kResourcesPerSectionMax; ++i) {
    std::string path = "/" + std::to_string(10'000 + i);
    while (path.size() < 200) path += random.uuid();
    large.sections[0].withhold.push_back({sync::ClaimKind::kPath, path});
  }
  const auto sealed = book->seal(large);
  ASSERT_FALSE(sealed);
  EXPECT_EQ(sealed.error().code(), base::Code::kLimit);
}

/// Written by a hub that did not look at the size: its node must get out of that again.
TEST_F(DesiredBookTest, ASectionThatNoAgentTakesHoldsNothing) {
  const std::string huge(base::limits::kSectionBytesMax + 1, 'x');
  ASSERT_TRUE(put({header(one, 1, huge)}, bodies(huge)));
  const auto section = book->section(Digest::of(huge));
  ASSERT_TRUE(section);
  EXPECT_TRUE(section->claims.empty());
}

}  // namespace
}  // namespace holdfast::hub
