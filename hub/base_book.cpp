// SPDX-License-Identifier: Apache-2.0
#include "hub/base_book.hpp"

#include <algorithm>
#include <utility>

#include "base/limits/wire.hpp"
#include "sync/wire/state_base.hpp"

namespace holdfast::hub {

using base::Digest;

namespace {

const sync::SectionRef* section_of(const sync::DesiredHeader& header,
                                   const sync::ApplicationUid& application) {
  const auto& sections = header.sections;
  const auto found = std::ranges::lower_bound(sections, application, {}, &sync::SectionRef::application);
  return found == sections.end() || found->application != application ? nullptr : &*found;
}

}  // namespace

std::size_t BaseBook::size_of(const Entry& entry) {
  // The header is there twice: as it was signed, and as it is read.
  return 2 * entry.record.sealed.bytes.size();
}

void BaseBook::keep(const DesiredRecord& record) {
  drop(record.header.node);
  Entry entry{.record = record, .bytes = {}, .order = ++orders_};
  bytes_ += size_of(entry);
  by_order_[entry.order] = record.header.node;
  entries_.insert_or_assign(record.header.node, std::move(entry));
  evict();
}

bool BaseBook::take(Entry& entry, const Digest& digest,
                    const std::function<base::Result<std::string>()>& read) {
  auto found = shared_.find(digest);
  if (found == shared_.end()) {
    auto bytes = read();
    if (!bytes || bytes->empty() || bytes->size() > base::limits::kDeltaBytesMax / 2) return false;
    bytes_ += bytes->size();
    found = shared_.emplace(digest, Shared{*std::move(bytes), 0}).first;
  }
  if (entry.bytes.insert(digest).second) ++found->second.uses;
  return true;
}

void BaseBook::hold(const sync::DesiredHeader& next, const DesiredBook& stored) {
  const auto found = entries_.find(next.node);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  for (const auto& ref : entry.record.header.sections) {
    const auto* now = section_of(next, ref.application);
    if (now == nullptr || now->digest == ref.digest || entry.bytes.contains(ref.digest)) continue;
    if (take(entry, ref.digest, [&] { return stored.body(ref.digest); }))
      take(entry, ref.provenance, [&] { return stored.provenance(ref.provenance); });
  }
  evict();
}

void BaseBook::drop(const sync::NodeUid& node) {
  const auto found = entries_.find(node);
  if (found == entries_.end()) return;
  bytes_ -= size_of(found->second);
  for (const auto& digest : found->second.bytes) {
    const auto held = shared_.find(digest);
    if (--held->second.uses > 0) continue;
    bytes_ -= held->second.bytes.size();
    shared_.erase(held);
  }
  by_order_.erase(found->second.order);
  entries_.erase(found);
}

/// Those that wait longest are of nodes that are away.
void BaseBook::evict() {
  while (bytes_ > bytes_max_ && !by_order_.empty()) {
    const auto oldest = by_order_.begin()->second;
    drop(oldest);
  }
}

const BaseBook::Entry* BaseBook::find(const sync::NodeUid& node, const Digest& header) const {
  const auto found = entries_.find(node);
  return found == entries_.end() || found->second.record.header_digest != header ? nullptr : &found->second;
}

std::optional<std::string> BaseBook::shared(const Digest& digest) const {
  const auto found = shared_.find(digest);
  return found == shared_.end() ? std::nullopt : std::optional(found->second.bytes);
}

std::optional<std::size_t> BaseBook::held_bytes(const sync::NodeUid& node, const Digest& header,
                                                const sync::ApplicationUid& application) const {
  const auto* entry = find(node, header);
  const auto* ref = entry == nullptr ? nullptr : section_of(entry->record.header, application);
  if (ref == nullptr || !entry->bytes.contains(ref->digest)) return std::nullopt;
  return shared_.at(ref->digest).bytes.size();
}

std::optional<sync::FrameBase> BaseBook::base(const sync::DesiredHeader& next, const Digest& header,
                                              const std::vector<sync::SectionBody>& bodies,
                                              const std::map<Digest, Digest>& provenances) const {
  const auto* entry = find(next.node, header);
  if (entry == nullptr) return std::nullopt;
  sync::StateBase name{.header = sync::state_base_header(header), .sections = {}};
  const auto& sections = entry->record.header.sections;
  for (std::size_t i = 0; i < sections.size() && name.sections.size() < sync::kStateBaseSectionsMax; ++i) {
    const auto* now = section_of(next, sections[i].application);
    const bool is_sent =
        now != nullptr && std::ranges::find(bodies, now->digest, &sync::SectionBody::digest) != bodies.end();
    if (!is_sent || !entry->bytes.contains(sections[i].digest)) continue;
    const auto known = provenances.find(sections[i].digest);
    const bool with_provenance = known != provenances.end() && known->second == sections[i].provenance &&
                                 entry->bytes.contains(sections[i].provenance);
    name.sections.push_back({static_cast<std::uint16_t>(i), with_provenance});
  }
  const auto body = [this](const sync::SectionRef& ref) { return shared(ref.digest); };
  const auto provenance = [this](const sync::SectionRef& ref) { return shared(ref.provenance); };
  auto bytes = sync::state_base_bytes(name, entry->record.sealed, sections, body, provenance);
  if (!bytes) return std::nullopt;
  return sync::FrameBase{sync::encode_state_base(name), *std::move(bytes)};
}

}  // namespace holdfast::hub
