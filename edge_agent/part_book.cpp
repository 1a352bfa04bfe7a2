// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/part_book.hpp"

#include <vector>

#include "base/limits/model.hpp"
#include "base/planted.hpp"
#include "edge_agent/tables.hpp"
#include "sync/wire/bytes.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::Digest;
using base::fail;
using base::Result;
using base::Status;
namespace limits = base::limits;

namespace {

/// Digest, then the offset, big-endian, so that parts stand in their order.
std::string key_of(const Digest& digest, std::uint32_t offset) {
  std::string key(digest.view());
  for (int shift = 24; shift >= 0; shift -= 8)
    key += static_cast<char>((offset >> static_cast<unsigned>(shift)) & 0xffU);
  return key;
}

Result<std::uint32_t> offset_of(std::string_view key) {
  if (key.size() != Digest::kSize + sizeof(std::uint32_t))
    return fail(Code::kCorrupt, "the key of a part is none");
  std::uint32_t offset = 0;
  for (const char byte : key.substr(Digest::kSize)) offset = offset << 8U | static_cast<std::uint8_t>(byte);
  return offset;
}

}  // namespace

Status PartBook::load() {
  bodies_.clear();
  Status status;
  HF_CHECK(store_.read([&](sync::ReadTxn& txn) {
    return txn.scan(kPartTable, "", [&](std::string_view key, std::string_view value) {
      const auto offset = offset_of(key);
      const auto digest = Digest::from_bytes(key.substr(0, Digest::kSize));
      sync::ByteReader in(value);
      const std::uint32_t total = in.u32();
      if (!offset || !digest || !in.ok()) {
        status = fail(Code::kCorrupt, "table " + std::string(kPartTable.name) + ": a record says nothing");
        return false;
      }
      auto& body = bodies_[*digest];
      body.total = total;
      if (*offset == body.have) body.have += static_cast<std::uint32_t>(in.rest().size());
      return true;
    });
  }));
  return status;
}

std::uint32_t PartBook::have(const Digest& digest) const {
  const auto found = bodies_.find(digest);
  return found == bodies_.end() ? 0 : found->second.have;
}

bool PartBook::is_complete(const Digest& digest) const {
  const auto found = bodies_.find(digest);
  return found != bodies_.end() && found->second.have > 0 && found->second.have == found->second.total;
}

std::size_t PartBook::bytes() const {
  std::size_t sum = 0;
  for (const auto& [digest, body] : bodies_) sum += body.have;
  return sum;
}

Result<bool> PartBook::take(const sync::Part& part) {
  const auto found = bodies_.find(part.digest);
  // One of the two totals lies; which, nobody can tell.
  if (found != bodies_.end() && found->second.total != part.total) HF_CHECK(drop({part.digest}));
  const bool is_believed = base::planted("parts-believed");
  if (part.offset != have(part.digest) && !is_believed) return false;
  if (bytes() + part.bytes.size() > limits::kDesiredStateBytesMax) {
    return fail(Code::kLimit, "what comes in parts takes more than " +
                                  std::to_string(limits::kDesiredStateBytesMax) + " bytes");
  }
  const auto at = is_believed ? have(part.digest) : part.offset;
  HF_CHECK(sync::write_one(store_, kPartTable, key_of(part.digest, at),
                           sync::ByteWriter().u32(part.total).raw(part.bytes).take()));
  auto& body = bodies_[part.digest];
  body.total = part.total;
  body.have += static_cast<std::uint32_t>(part.bytes.size());
  return true;
}

Result<std::string> PartBook::whole(const Digest& digest) {
  std::string out;
  HF_CHECK(store_.read([&](sync::ReadTxn& txn) {
    out.clear();
    return txn.scan(kPartTable, digest.view(), [&](std::string_view, std::string_view value) {
      out += value.substr(sizeof(std::uint32_t));
      return true;
    });
  }));
  if (Digest::of(out) == digest || base::planted("parts-believed")) return out;
  HF_CHECK(drop({digest}));
  return fail(Code::kCorrupt,
              "section " + digest.brief() + " came in parts and does not have its digest; it begins anew");
}

Status PartBook::keep_only(const std::set<Digest>& wanted) {
  std::set<Digest> unwanted;
  for (const auto& [digest, body] : bodies_) {
    if (!wanted.contains(digest)) unwanted.insert(digest);
  }
  return unwanted.empty() ? Status{} : drop(unwanted);
}

Status PartBook::drop(const std::set<Digest>& unwanted) {
  HF_CHECK(store_.write([&](sync::WriteTxn& txn) -> Status {
    std::vector<std::string> keys;
    for (const auto& digest : unwanted) {
      HF_CHECK(txn.scan(kPartTable, digest.view(), [&](std::string_view key, std::string_view) {
        keys.emplace_back(key);
        return true;
      }));
    }
    for (const auto& key : keys) HF_CHECK(txn.erase(kPartTable, key));
    return {};
  }));
  for (const auto& digest : unwanted) bodies_.erase(digest);
  return {};
}

}  // namespace holdfast::edge_agent
