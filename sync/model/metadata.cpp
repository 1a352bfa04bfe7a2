// SPDX-License-Identifier: Apache-2.0
#include "sync/model/metadata.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "sync/model/ids.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::Status;

struct Refused {
  std::string_view name;
  std::string_view why;
};
constexpr std::string_view kServerSet = "is set by a server and has no place in a manifest; remove it";
constexpr std::array kRefused{
    Refused{"generateName", "is not supported: what Git says must have one name; write metadata.name"},
    Refused{"uid", kServerSet},
    Refused{"resourceVersion", kServerSet},
    Refused{"managedFields", kServerSet},
    Refused{"creationTimestamp", kServerSet},
    Refused{"deletionTimestamp", kServerSet},
    Refused{"generation", kServerSet},
    Refused{"selfLink", kServerSet},
    Refused{"ownerReferences", "is not supported on a node: prune follows Git; remove it"},
    Refused{"finalizers", "is not supported on a node; remove it"},
};

Status refuse_known(const Json& value, const std::string& where) {
  for (const auto& refused : kRefused) {
    if (!value.contains(refused.name)) continue;
    return fail(Code::kInvalid, where + "." + std::string(refused.name) + ": " + std::string(refused.why));
  }
  return {};
}

Status check(const Metadata& metadata, const std::string& where) {
  HF_CHECK(check_name(metadata.name, where + ".name"));
  HF_CHECK(check_namespace(metadata.ns, where + ".namespace"));
  HF_CHECK(check_labels(metadata.labels, where + ".labels"));
  return check_annotations(metadata.annotations, where + ".annotations");
}

}  // namespace

base::Result<Metadata> parse_metadata(const Json& value, const std::string& where) {
  Metadata metadata;
  base::ObjectReader in(value, where);
  in.required("name", metadata.name)
      .optional("namespace", metadata.ns)
      .optional("labels", metadata.labels)
      .optional("annotations", metadata.annotations);
  HF_CHECK(refuse_known(value, where));
  HF_CHECK(in.finish());
  HF_CHECK(check(metadata, where));
  return metadata;
}

Json to_json(const Metadata& metadata) {
  Json out{{"name", metadata.name}, {"namespace", metadata.ns}};
  if (!metadata.labels.empty()) out["labels"] = metadata.labels;
  if (!metadata.annotations.empty()) out["annotations"] = metadata.annotations;
  return out;
}

}  // namespace holdfast::sync
