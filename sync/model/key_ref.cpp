// SPDX-License-Identifier: Apache-2.0
#include "sync/model/key_ref.hpp"

#include "sync/model/ids.hpp"

namespace holdfast::sync {

base::Result<KeyRef> parse_key_ref(const base::Json& value, const std::string& where) {
  KeyRef ref;
  base::ObjectReader in(value, where);
  in.required("name", ref.name).required("key", ref.key);
  HF_CHECK(in.finish());
  HF_CHECK(check_name(ref.name, where + ".name"));
  if (ref.key.empty()) return base::fail(base::Code::kInvalid, where + ".key: must not be empty");
  return ref;
}

}  // namespace holdfast::sync
