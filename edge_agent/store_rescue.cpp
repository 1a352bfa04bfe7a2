// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/store_rescue.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/log.hpp"
#include "edge_agent/inventory_rebuild.hpp"
#include "edge_agent/tables.hpp"
#include "sync/store/store_file.hpp"

namespace holdfast::edge_agent {

using base::Code;
using base::fail;
using base::Result;
using base::Status;
using sync::LmdbStore;

namespace {

std::string rescued_path(const std::string& path) { return path + ".rescued"; }

sync::LmdbOptions options_of(const std::string& path, sync::StoreAccess access) {
  sync::LmdbOptions options;
  options.path = path;
  options.tables = {kAgentTables.begin(), kAgentTables.end()};
  options.access = access;
  return options;
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

void remove_beside(const std::string& path) {
  for (const char* suffix : {"-lock", "-owner"}) ::unlink((path + suffix).c_str());
}

}  // namespace

Status copy_to_rescued(const std::string& path) {
  const std::string rescued = rescued_path(path);
  ::unlink(rescued.c_str());
  HF_TRY(const auto fresh, LmdbStore::open(options_of(rescued, sync::StoreAccess::kExclusive)));
  const auto damaged = LmdbStore::open(options_of(path, sync::StoreAccess::kReadOnly));
  // Where not even the file opens there is nothing to copy; the fresh store learns that it is one.
  HF_CHECK(rescue_store(damaged ? **damaged : *fresh, *fresh));
  return sync::sync_folder_of(rescued);
}

Status end_rescue(const std::string& path) {
  const std::string rescued = rescued_path(path);
  if (!exists(rescued)) return {};
  if (exists(path)) {
    ::unlink(rescued.c_str());
  } else if (std::rename(rescued.c_str(), path.c_str()) != 0) {
    return fail(base::Error::from_errno(errno, rescued));
  }
  remove_beside(rescued);
  return sync::sync_folder_of(path);
}

Result<std::unique_ptr<LmdbStore>> rescue_agent_store(const std::string& path, const base::Error& why) {
  HF_CHECK(copy_to_rescued(path));
  HF_TRY(const auto aside, sync::set_aside_store(path));
  base::log::error("the store is damaged and was set aside; what runs is left alone and adopted",
                   {{"error", why.message()}, {"kept", aside}});
  HF_CHECK(end_rescue(path));
  return LmdbStore::open(options_of(path, sync::StoreAccess::kExclusive));
}

Result<std::unique_ptr<LmdbStore>> open_agent_store(const std::string& path) {
  HF_CHECK(end_rescue(path));
  auto store = LmdbStore::open(options_of(path, sync::StoreAccess::kExclusive));
  if (!store && store.error().code() == Code::kCorrupt) return rescue_agent_store(path, store.error());
  return store;
}

}  // namespace holdfast::edge_agent
