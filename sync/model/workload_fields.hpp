// SPDX-License-Identifier: Apache-2.0
// What each field of Deployment, DaemonSet, Job and CronJob means on a node; see field_rules.hpp.
// Threads: constants.
#pragma once

#include "sync/model/field_rules.hpp"

namespace holdfast::sync {

extern const FieldTable kDeploymentSpecFields;
extern const FieldTable kDeploymentStrategyFields;
extern const FieldTable kRollingUpdateDeploymentFields;
extern const FieldTable kDaemonSetSpecFields;
extern const FieldTable kDaemonSetUpdateStrategyFields;
extern const FieldTable kRollingUpdateDaemonSetFields;
extern const FieldTable kJobSpecFields;
extern const FieldTable kCronJobSpecFields;
extern const FieldTable kJobTemplateSpecFields;
extern const FieldTable kLabelSelectorFields;
extern const FieldTable kLabelSelectorRequirementFields;

}  // namespace holdfast::sync
