// SPDX-License-Identifier: Apache-2.0
// What every Store does, run on LMDB and on the fake.
#include "sync/store/store.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/limits/store.hpp"
#include "sync/store/fake_store.hpp"
#include "sync/store/lmdb_store.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::Status;

constexpr Table kState{"state"};
constexpr Table kOther{"other"};

/// A place that keeps a store while programs come and go.
class Place {
 public:
  virtual ~Place() = default;
  virtual Store& store() = 0;
  /// The program ends and starts again.
  virtual void reopen() = 0;
};

class FakePlace final : public Place {
 public:
  Store& store() override { return store_; }
  void reopen() override {
    store_.crash();
    store_.restart();
  }

 private:
  FakeStore store_{{kState, kOther}};
};

class LmdbPlace final : public Place {
 public:
  LmdbPlace() {
    std::string name = std::filesystem::temp_directory_path() / "hf-store-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    open();
  }
  ~LmdbPlace() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  Store& store() override { return *store_; }
  void reopen() override {
    store_.reset();
    open();
  }

 private:
  void open() {
    LmdbOptions options;
    options.path = folder_ / "store.mdb";
    options.tables = {kState, kOther};
    options.bytes_initial = 64U << 10U;  // small, so that it has to grow
    auto opened = LmdbStore::open(options);
    ASSERT_TRUE(opened) << opened.error().message();
    store_ = *std::move(opened);
  }
  std::filesystem::path folder_;
  std::unique_ptr<LmdbStore> store_;
};

struct Kind {
  const char* name;
  std::unique_ptr<Place> (*make)();
};

template <class P>
std::unique_ptr<Place> make() {
  return std::make_unique<P>();
}

class StoreContract : public testing::TestWithParam<Kind> {
 protected:
  Store& store() { return place_->store(); }
  std::string value(Table table, std::string_view key) {
    const auto found = read_one(store(), table, key);
    return found ? found->value_or("(none)") : "error: " + found.error().message();
  }
  std::vector<std::string> keys(Table table, std::string_view prefix) {
    std::vector<std::string> out;
    EXPECT_TRUE(store().read([&](ReadTxn& txn) {
      out.clear();
      return txn.scan(table, prefix, [&](std::string_view key, std::string_view) {
        out.emplace_back(key);
        return true;
      });
    }));
    return out;
  }
  std::unique_ptr<Place> place_ = GetParam().make();
};

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract,
                         testing::Values(Kind{"Lmdb", make<LmdbPlace>}, Kind{"Fake", make<FakePlace>}),
                         [](const auto& row) { return row.param.name; });

TEST_P(StoreContract, GivesBackWhatWasPut) {
  ASSERT_TRUE(write_one(store(), kState, "key", "value"));
  EXPECT_EQ(value(kState, "key"), "value");
  ASSERT_TRUE(write_one(store(), kState, "key", "other"));
  EXPECT_EQ(value(kState, "key"), "other");
}

TEST_P(StoreContract, WhatWasNeverPutIsNotThere) { EXPECT_EQ(value(kState, "key"), "(none)"); }

TEST_P(StoreContract, KeysAndValuesAreAnyBytes) {
  const std::string key("\0k\xff\n", 4);
  const std::string bytes("\0\0v\xfe", 4);
  ASSERT_TRUE(write_one(store(), kState, key, bytes));
  EXPECT_EQ(value(kState, key), bytes);
  ASSERT_TRUE(write_one(store(), kState, "empty", ""));
  EXPECT_EQ(value(kState, "empty"), "");
}

TEST_P(StoreContract, TablesDoNotMix) {
  ASSERT_TRUE(write_one(store(), kState, "key", "here"));
  EXPECT_EQ(value(kOther, "key"), "(none)");
}

TEST_P(StoreContract, CommittedValuesAreThereAfterARestart) {
  ASSERT_TRUE(write_one(store(), kState, "key", "value"));
  place_->reopen();
  EXPECT_EQ(value(kState, "key"), "value");
}

TEST_P(StoreContract, EraseTakesAwayAndIsFineWhereNothingIs) {
  ASSERT_TRUE(write_one(store(), kState, "key", "value"));
  const auto erase = [](WriteTxn& txn) { return txn.erase(kState, "key"); };
  EXPECT_TRUE(store().write(erase));
  EXPECT_TRUE(store().write(erase));
  EXPECT_EQ(value(kState, "key"), "(none)");
}

TEST_P(StoreContract, FailedWriteLeavesEverythingAsItWas) {
  ASSERT_TRUE(write_one(store(), kState, "kept", "old"));
  const Status failed = store().write([](WriteTxn& txn) -> Status {
    HF_CHECK(txn.put(kState, "kept", "new"));
    HF_CHECK(txn.put(kState, "added", "new"));
    HF_CHECK(txn.erase(kState, "kept"));
    return base::fail(Code::kInvalid, "changed my mind");
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(), "changed my mind");
  EXPECT_EQ(value(kState, "kept"), "old");
  EXPECT_EQ(value(kState, "added"), "(none)");
}

TEST_P(StoreContract, ReadErrorsReachTheCaller) {
  const Status failed = store().read([](ReadTxn&) -> Status { return base::fail(Code::kInvalid, "no"); });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Code::kInvalid);
}

