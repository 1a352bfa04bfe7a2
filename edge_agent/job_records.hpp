// SPDX-License-Identifier: Apache-2.0
// The stored form of what is remembered of Jobs and CronJobs: table "job", docs/store.md.
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "edge_agent/cron_step.hpp"
#include "sync/model/resource.hpp"

namespace holdfast::edge_agent {

std::string encode_jobs(const sync::ResourceKey& key, const CronRecord& record);
base::Result<std::pair<sync::ResourceKey, CronRecord>> decode_jobs(std::string_view bytes);

}  // namespace holdfast::edge_agent
