// SPDX-License-Identifier: Apache-2.0
#include "hub/api/rest.hpp"

#include <nlohmann/json.hpp>

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

/// What DELETE may carry: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/delete-options/
struct DeleteBody {
  DeleteOptions options;
  std::vector<std::string> dry_run;
};

Result<DeleteBody> read_delete(const ApiRequest& request) {
  DeleteBody out;
  if (request.body.empty()) return out;
  HF_TRY(const Json body, body_of(request));
  base::ObjectReader in(body, "");
  in.optional("preconditions", [&](const Json& value, const std::string& where) {
      return base::ObjectReader(value, where)
          .optional("uid", out.options.uid)
          .optional("resourceVersion", out.options.resource_version)
          .finish();
    }).optional("dryRun", out.dry_run);
  HF_CHECK(in.finish_open());
  return out;
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

Result<bool> read_dry_run(const ApiRequest& request) {
  const auto given = request.option("dryRun");
  if (given.empty()) return false;
  if (given == "All") return true;
  return base::fail(Code::kInvalid, "dryRun: must be \"All\" or left out");
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

ApiResponse Rest::change(const ApiRequest& request, Actor actor, int status, const Change& change) {
  const auto is_dry = read_dry_run(request);
  if (!is_dry) return error_answer(400, "BadRequest", is_dry.error().message());
  ObjectPtr object;
  const auto work = [&](ObjectWriter& writer) -> base::Status {
    HF_TRY(object, change(writer));
    return {};
  };
  const auto done = *is_dry ? objects_.rehearse(actor, work) : objects_.write(actor, work);
  return done ? json_answer(status, *object) : error_answer(done.error());
}

ApiResponse Rest::create(const ApiRequest& request, const ObjectPath& path) {
  const auto body = body_of(request);
  if (!body) return error_answer(400, "BadRequest", body.error().message());
  return change(request, Actor::kPerson, 201,
                [&](ObjectWriter& writer) { return writer.create(path.type->plural, *body); });
}

ApiResponse Rest::update(const ApiRequest& request, const ObjectPath& path) {
  const auto body = body_of(request);
  if (!body) return error_answer(400, "BadRequest", body.error().message());
  return change(request, Actor::kPerson, 200,
                [&](ObjectWriter& writer) { return writer.update(path.type->plural, path.name, *body); });
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
  return change(request, Actor::kPerson, 200,
                [&](ObjectWriter& writer) { return writer.patch(path.type->plural, path.name, *body); });
}

ApiResponse Rest::remove(const ApiRequest& request, const ObjectPath& path) {
  const auto body = read_delete(request);
  if (!body) return error_answer(400, "BadRequest", body.error().message());
  auto asked = request;
  if (!body->dry_run.empty()) asked.query["dryRun"] = body->dry_run.front();
  return change(asked, Actor::kHub, 200, [&](ObjectWriter& writer) {
    return writer.remove(path.type->plural, path.name, body->options);
  });
}

}  // namespace holdfast::hub
