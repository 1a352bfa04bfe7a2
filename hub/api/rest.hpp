// SPDX-License-Identifier: Apache-2.0
// Rest: the objects as Kubernetes' API serves them, so that kubectl works against a hub: discovery, get, list, watch,
// create, update, patch, delete, Table. https://kubernetes.io/docs/reference/using-api/api-concepts/
// Threads: any.
#pragma once

#include <functional>
#include <optional>

#include "base/clock.hpp"
#include "hub/api/message.hpp"
#include "hub/objects.hpp"

namespace holdfast::hub {

/// "/apis/holdfast.dev/v1/applications/cameras/status": what it names.
struct ObjectPath {
  const ResourceType* type = nullptr;
  std::string name;         ///< empty: all of them
  std::string subresource;  ///< empty: the object
};
std::optional<ObjectPath> parse_object_path(std::string_view path);

/// Whether `dryRun=All` asks that nothing be changed; kInvalid for another value.
base::Result<bool> read_dry_run(const ApiRequest& request);

class Rest {
 public:
  Rest(Objects& objects, base::Clock& clock) : objects_(objects), clock_(clock) {}

  /// /api, /apis, /version, /openapi and the group's own list; nullopt: none of these.
  std::optional<ApiResponse> discovery(const ApiRequest& request) const;
  ApiResponse serve(const ApiRequest& request, const ObjectPath& path);

 private:
  ApiResponse get(const ApiRequest& request, const ObjectPath& path) const;
  ApiResponse list(const ApiRequest& request, const ObjectPath& path) const;
  ApiResponse watch(const ApiRequest& request, const ObjectPath& path) const;
  /// One change, made or only tried out (dryRun=All), and the object that comes of it.
  using Change = std::function<base::Result<ObjectPtr>(ObjectWriter&)>;
  ApiResponse change(const ApiRequest& request, Actor actor, int status, const Change& change);
  ApiResponse create(const ApiRequest& request, const ObjectPath& path);
  ApiResponse update(const ApiRequest& request, const ObjectPath& path);
  ApiResponse patch(const ApiRequest& request, const ObjectPath& path);
  ApiResponse remove(const ApiRequest& request, const ObjectPath& path);

  Objects& objects_;
  base::Clock& clock_;
};

/// meta.k8s.io/v1 Table of objects of one type.
base::Json table_of(const ResourceType& type, const std::vector<ObjectPtr>& items, std::uint64_t version,
                    base::WallTime now);

}  // namespace holdfast::hub
