// SPDX-License-Identifier: Apache-2.0
// What deltas are made on is kept as long as it is of use, each body once, and never beyond its bound.
#include "hub/base_book.hpp"

#include <gtest/gtest.h>

#include "base/fake_random.hpp"
#include "hub/tables.hpp"
#include "sync/model/section.hpp"
#include "sync/store/fake_store.hpp"
#include "sync/wire/state_base.hpp"

namespace holdfast::hub {
namespace {

using base::Digest;

class BaseBookTest : public testing::Test {
 protected:
  struct App {
    std::string name;
    std::string content;
  };
  sync::SectionBody body_of(const App& app) {
    const auto resource = sync::parse_resource(
        std::string_view(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + app.name +
                         R"("},"data":{"text":")" + app.content + R"("}})"));
    sync::SectionBody body;
    body.bytes = sync::encode_section({{}, {*resource}});
    body.digest = Digest::of(body.bytes);
    body.provenance = "[\"" + app.content.substr(0, 5) + "\"]";
    return body;
  }
  sync::DesiredHeader header(const std::string& node, std::uint64_t sequence, const std::vector<App>& apps) {
    sync::DesiredHeader out{
        sync::FleetId("f"), sync::NodeUid(node), {1, sequence}, sync::kDesiredSchema, {}, {}};
    for (const auto& app : apps) {
      const auto body = body_of(app);
      sync::SectionRef ref;
      ref.application = sync::ApplicationUid("uid-" + app.name);
      ref.name = app.name;
      ref.digest = body.digest;
      ref.provenance = Digest::of(body.provenance);
      out.sections.push_back(ref);
      bodies.sections[body.digest] = body.bytes;
      bodies.provenances[ref.provenance] = body.provenance;
    }
    return out;
  }
  DesiredRecord put(const std::string& node, std::uint64_t sequence, const std::vector<App>& apps) {
    auto record = *desired.seal(header(node, sequence, apps));
    EXPECT_TRUE(desired.put({record}, bodies));
    return record;
  }
  /// As the hub does when a node that acknowledged what it has gets something newer.
  void replace(BaseBook& book, const DesiredRecord& record, const std::vector<App>& apps) {
    book.keep(record);
    const auto next = header(record.header.node.str(), record.header.generation.sequence + 1, apps);
    book.hold(next, desired);
    put(record.header.node.str(), record.header.generation.sequence + 1, apps);
  }

