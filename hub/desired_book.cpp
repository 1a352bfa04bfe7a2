// SPDX-License-Identifier: Apache-2.0
#include "hub/desired_book.hpp"

#include <algorithm>
#include <set>

#include "base/limits/model.hpp"
#include "base/limits/wire.hpp"
#include "base/planted.hpp"
#include "hub/tables.hpp"
#include "sync/model/kinds.hpp"
#include "sync/model/section.hpp"
#include "sync/wire/frame.hpp"
#include "sync/wire/messages.hpp"

namespace holdfast::hub {

using base::Code;
using base::Digest;
using base::fail;
using base::Result;
using base::Status;
namespace limits = base::limits;

namespace {

constexpr std::size_t kSignatureBytes = 64;

/// Beside a header there must be room for any one section in a message.
Status check_size(const sync::SignedHeader& sealed) {
  std::size_t size = sealed.bytes.size();
  if (size <= limits::kHeaderPacketBytesMax) return {};
  if (size <= limits::kHeaderBytesMax)
    size = sync::encode_frame(sync::encode(sync::State{sealed, {}})).size();
  if (size <= limits::kHeaderPacketBytesMax) return {};
  return fail(Code::kLimit, "the list of its applications and of what they must not delete takes " +
                                std::to_string(size) + " bytes, at most " +
                                std::to_string(limits::kHeaderPacketBytesMax) + " are allowed");
}

std::string encode(const sync::SignedHeader& sealed) {
  return std::string(sealed.signature.view()) + sealed.bytes;
}

Result<DesiredRecord> decode(std::string_view value) {
  if (value.size() < kSignatureBytes) return fail(Code::kCorrupt, "a stored desired state is cut short");
  DesiredRecord record;
  HF_TRY(record.sealed.signature, base::Signature::from_bytes(value.substr(0, kSignatureBytes)));
  record.sealed.bytes = value.substr(kSignatureBytes);
  HF_TRY(record.header, sync::decode_header(record.sealed.bytes));
  record.header_digest = Digest::of(record.sealed.bytes);
  record.content = record.header.content_digest();
  return record;
}

Result<std::string> read_required(sync::Store& store, sync::Table table, const Digest& digest,
                                  std::string_view what) {
  HF_TRY(auto value, sync::read_one(store, table, digest.view()));
  if (!value) return fail(Code::kNotFound, std::string(what) + " " + digest.brief() + " is not stored");
  return *std::move(value);
}

Status put_new(sync::WriteTxn& txn, sync::Table table, const Digest& digest,
               const std::map<Digest, std::string>& given) {
  const auto found = given.find(digest);
  if (found != given.end()) return txn.put(table, digest.view(), found->second);
  return fail(Code::kInternal,
              std::string(table.name) + " " + digest.brief() + " was not given to be stored");
}

}  // namespace

Status DesiredBook::load() {
  std::optional<base::Error> bad;
  HF_CHECK(store_.read([&](sync::ReadTxn& txn) {
    return txn.scan(kDesiredTable, "", [&](std::string_view key, std::string_view value) {
      auto record = decode(value);
      if (!record) {
        bad = record.error().with_context("desired state of node " + std::string(key));
        return false;
      }
      // The signing key may have been rotated: what is sent is signed by the one that counts, whatever was stored.
      if (auto again = sync::sign_header(record->header, key_); again.bytes == record->sealed.bytes)
        record->sealed = std::move(again);
      records_.insert_or_assign(sync::NodeUid(key), *std::move(record));
      return true;
    });
  }));
  if (bad) return fail(*std::move(bad));
  Counts sections;
  Counts provenances;
  for (const auto& [node, record] : records_) count(sections, provenances, record.header, 1);
  take_over(sections, provenances);
  return {};
}

const DesiredRecord* DesiredBook::find(const sync::NodeUid& node) const {
  const auto found = records_.find(node);
  return found == records_.end() ? nullptr : &found->second;
}

const sync::SectionRef* DesiredBook::find_section(const sync::NodeUid& node,
                                                  const sync::ApplicationUid& application) const {
  const auto* desired = find(node);
  if (desired == nullptr) return nullptr;
  const auto& sections = desired->header.sections;
  const auto found = std::ranges::lower_bound(sections, application, {}, &sync::SectionRef::application);
  return found != sections.end() && found->application == application ? &*found : nullptr;
}

Result<std::string> DesiredBook::body(const Digest& section) const {
  return read_required(store_, kBodyTable, section, "section");
}

Result<std::string> DesiredBook::provenance(const Digest& digest) const {
  if (digest.is_none()) return std::string{};
  return read_required(store_, kProvenanceTable, digest, "provenance");
}

Result<StoredSection> DesiredBook::section(const Digest& section) {
  const auto found = references_.find(section);
  if (found != references_.end() && found->second.content) return *found->second.content;
  HF_TRY(const auto bytes, body(section));
  // One that no agent takes holds nothing anywhere; it must not keep its node from getting what it can take.
  if (bytes.size() > limits::kSectionBytesMax) return StoredSection{};
  HF_TRY(const auto decoded, sync::decode_section(bytes));
  std::set<sync::Claim> claims;
  for (const auto& resource : decoded.resources) {
    for (auto& claim : sync::claims_of(resource)) claims.insert(std::move(claim));
  }
  StoredSection out{{claims.begin(), claims.end()}, bytes.size()};
  if (found != references_.end()) found->second.content = out;
  return out;
}

bool DesiredBook::any_section_of(const sync::ApplicationUid& application) const {
  return std::ranges::any_of(records_, [&](const auto& item) {
    return std::ranges::any_of(item.second.header.sections,
                               [&](const sync::SectionRef& ref) { return ref.application == application; });
  });
}

void DesiredBook::count(Counts& sections, Counts& provenances, const sync::DesiredHeader& header,
                        std::int64_t by) {
  for (const auto& ref : header.sections) {
    sections[ref.digest] += by;
    if (!ref.provenance.is_none()) provenances[ref.provenance] += by;
  }
}

void DesiredBook::take_over(const Counts& sections, const Counts& provenances) {
  for (const auto& [digest, by] : sections) {
    auto& found = references_[digest];
    found.count = static_cast<std::size_t>(static_cast<std::int64_t>(found.count) + by);
    if (found.count == 0) references_.erase(digest);
  }
  for (const auto& [digest, by] : provenances) {
    auto& found = provenance_references_[digest];
    found = static_cast<std::size_t>(static_cast<std::int64_t>(found) + by);
    if (found == 0) provenance_references_.erase(digest);
  }
}

Result<DesiredRecord> DesiredBook::seal(const sync::DesiredHeader& header) const {
  HF_CHECK(sync::check_header(header));
  DesiredRecord record;
  record.header = header;
  record.sealed = sync::sign_header(header, key_);
  record.header_digest = Digest::of(record.sealed.bytes);
  record.content = header.content_digest();
  HF_CHECK(check_size(record.sealed));
  return record;
}

Status DesiredBook::write(sync::WriteTxn& txn, const std::vector<DesiredRecord>& records,
                          const Bodies& bodies, const Counts& sections, const Counts& provenances) const {
  for (const auto& record : records) {
    HF_CHECK(txn.put(kDesiredTable, record.header.node.str(), encode(record.sealed)));
    for (const auto& ref : record.header.sections) {
      if (!has_body(ref.digest)) HF_CHECK(put_new(txn, kBodyTable, ref.digest, bodies.sections));
      if (ref.provenance.is_none() || has_provenance(ref.provenance)) continue;
      HF_CHECK(put_new(txn, kProvenanceTable, ref.provenance, bodies.provenances));
    }
  }
  const auto gone = [](const auto& known, const Digest& digest, std::int64_t by, const auto& count_of) {
    const auto found = known.find(digest);
    return found != known.end() && static_cast<std::int64_t>(count_of(found->second)) + by == 0;
  };
  for (const auto& [digest, by] : sections) {
    const bool unused = gone(references_, digest, by, [](const References& item) { return item.count; });
    if (unused) HF_CHECK(txn.erase(kBodyTable, digest.view()));
  }
  for (const auto& [digest, by] : provenances) {
    const bool unused = gone(provenance_references_, digest, by, [](std::size_t item) { return item; });
    if (unused) HF_CHECK(txn.erase(kProvenanceTable, digest.view()));
  }
  return {};
}

Status DesiredBook::put(std::vector<DesiredRecord> records, const Bodies& bodies) {
  Counts sections;
  Counts provenances;
  for (const auto& record : records) {
    count(sections, provenances, record.header, 1);
    if (const auto* old = find(record.header.node)) count(sections, provenances, old->header, -1);
  }
  const Status stored =
      store_.write([&](sync::WriteTxn& txn) { return write(txn, records, bodies, sections, provenances); });
  if (!stored && !base::planted("sent-before-stored")) return stored;
  take_over(sections, provenances);
  for (auto& record : records) {
    const auto node = record.header.node;
    records_.insert_or_assign(node, std::move(record));
  }
  return {};
}

Status DesiredBook::erase(const sync::NodeUid& node) {
  const auto found = records_.find(node);
  if (found == records_.end()) return {};
  Counts sections;
  Counts provenances;
  count(sections, provenances, found->second.header, -1);
  HF_CHECK(store_.write([&](sync::WriteTxn& txn) -> Status {
    HF_CHECK(txn.erase(kDesiredTable, node.str()));
    return write(txn, {}, {}, sections, provenances);
  }));
  take_over(sections, provenances);
  records_.erase(found);
  return {};
}

}  // namespace holdfast::hub
