// SPDX-License-Identifier: Apache-2.0
// UnitReturn: gives a unit back. One that we made is stopped and disabled, its file deleted, and systemd told; one that was
// there before is left as it was found.
// Threads: one, the engine's.
#pragma once

#include <optional>
#include <string>

#include "base/host.hpp"
#include "edge_agent/driver.hpp"
#include "edge_agent/file_driver.hpp"
#include "edge_agent/unit_book.hpp"
#include "edge_agent/unit_talk.hpp"

namespace holdfast::edge_agent {

class UnitReturn {
 public:
  struct Seams {
    base::Host& host;
    FileDriver& files;
    UnitBook* book = nullptr;
    UnitTalk& talk;
  };
  explicit UnitReturn(Seams seams) : seams_(seams) {}

  base::Result<Driver::Progress> remove_file(const sync::InventoryEntry& entry);
  base::Result<Driver::Progress> give_back(const std::string& unit);

 private:
  base::Result<std::optional<UnitWant>> want_when_left(const std::string& unit, const base::UnitState& state);
  Driver::Progress left(const std::string& unit);

  Seams seams_;
};

/// Of "/etc/systemd/system/NAME" and of a file in "/etc/systemd/system/NAME.d".
std::string unit_of_path(std::string_view path);

}  // namespace holdfast::edge_agent
