// SPDX-License-Identifier: Apache-2.0
#include "base/systemd/bus_error.hpp"

#include <algorithm>
#include <array>

namespace holdfast::base {
namespace {

struct ErrorRow {
  std::string_view name;
  Code code;
};
/// https://github.com/systemd/systemd/blob/v252/src/libsystemd/sd-bus/bus-common-errors.h
constexpr std::array kErrorRows{
    ErrorRow{"org.freedesktop.DBus.Error.ServiceUnknown", Code::kUnavailable},
    ErrorRow{"org.freedesktop.DBus.Error.NameHasNoOwner", Code::kUnavailable},
    ErrorRow{"org.freedesktop.DBus.Error.NoReply", Code::kUnavailable},
    ErrorRow{"org.freedesktop.DBus.Error.Disconnected", Code::kUnavailable},
    ErrorRow{"org.freedesktop.DBus.Error.LimitsExceeded", Code::kUnavailable},
    ErrorRow{"org.freedesktop.DBus.Error.Timeout", Code::kTimeout},
    ErrorRow{"org.freedesktop.DBus.Error.AccessDenied", Code::kPermission},
    ErrorRow{"org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", Code::kPermission},
    ErrorRow{"org.freedesktop.DBus.Error.FileNotFound", Code::kNotFound},
    ErrorRow{"System.Error.ENOENT", Code::kNotFound},
    ErrorRow{"org.freedesktop.DBus.Error.InvalidArgs", Code::kInvalid},
    ErrorRow{"org.freedesktop.systemd1.NoSuchUnit", Code::kNotFound},
    ErrorRow{"org.freedesktop.systemd1.LoadFailed", Code::kInvalid},
    ErrorRow{"org.freedesktop.systemd1.BadUnitSetting", Code::kInvalid},
    ErrorRow{"org.freedesktop.systemd1.UnitMasked", Code::kInvalid},
    ErrorRow{"org.freedesktop.systemd1.OnlyByDependency", Code::kInvalid},
    ErrorRow{"org.freedesktop.systemd1.JobTypeNotApplicable", Code::kInvalid},
    ErrorRow{"org.freedesktop.systemd1.TransactionIsDestructive", Code::kConflict},
    ErrorRow{"org.freedesktop.systemd1.TransactionJobsConflicting", Code::kConflict},
    ErrorRow{"org.freedesktop.systemd1.UnitExists", Code::kConflict},
    ErrorRow{"org.freedesktop.systemd1.ShuttingDown", Code::kUnavailable},
    ErrorRow{"org.freedesktop.systemd1.UnitBusy", Code::kUnavailable},
    ErrorRow{"org.freedesktop.systemd1.DiskFull", Code::kNoSpace},
};

}  // namespace

Code code_of_bus_error(std::string_view name) {
  const auto* const row = std::ranges::find(kErrorRows, name, &ErrorRow::name);
  if (row != kErrorRows.end()) return row->code;
  // What systemd itself refuses (UnitGenerated, UnitLinked, TransactionOrderIsCyclic) it refuses the next time, too.
  return name.starts_with("org.freedesktop.systemd1.") ? Code::kInvalid : Code::kIo;
}

}  // namespace holdfast::base
