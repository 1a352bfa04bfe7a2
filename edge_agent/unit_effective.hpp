// SPDX-License-Identifier: Apache-2.0
// UnitEffective: a Unit with its references filled in. Two digests: the one of everything, and the one of what a run of it
// begins with; enabling it alone restarts nothing.
// Threads: a plain value; resolve_unit is pure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge_agent/driver.hpp"
#include "edge_agent/file_driver.hpp"
#include "sync/model/unit_spec.hpp"

namespace holdfast::edge_agent {

struct UnitEffective final : Effective {
  void shed() override {
    if (file) file->shed();
  }
  const sync::Claim& unit_claim() const { return claims.back(); }
  std::string unit;
  std::vector<std::unique_ptr<Effective>> named_files;  ///< that restartOn names, without their contents
  std::vector<const sync::Resource*> named;             ///< the same while it is being resolved, then empty
  std::unique_ptr<FileEffective> file;  ///< the unit file or the drop-in that is ours; none: nullptr
  std::optional<bool> enabled;
  std::optional<sync::UnitRun> run;
  std::chrono::milliseconds min_ready{0};
  base::Digest start;  ///< of the file's content and of what restartOn names
};

base::Result<std::unique_ptr<UnitEffective>> resolve_unit(const sync::Resource& resource,
                                                          References& references);

}  // namespace holdfast::edge_agent
