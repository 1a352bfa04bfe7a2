// SPDX-License-Identifier: Apache-2.0
// What each field of a container means on a node; see field_rules.hpp.
// Threads: constants.
#pragma once

#include "sync/model/field_rules.hpp"

namespace holdfast::sync {

extern const FieldTable kContainerFields;
extern const FieldTable kContainerPortFields;
extern const FieldTable kEnvVarFields;
extern const FieldTable kEnvVarSourceFields;
extern const FieldTable kConfigMapKeySelectorFields;
extern const FieldTable kSecretKeySelectorFields;
extern const FieldTable kObjectFieldSelectorFields;
extern const FieldTable kResourceFieldSelectorFields;
extern const FieldTable kEnvFromSourceFields;
extern const FieldTable kConfigMapEnvSourceFields;
extern const FieldTable kSecretEnvSourceFields;
extern const FieldTable kResourceRequirementsFields;
extern const FieldTable kProbeFields;
extern const FieldTable kExecActionFields;
extern const FieldTable kHttpGetActionFields;
extern const FieldTable kHttpHeaderFields;
extern const FieldTable kTcpSocketActionFields;
extern const FieldTable kLifecycleFields;
extern const FieldTable kLifecycleHandlerFields;
extern const FieldTable kSleepActionFields;
extern const FieldTable kSecurityContextFields;
extern const FieldTable kCapabilitiesFields;
extern const FieldTable kVolumeMountFields;

}  // namespace holdfast::sync
