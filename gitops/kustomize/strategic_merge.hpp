// SPDX-License-Identifier: Apache-2.0
// Strategic merge: a patch that looks like the resource it changes. Maps are merged, null takes a member out, lists of known kinds are merged by the members
// that tell their elements apart (sync/model/list_keys), other lists are replaced. As kustomize does it, which puts the elements of
// the patch in front.
//
//     containers: [{name: web, image: web:1}] + [{name: log, image: log:1}, {name: web, args: [-v]}]
//     = [{name: log, image: log:1}, {name: web, image: web:1, args: [-v]}]
//
// Directives: `$patch: delete`, `replace` and `merge` of a map, `- $patch: replace` in a list. `$retainKeys`, `$setElementOrder`
// and `$deleteFromPrimitiveList`, which kustomize leaves in what it prints, are refused.
// Threads: pure functions.
#pragma once

#include "base/json.hpp"
#include "base/result.hpp"

namespace holdfast::gitops {

enum class Merged { kYes, kDeleted };

/// `object` becomes what it is with `patch`; kDeleted: the patch says that there is to be none. Errors begin with the field of the patch, and leave `object` as
/// it may be. REQUIRES: both are objects.
base::Result<Merged> strategic_merge(base::Json& object, const base::Json& patch);

}  // namespace holdfast::gitops
