// SPDX-License-Identifier: Apache-2.0
// What each field of a volume means on a node; see field_rules.hpp.
// Threads: constants.
#pragma once

#include "sync/model/field_rules.hpp"

namespace holdfast::sync {

extern const FieldTable kVolumeFields;
extern const FieldTable kConfigMapVolumeFields;
extern const FieldTable kSecretVolumeFields;
extern const FieldTable kKeyToPathFields;
extern const FieldTable kEmptyDirVolumeFields;
extern const FieldTable kHostPathVolumeFields;

}  // namespace holdfast::sync
