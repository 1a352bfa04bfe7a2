// SPDX-License-Identifier: Apache-2.0
#include "hub/identity_files.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "hub/pki.hpp"
#include "hub/tables.hpp"

namespace holdfast::hub {

using base::Code;
using base::fail;
using base::Status;

namespace {

struct IdentityFile {
  std::string path;
  std::string or_else{};  ///< what may be done instead of putting a copy back; empty: the fleet is recovered
};

/// In the order in which Pki::load_or_make() makes them. `recovery.key` is none: people move it away.
std::vector<IdentityFile> identity_of(const DataFolder& folder) {
  return {{folder.ca_key()},
          {folder.ca_certificate()},
          {folder.signing_key(), "holdfast-hub rotate signing-key --data " + folder.root() +
                                     " --recovery-key FILE, which makes a new one"},
          {folder.hub_file()},
          {folder.recovery_key() + ".pub"},
          {folder.trust_file(), "copy trust.json from the data folder of the node that was connected last"}};
}

/// Made after them, so that they tell of a hub that was whole. Not the sealing keys: those a person may bring along.
std::vector<std::string> later_files_of(const DataFolder& folder) {
  return {folder.ca_bundle(), folder.old_cas(), folder.recovered_file()};
}

std::string way_out_of(const DataFolder& folder, const IdentityFile& missing) {
  if (!missing.or_else.empty()) return missing.or_else;
  return "move " + folder.store() + " away, then holdfast-hub recover --data " + folder.root() +
         " --recovery-key FILE --trust FILE, the trust.json in the data folder of any node";
}

}  // namespace

base::Result<StoreContent> content_of_store(sync::Store& store) {
  auto content = StoreContent::kNothing;
  HF_CHECK(store.read([&](sync::ReadTxn& txn) -> Status {
    for (const auto& table : kHubTables) {
      if (table.name == kMetaTable.name) continue;  // has a schema from the beginning
      const auto found = [&content](std::string_view, std::string_view) {
        content = StoreContent::kRecords;
        return false;
      };
      // What is damaged was a record, too.
      const auto damaged = [&content](std::string_view, const base::Error&) {
        content = StoreContent::kRecords;
      };
      HF_CHECK(txn.scan_past(table, "", found, damaged));
    }
    return {};
  }));
  return content;
}

Status check_identity(const DataFolder& folder, StoreContent store) {
  const auto files = identity_of(folder);
  const auto is_missing = [](const IdentityFile& file) { return !is_there(file.path); };
  const auto missing = std::ranges::find_if(files, is_missing);
  if (missing == files.end()) return {};
  std::string proof;
  for (auto later = missing + 1; later != files.end(); ++later)
    if (proof.empty() && is_there(later->path)) proof = later->path + " is there";
  for (const auto& later : later_files_of(folder))
    if (proof.empty() && is_there(later)) proof = later + " is there";
  if (proof.empty() && store == StoreContent::kRecords) proof = folder.store() + " holds what a hub stored";
  if (proof.empty()) return {};
  return fail(Code::kNotFound,
              missing->path + " is missing while " + proof +
                  "; put it back from a backup. If there is none: " + way_out_of(folder, *missing));
}

bool is_any_identity_there(const DataFolder& folder) {
  return std::ranges::any_of(identity_of(folder),
                             [](const IdentityFile& file) { return is_there(file.path); }) ||
         std::ranges::any_of(later_files_of(folder), is_there);
}

}  // namespace holdfast::hub
