// SPDX-License-Identifier: Apache-2.0
// Admission: what of an object that somebody wrote is taken, what the hub fills in, and what is refused.
// Kubernetes' rules for metadata:
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/
// Threads: pure functions of values.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "hub/objects.hpp"
#include "hub/resource_types.hpp"

namespace holdfast::hub {

struct AdmissionInput {
  base::WallTime now{};
  std::string uid;     ///< of the new object
  std::string suffix;  ///< five characters for generateName
  Actor actor = Actor::kPerson;
};

/// The object as it is kept, without its resourceVersion. Errors name the field and the way out.
base::Result<base::Json> admit_create(const ResourceType& type, const base::Json& given,
                                      const AdmissionInput& input);
/// `current` with what was given taken over; equal to `current` when nothing changes. kConflict when `given`
/// was read before somebody else's change.
base::Result<base::Json> admit_update(const ResourceType& type, const base::Json& current,
                                      const base::Json& given, Actor actor);
/// Whether an Application's spec.project lets it have its repository: `project` is that object, nullptr where there is
/// none. kNotFound: no such project ("default" needs none). kPermission: spec.sourceRepos of the project names none
/// that fits; '*' there stands for any text, and without any entry every repository is allowed.
base::Status check_project(const base::Json& application, const base::Json* project);
/// Name of the project that an Application says it belongs to.
std::string project_of(const base::Json& application);
/// RFC 7386.
base::Json merge_patch(const base::Json& target, const base::Json& patch);

}  // namespace holdfast::hub