TEST_P(StoreContract, ATransactionSeesItsOwnWrites) {
  EXPECT_TRUE(store().write([](WriteTxn& txn) -> Status {
    HF_CHECK(txn.put(kState, "a", "1"));
    HF_TRY(const auto put, txn.get(kState, "a"));
    EXPECT_EQ(put, "1");
    HF_CHECK(txn.erase(kState, "a"));
    HF_TRY(const auto erased, txn.get(kState, "a"));
    EXPECT_EQ(erased, std::nullopt);
    return {};
  }));
}

TEST_P(StoreContract, ScanGoesInKeyOrderThroughOnePrefix) {
  ASSERT_TRUE(store().write([](WriteTxn& txn) -> Status {
    for (const char* key : {"b/2", "a", "b/10", "b/1", "c", "b"}) HF_CHECK(txn.put(kState, key, key));
    return {};
  }));
  EXPECT_EQ(keys(kState, "b/"), (std::vector<std::string>{"b/1", "b/10", "b/2"}));
  EXPECT_EQ(keys(kState, ""), (std::vector<std::string>{"a", "b", "b/1", "b/10", "b/2", "c"}));
  EXPECT_EQ(keys(kState, "b/2"), (std::vector<std::string>{"b/2"}));
  EXPECT_TRUE(keys(kState, "d").empty());
  EXPECT_TRUE(keys(kOther, "").empty());
}

TEST_P(StoreContract, ScanStopsWhenAskedTo) {
  ASSERT_TRUE(write_one(store(), kState, "a", "1"));
  ASSERT_TRUE(write_one(store(), kState, "b", "2"));
  int seen = 0;
  EXPECT_TRUE(store().read([&](ReadTxn& txn) {
    seen = 0;
    return txn.scan(kState, "", [&](std::string_view, std::string_view) { return ++seen < 1; });
  }));
  EXPECT_EQ(seen, 1);
}

TEST_P(StoreContract, ScanMayEraseAndPutWhatItIsShown) {
  ASSERT_TRUE(store().write([](WriteTxn& txn) -> Status {
    for (int i = 0; i < 200; ++i)
      HF_CHECK(txn.put(kState, "k" + std::to_string(1000 + i), std::string(100, 'v')));
    return {};
  }));
  int seen = 0;
  ASSERT_TRUE(store().write([&](WriteTxn& txn) -> Status {
    seen = 0;
    Status changed;
    HF_CHECK(txn.scan(kState, "k", [&](std::string_view key, std::string_view value) {
      ++seen;
      EXPECT_EQ(value, std::string(100, 'v'));
      changed = seen % 2 == 0 ? txn.erase(kState, key) : txn.put(kState, key, std::string(300, 'w'));
      return changed.has_value();
    }));
    return changed;
  }));
  EXPECT_EQ(seen, 200);
  EXPECT_EQ(keys(kState, "k").size(), 100U);
}

TEST_P(StoreContract, GrowsFarBeyondItsFirstSize) {
  const std::string big(32U << 10U, 'x');
  int runs = 0;
  ASSERT_TRUE(store().write([&](WriteTxn& txn) -> Status {
    ++runs;
    for (int i = 0; i < 64; ++i) HF_CHECK(txn.put(kState, std::to_string(i), big));
    return {};
  }));
  EXPECT_GE(runs, 1);
  EXPECT_EQ(keys(kState, "").size(), 64U);
  EXPECT_EQ(value(kState, "63"), big);
}

TEST_P(StoreContract, LargestValueFitsAndOneByteMoreDoesNot) {
  const std::string largest(base::limits::kStoreValueBytesMax, 'x');
  ASSERT_TRUE(write_one(store(), kState, "k", largest));
  EXPECT_EQ(value(kState, "k").size(), largest.size());
  EXPECT_EQ(write_one(store(), kState, "k", largest + "x").error().code(), Code::kLimit);
}

struct BadCall {
  const char* name;
  Table table;
  std::string key;
  Code code;
};

TEST_P(StoreContract, RefusesBadKeysAndUnknownTables) {
  const std::vector<BadCall> calls = {
      {"empty key", kState, "", Code::kInvalid},
      {"key over the limit", kState, std::string(base::limits::kStoreKeyBytesMax + 1, 'k'), Code::kLimit},
      {"table that was not named", Table{"nobody"}, "key", Code::kInternal},
  };
  for (const auto& call : calls) {
    SCOPED_TRACE(call.name);
    EXPECT_EQ(write_one(store(), call.table, call.key, "v").error().code(), call.code);
    EXPECT_EQ(read_one(store(), call.table, call.key).error().code(), call.code);
    const Status erased = store().write([&](WriteTxn& txn) { return txn.erase(call.table, call.key); });
    EXPECT_EQ(erased.error().code(), call.code);
  }
  EXPECT_TRUE(write_one(store(), kState, std::string(base::limits::kStoreKeyBytesMax, 'k'), "v"));
}

}  // namespace
}  // namespace holdfast::sync
