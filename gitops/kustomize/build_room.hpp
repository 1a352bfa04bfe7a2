// SPDX-License-Identifier: Apache-2.0
// BuildRoom: what one build may still read, look at and write. A base that is entered a hundred times, or a patch of a megabyte for ten thousand
// resources, ends here and not in the memory of the hub.
// Threads: one.
#pragma once

#include <cstddef>

#include "base/json.hpp"
#include "base/result.hpp"

namespace holdfast::gitops {

class BuildRoom {
 public:
  base::Status enter_kustomization();
  base::Status read_file(std::size_t bytes);
  /// An entry of a kustomization that looks at so many resources.
  base::Status look_at(std::size_t resources);
  base::Status write(std::size_t bytes);

 private:
  std::size_t kustomizations_ = 0;
  std::size_t files_ = 0;
  std::size_t bytes_read_ = 0;
  std::size_t looks_ = 0;
  std::size_t bytes_written_ = 0;
};

/// About as many bytes as the value takes as text.
std::size_t weight_of(const base::Json& value);

}  // namespace holdfast::gitops
