// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/unit_book.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"
#include "base/planted.hpp"
#include "sync/model/fields.hpp"

namespace holdfast::edge_agent {

using base::Json;
using base::Result;

void UnitBook::load(Records records) {
  records_ = std::move(records);
  if (!base::planted("unit-restarted-by-each-agent")) return;
  for (auto& [unit, record] : records_) record.start = {};
}

std::string encode_unit_record(const std::string& unit, const UnitRecord& record) {
  return base::canonical_json(Json{{"asked", record.asked.hex()},
                                   {"askedFrom", record.asked_from},
                                   {"boot", record.boot},
                                   {"invocation", record.invocation},
                                   {"start", record.start.hex()},
                                   {"unit", unit},
                                   {"wasEnabled", record.was_enabled},
                                   {"wasMasked", record.was_masked},
                                   {"wasThere", record.was_there},
                                   {"wasUp", record.was_up}});
}

Result<std::pair<std::string, UnitRecord>> decode_unit_record(std::string_view bytes) {
  HF_TRY(const Json value, base::parse_json(bytes));
  std::pair<std::string, UnitRecord> out;
  UnitRecord& record = out.second;
  base::ObjectReader in(value, "unit");
  in.required("unit", out.first)
      .required("asked", sync::digest_field(record.asked))
      .required("askedFrom", record.asked_from)
      .required("boot", record.boot)
      .required("invocation", record.invocation)
      .required("start", sync::digest_field(record.start))
      .required("wasEnabled", record.was_enabled)
      .required("wasMasked", record.was_masked)
      .required("wasThere", record.was_there)
      .required("wasUp", record.was_up);
  HF_CHECK(in.finish());
  return out;
}

}  // namespace holdfast::edge_agent
