// SPDX-License-Identifier: Apache-2.0
#include "sync/model/config_map_key_ref.hpp"

#include "sync/model/ids.hpp"

namespace holdfast::sync {

base::Result<ConfigMapKeyRef> parse_config_map_key_ref(const base::Json& value, const std::string& where) {
  ConfigMapKeyRef ref;
  base::ObjectReader in(value, where);
  in.required("name", ref.name).required("key", ref.key);
  HF_CHECK(in.finish());
  HF_CHECK(check_name(ref.name, where + ".name"));
  if (ref.key.empty()) return base::fail(base::Code::kInvalid, where + ".key: must not be empty");
  return ref;
}

}  // namespace holdfast::sync
