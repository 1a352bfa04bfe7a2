// SPDX-License-Identifier: Apache-2.0
#include "base/systemd/bus_error.hpp"

#include <gtest/gtest.h>

#include <string>

namespace holdfast::base {
namespace {

TEST(BusError, WhatSystemdRefusesForWhatAUnitIsIsNotTriedForEver) {
  for (const std::string name :
       {"UnitGenerated", "UnitLinked", "UnitBadPath", "TransactionOrderIsCyclic", "OfALaterVersion"})
    EXPECT_EQ(code_of_bus_error("org.freedesktop.systemd1." + name), Code::kInvalid) << name;
}

TEST(BusError, WhatTheMachineLacksNowIsNotTheFaultOfAUnit) {
  EXPECT_EQ(code_of_bus_error("org.freedesktop.systemd1.ShuttingDown"), Code::kUnavailable);
  EXPECT_EQ(code_of_bus_error("org.freedesktop.systemd1.DiskFull"), Code::kNoSpace);
  EXPECT_EQ(code_of_bus_error("org.freedesktop.DBus.Error.NoReply"), Code::kUnavailable);
}

TEST(BusError, WhatNobodyKnowsIsTheMachinesToo) {
  EXPECT_EQ(code_of_bus_error("org.freedesktop.DBus.Error.IOError"), Code::kIo);
  EXPECT_EQ(code_of_bus_error(""), Code::kIo);
}

}  // namespace
}  // namespace holdfast::base
