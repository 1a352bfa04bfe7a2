// SPDX-License-Identifier: Apache-2.0
#include "hub/api/rest.hpp"

#include <nlohmann/json.hpp>

#include "base/limits.hpp"

namespace holdfast::hub {

using base::Code;
using base::Json;
using base::Result;

namespace {

constexpr std::string_view kRoot = "/apis/holdfast.dev/v1/";

bool wants_table(const ApiRequest& request) { return request.accept.find("as=Table") != std::string::npos; }

Result<Json> body_of(const ApiRequest& request) {
  HF_TRY(Json body, base::parse_json(request.body));
  if (!body.is_object()) return base::fail(Code::kInvalid, "the body must be one JSON object");
  return body;
}

ApiResponse object_answer(const Result<ObjectPtr>& object, int status) {
  return object ? json_answer(status, **object) : error_answer(object.error());
}

}  // namespace

std::optional<ObjectPath> parse_object_path(std::string_view path) {
  if (!path.starts_with(kRoot)) return std::nullopt;
  path.remove_prefix(kRoot.size());
  const auto first = path.find('/');
  ObjectPath out;
  out.type = find_type(path.substr(0, first));
  if (out.type == nullptr) return std::nullopt;
  if (first == std::string_view::npos) return out;
  path.remove_prefix(first + 1);
  const auto second = path.find('/');
  out.name = path.substr(0, second);
  if (second != std::string_view::npos) out.subresource = path.substr(second + 1);
  return out;
}

ApiResponse Rest::serve(const ApiRequest& request, const ObjectPath& path) {
  if (!path.subresource.empty() && !(path.subresource == "status" && request.method == "GET")) {
    return error_answer(404, "NotFound", request.path + ": there is no such subresource");
  }
  if (request.method == "GET" && !path.name.empty()) return get(request, path);
  if (request.method == "GET") {
    const auto option = request.option("watch");
    return option == "1" || option == "true" ? watch(request, path) : list(request, path);
  }
  if (path.type->readonly) {
    return error_answer(405, "MethodNotAllowed",
                        std::string(path.type->plural) + " are written by the hub only");
  }
  if (request.method == "POST" && path.name.empty()) return create(request, path);
  if (request.method == "PUT" && !path.name.empty()) return update(request, path);
  if (request.method == "PATCH" && !path.name.empty()) return patch(request, path);
  if (request.method == "DELETE" && !path.name.empty()) return remove(request, path);
  return error_answer(405, "MethodNotAllowed", request.method + " " + request.path + " is not served");
}

ApiResponse Rest::get(const ApiRequest& request, const ObjectPath& path) const {
  const auto object = objects_.get(path.type->plural, path.name);
  if (!object) return error_answer(object.error());
  if (!wants_table(request)) return json_answer(200, **object);
  return json_answer(200, table_of(*path.type, {*object}, version_of(**object), clock_.wall()));
}

ApiResponse Rest::list(const ApiRequest& request, const ObjectPath& path) const {
  const auto listing =
      objects_.list(path.type->plural, {request.option("labelSelector"), request.option("fieldSelector")});
  if (!listing) return error_answer(400, "BadRequest", listing.error().message());
  if (wants_table(request)) {
    return json_answer(200, table_of(*path.type, listing->items, listing->version, clock_.wall()));
  }
  Json items = Json::array();
  for (const auto& item : listing->items) items.push_back(*item);
  return json_answer(200, {{"apiVersion", kApiVersion},
                           {"kind", std::string(path.type->kind) + "List"},
                           {"metadata", {{"resourceVersion", std::to_string(listing->version)}}},
                           {"items", std::move(items)}});
}

ApiResponse Rest::create(const ApiRequest& request, const ObjectPath& path) {
  const auto body = body_of(request);
  if (!body) return error_answer(400, "BadRequest", body.error().message());
  return object_answer(objects_.create(path.type->plural, *body, Actor::kPerson), 201);
}

ApiResponse Rest::update(const ApiRequest& request, const ObjectPath& path) {
  const auto body = body_of(request);
  if (!body) return error_answer(400, "BadRequest", body.error().message());
  return object_answer(objects_.update(path.type->plural, path.name, *body, Actor::kPerson), 200);
}

ApiResponse Rest::patch(const ApiRequest& request, const ObjectPath& path) {
  const bool merge = request.content_type.starts_with("application/merge-patch+json") ||
                     request.content_type.starts_with("application/strategic-merge-patch+json");
  if (!merge) {
    return error_answer(
        415, "UnsupportedMediaType",
        request.content_type + ": use application/merge-patch+json (kubectl patch --type=merge)");
  }
  const auto body = body_of(request);
  if (!body) return error_answer(400, "BadRequest", body.error().message());
  return object_answer(objects_.patch(path.type->plural, path.name, *body, Actor::kPerson), 200);
}

ApiResponse Rest::remove(const ApiRequest& request, const ObjectPath& path) {
  DeleteOptions options;
  if (!request.body.empty()) {
    const auto body = body_of(request);
    if (!body) return error_answer(400, "BadRequest", body.error().message());
    const Json preconditions = body->value("preconditions", Json::object());
    options.uid = preconditions.value("uid", "");
    options.resource_version = preconditions.value("resourceVersion", "");
  }
  return object_answer(objects_.remove(path.type->plural, path.name, options), 200);
}

}  // namespace holdfast::hub
