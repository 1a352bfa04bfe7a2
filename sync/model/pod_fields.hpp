// SPDX-License-Identifier: Apache-2.0
// What each field of a Pod and of a pod template means on a node; see field_rules.hpp.
// Threads: constants.
#pragma once

#include "sync/model/field_rules.hpp"

namespace holdfast::sync {

extern const FieldTable kPodSpecFields;
extern const FieldTable kHostAliasFields;
extern const FieldTable kLocalObjectReferenceFields;
extern const FieldTable kPodSecurityContextFields;
extern const FieldTable kSeccompProfileFields;
extern const FieldTable kPodTemplateSpecFields;
/// Of a template alone; a resource's own metadata is read by metadata.hpp.
extern const FieldTable kTemplateMetadataFields;

}  // namespace holdfast::sync
