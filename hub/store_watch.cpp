// SPDX-License-Identifier: Apache-2.0
#include "hub/store_watch.hpp"

#include <string_view>

#include "base/limits/hub.hpp"
#include "base/log.hpp"
#include "hub/recovery.hpp"
#include "hub/tables.hpp"

namespace holdfast::hub {

using base::Code;
using base::Status;

namespace {

constexpr std::string_view kMessage = "the store refused a write";
constexpr std::string_view kProbeKey = "probe";

/// The others are said of what was to be written, by whoever wrote it.
bool is_of_store(Code code) {
  switch (code) {
    case Code::kCorrupt:
    case Code::kNoSpace:
    case Code::kIo:
    case Code::kUnavailable:
    case Code::kInternal: return true;
    default: return false;
  }
}

std::string_view way_out(Code code) {
  if (code == Code::kCorrupt) return kDamagedStoreWayOut;
  return code == Code::kNoSpace ? "make room on the disk of the data folder"
                                : "look at the disk of the data folder";
}

}  // namespace

Status StoreWatch::read(const std::function<Status(sync::ReadTxn&)>& work) { return store_.read(work); }

Status StoreWatch::write(const std::function<Status(sync::WriteTxn&)>& work) {
  auto written = store_.write(work);
  note(written);
  return written;
}

void StoreWatch::note(const Status& written) {
  if (!written && !is_of_store(written.error().code())) return;
  {
    const std::lock_guard alone(lock_);
    if (written && !refused_) return;
    refused_ = written ? std::nullopt : std::optional(clock_.monotonic());
    if (!written) ++failures_;
  }
  if (written) return base::log::recovered(kMessage, "store");
  base::log::failure(kMessage, "store", written.error(), {{"do", way_out(written.error().code())}});
}

bool StoreWatch::is_refusing() {
  {
    const std::lock_guard alone(lock_);
    if (!refused_) return false;
    if (clock_.monotonic() - *refused_ < base::limits::kRetryInterval) return true;
  }
  return !write([](sync::WriteTxn& txn) -> Status {
    HF_CHECK(txn.put(kMetaTable, kProbeKey, ""));
    return txn.erase(kMetaTable, kProbeKey);
  });
}

base::Metric StoreWatch::failures() const {
  const std::lock_guard alone(lock_);
  return base::counter("holdfast_hub_store_failures_total", "Transactions that the store refused.",
                       static_cast<double>(failures_));
}

}  // namespace holdfast::hub
