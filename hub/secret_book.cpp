// SPDX-License-Identifier: Apache-2.0
#include "hub/secret_book.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"
#include "base/limits/secrets.hpp"
#include "base/planted.hpp"
#include "hub/tables.hpp"

namespace holdfast::hub {

using base::Code;
using base::Digest;
using base::Json;
using base::Result;
using base::SealingKeyId;
using base::Status;
namespace limits = base::limits;

namespace {

constexpr std::size_t kIdBytes = 8;

/// The id's bytes, then the version's.
std::string row_of(SealingKeyId key, const Digest& version) {
  return base::from_hex(key.hex()).value() + std::string(version.view());
}

std::string encode(const SecretBook::Data& data) {
  Json out = Json::object();
  for (const auto& [key, bytes] : data) out[key] = base::to_base64(bytes);
  return base::canonical_json(out);
}

Result<SecretBook::Data> decode(std::string_view value) {
  HF_TRY(const Json json, base::parse_json(value));
  if (!json.is_object()) return base::fail(Code::kCorrupt, "a stored secret is no object");
  SecretBook::Data out;
  for (const auto& [key, text] : json.items()) {
    if (!text.is_string()) return base::fail(Code::kCorrupt, "a stored secret is no text");
    HF_TRY(auto bytes, base::from_base64(text.get_ref<const std::string&>()));
    out.emplace(key, std::move(bytes));
  }
  return out;
}

std::size_t bytes_of(const gitops::SealedSecret& secret) {
  std::size_t out = 0;
  for (const auto& [key, sealed] : secret.data) out += key.size() + sealed.size() * 2;
  return out;
}

}  // namespace

Status SecretBook::load() {
  std::optional<base::Error> bad;
  HF_CHECK(store_.read([&](sync::ReadTxn& txn) {
    return txn.scan(kSealingTable, "", [&](std::string_view uid, std::string_view value) {
      auto key = base::SealingPublicKey::from_bytes(value);
      if (!key) {
        bad = key.error().with_context("sealing key of node " + std::string(uid));
        return false;
      }
      keys_.insert_or_assign(sync::NodeUid(uid), *key);
      return true;
    });
  }));
  if (bad) return base::fail(*std::move(bad));
  return {};
}

const base::SealingPublicKey* SecretBook::node_key(const sync::NodeUid& node) const {
  const auto found = keys_.find(node);
  return found == keys_.end() ? nullptr : &found->second;
}

Status SecretBook::erase_key(sync::WriteTxn& txn, SealingKeyId key) const {
  std::vector<std::string> rows;
  const auto prefix = base::from_hex(key.hex()).value();
  HF_CHECK(txn.scan(kSealedTable, prefix, [&](std::string_view row, std::string_view) {
    if (row.starts_with(prefix)) rows.emplace_back(row);
    return true;
  }));
  for (const auto& row : rows) HF_CHECK(txn.erase(kSealedTable, row));
  return {};
}

bool SecretBook::is_shared(SealingKeyId key) const {
  return std::ranges::count_if(keys_, [&](const auto& item) { return item.second.id() == key; }) > 1;
}

Status SecretBook::set_node_key(const sync::NodeUid& node, const base::SealingPublicKey& key) {
  const auto* before = node_key(node);
  if (before != nullptr && *before == key) return {};
  HF_CHECK(store_.write([&](sync::WriteTxn& txn) -> Status {
    if (before != nullptr && !is_shared(before->id())) HF_CHECK(erase_key(txn, before->id()));
    return txn.put(kSealingTable, node.str(), key.view());
  }));
  keys_.insert_or_assign(node, key);
  return {};
}

Status SecretBook::forget(const sync::NodeUid& node) {
  const auto* key = node_key(node);
  if (key == nullptr) return {};
  HF_CHECK(store_.write([&](sync::WriteTxn& txn) -> Status {
    if (!is_shared(key->id())) HF_CHECK(erase_key(txn, key->id()));
    return txn.erase(kSealingTable, node.str());
  }));
  keys_.erase(node);
  return {};
}

Result<std::optional<SecretBook::Data>> SecretBook::find(const Digest& version, SealingKeyId node) const {
  HF_TRY(const auto value, sync::read_one(store_, kSealedTable, row_of(node, version)));
  if (!value || base::planted("sealed-again-each-time")) return std::optional<Data>();
  HF_TRY(auto data, decode(*value));
  return std::optional(std::move(data));
}

Status SecretBook::put(const std::vector<SealedFor>& made) {
  return store_.write([&](sync::WriteTxn& txn) -> Status {
    for (const auto& item : made) {
      // Whose key changed, or who went, while it was made needs it no more.
      const bool is_known =
          std::ranges::any_of(keys_, [&](const auto& known) { return known.second.id() == item.node; });
      if (is_known) HF_CHECK(txn.put(kSealedTable, row_of(item.node, item.version), encode(item.data)));
    }
    return {};
  });
}

Status SecretBook::drop_unused(const std::set<Digest>& used) {
  std::vector<std::string> rows;
  HF_CHECK(store_.read([&](sync::ReadTxn& txn) {
    return txn.scan(kSealedTable, "", [&](std::string_view row, std::string_view) {
      const auto version = Digest::from_bytes(row.substr(std::min(row.size(), kIdBytes)));
      if (!version || !used.contains(*version)) rows.emplace_back(row);
      return true;
    });
  }));
  if (rows.empty()) return {};
  return store_.write([&](sync::WriteTxn& txn) -> Status {
    for (const auto& row : rows) HF_CHECK(txn.erase(kSealedTable, row));
    return {};
  });
}

void SecretBook::want(const gitops::SealedSecret& secret, const sync::NodeUid& node) {
  auto& wanted = wanted_[secret.version];
  if (wanted.nodes.empty()) wanted.secret = secret;
  wanted.nodes.insert(node);
}

SecretBook::Batch SecretBook::take_wanted() {
  Batch out;
  std::size_t items = 0;
  std::size_t bytes = 0;
  while (!wanted_.empty() && items < limits::kSealItemsMax && bytes < limits::kSealJobBytesMax / 4) {
    auto& [version, wanted] = *wanted_.begin();
    const auto& secret = wanted.secret;
    SealOrder order{version, secret.ns, secret.name, secret.key, secret.data, {}};
    const std::size_t each = bytes_of(secret);
    while (!wanted.nodes.empty() && items < limits::kSealItemsMax && bytes < limits::kSealJobBytesMax / 4) {
      const auto node = wanted.nodes.extract(wanted.nodes.begin()).value();
      const auto* key = node_key(node);
      if (key == nullptr) continue;
      order.nodes.push_back(*key);
      out.nodes.insert(node);
      ++items;
      bytes += each;
    }
    if (!order.nodes.empty()) out.orders.push_back(std::move(order));
    if (wanted.nodes.empty()) wanted_.erase(wanted_.begin());
  }
  return out;
}

const std::string* SecretBook::failure(const Digest& version) const {
  const auto found = failures_.find(version);
  return found == failures_.end() ? nullptr : &found->second;
}

}  // namespace holdfast::hub
