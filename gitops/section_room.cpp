// SPDX-License-Identifier: Apache-2.0
#include "gitops/section_room.hpp"
#include "base/limits/model.hpp"

#include <string>

namespace holdfast::gitops {

using base::Code;
using base::fail;
namespace limits = base::limits;

base::Status SectionRoom::take(std::size_t body_bytes) {
  const std::size_t bytes = body_bytes + 1;  // a comma
  full_ = full_ || resources_ >= limits::kResourcesPerSectionMax || bytes > bytes_left();
  if (!full_) {
    ++resources_;
    bytes_ += bytes;
    return {};
  }
  if (resources_ >= limits::kResourcesPerSectionMax) {
    return fail(Code::kLimit, "the application has more than " +
                                  std::to_string(limits::kResourcesPerSectionMax) +
                                  " resources; make it several applications");
  }
  return fail(Code::kLimit, "with this resource the application's section takes " +
                                std::to_string(bytes_ + bytes) + " bytes; at most " +
                                std::to_string(kBytesMax) + " fit; make it several applications");
}

}  // namespace holdfast::gitops