  base::FakeRandom random{1};
  sync::FakeStore store{std::vector<sync::Table>(kHubTables.begin(), kHubTables.end())};
  DesiredBook desired{store, base::SigningKey::generate(random)};
  Bodies bodies;
};

TEST_F(BaseBookTest, GivesHeaderAndSectionsThatAreSentAnew) {
  BaseBook book;
  const auto record = put("n", 1, {{"a", "one"}, {"b", "two"}});
  replace(book, record, {{"a", "one"}, {"b", "three"}});
  const auto next = header("n", 2, {{"a", "one"}, {"b", "three"}});
  const auto old = body_of({"b", "two"});
  const auto base = book.base(next, record.header_digest, {body_of({"b", "three"})},
                              {{old.digest, Digest::of(old.provenance)}});
  ASSERT_TRUE(base);
  const auto name = sync::decode_state_base(base->name);
  EXPECT_EQ(name->sections, (std::vector<sync::StateBase::Section>{{1, true}}));
  EXPECT_EQ(base->bytes,
            std::string(record.sealed.signature.view()) + record.sealed.bytes + old.bytes + old.provenance);
}

TEST_F(BaseBookTest, LeavesOutAProvenanceThatTheNodeMayNotHold) {
  BaseBook book;
  const auto record = put("n", 1, {{"a", "one"}});
  replace(book, record, {{"a", "two"}});
  const auto next = header("n", 2, {{"a", "two"}});
  for (const auto& known :
       {std::map<Digest, Digest>{}, {{body_of({"a", "one"}).digest, Digest::of("of an earlier commit")}}}) {
    const auto base = book.base(next, record.header_digest, {body_of({"a", "two"})}, known);
    ASSERT_TRUE(base);
    EXPECT_EQ(sync::decode_state_base(base->name)->sections,
              (std::vector<sync::StateBase::Section>{{0, false}}));
  }
}

TEST_F(BaseBookTest, OfASectionThatStaysTheHeaderIsEnough) {
  BaseBook book;
  const auto record = put("n", 1, {{"a", "one"}});
  replace(book, record, {{"a", "one"}, {"b", "new"}});
  const auto base = book.base(header("n", 2, {{"a", "one"}, {"b", "new"}}), record.header_digest,
                              {body_of({"b", "new"})}, {});
  ASSERT_TRUE(base);
  EXPECT_TRUE(sync::decode_state_base(base->name)->sections.empty());
}

TEST_F(BaseBookTest, HoldsOverSeveralChangesWhatTheNodeStillHas) {
  BaseBook book;
  const auto record = put("n", 1, {{"a", "one"}, {"b", "one"}});
  replace(book, record, {{"a", "two"}, {"b", "one"}});
  const auto third = header("n", 3, {{"a", "two"}, {"b", "two"}});
  book.hold(third, desired);
  put("n", 3, {{"a", "two"}, {"b", "two"}});
  const auto base =
      book.base(third, record.header_digest, {body_of({"a", "two"}), body_of({"b", "two"})}, {});
  ASSERT_TRUE(base);
  EXPECT_EQ(sync::decode_state_base(base->name)->sections.size(), 2U);
}

TEST_F(BaseBookTest, KnowsNothingOfAnotherHeader) {
  BaseBook book;
  const auto record = put("n", 1, {{"a", "one"}});
  replace(book, record, {{"a", "two"}});
  EXPECT_FALSE(book.base(header("n", 2, {{"a", "two"}}), Digest::of("another"), {}, {}));
  EXPECT_FALSE(book.base(header("m", 2, {{"a", "two"}}), record.header_digest, {}, {}));
  book.drop(sync::NodeUid("n"));
  EXPECT_FALSE(book.base(header("n", 2, {{"a", "two"}}), record.header_digest, {}, {}));
  EXPECT_EQ(book.bytes(), 0U);
}

TEST_F(BaseBookTest, KeepsABodyOnceForTheWholeFleet) {
  BaseBook book;
  const std::string large(10'000, 'x');
  std::vector<DesiredRecord> records;
  records.reserve(10);
  for (int i = 0; i < 10; ++i) records.push_back(put("n" + std::to_string(i), 1, {{"a", large}}));
  for (const auto& record : records) replace(book, record, {{"a", "small"}});
  EXPECT_LT(book.bytes(), 2 * large.size());
  for (int i = 0; i < 10; ++i) book.drop(sync::NodeUid("n" + std::to_string(i)));
  EXPECT_EQ(book.bytes(), 0U);
}

TEST_F(BaseBookTest, BeyondItsBoundTheOldestGo) {
  BaseBook book(25'000);
  std::vector<DesiredRecord> records;
  records.reserve(5);
  for (int i = 0; i < 5; ++i)
    records.push_back(
        put("n" + std::to_string(i), 1, {{"a", std::string(10'000, static_cast<char>('a' + i))}}));
  for (const auto& record : records) {
    replace(book, record, {{"a", "small"}});
    EXPECT_LE(book.bytes(), 25'000U);
  }
  const auto known = [&](std::size_t i) {
    return book.base(header("n" + std::to_string(i), 2, {{"a", "small"}}), records[i].header_digest, {}, {})
        .has_value();
  };
  EXPECT_FALSE(known(0));
  EXPECT_TRUE(known(4));
}

}  // namespace
}  // namespace holdfast::hub
