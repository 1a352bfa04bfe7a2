// SPDX-License-Identifier: Apache-2.0
// How systemd's API names a unit, and what it says of one.
// https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.systemd1.html
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/systemd/bus_message.hpp"
#include "base/units.hpp"

namespace holdfast::base {

inline constexpr const char* kUnitInterface = "org.freedesktop.systemd1.Unit";

/// "camera.service" → "/org/freedesktop/systemd1/unit/camera_2eservice"
std::string unit_object_path(std::string_view unit);
/// And back; none where it is no unit's path.
std::optional<std::string> unit_of_object_path(std::string_view path);
/// "org.freedesktop.systemd1.Service"; empty for a type that says nothing more of itself.
std::string unit_type_interface(std::string_view unit);
/// What is asked of that interface, for it has hundreds more.
std::vector<std::string> unit_type_properties(std::string_view unit);

/// Of a reply to GetAll on the unit's interface.
void read_unit_properties(DBusMessage& reply, UnitState& state);
/// Of a reply to Get on its type's.
void read_type_property(std::string_view name, DBusMessage& reply, UnitState& state);

}  // namespace holdfast::base
