// SPDX-License-Identifier: Apache-2.0
// Syntax of labels and annotations, as Kubernetes has it:
// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
// Threads: pure functions.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::sync {

using StringMap = std::map<std::string, std::string>;

/// "name" or "prefix/name"; the prefix a DNS subdomain, the name at most 63 characters. Messages do not name
/// the place: the caller does.
base::Status check_label_key(std::string_view key);
/// Empty, or at most 63 of letters, digits, '-', '_', '.', beginning and ending with a letter or digit.
base::Status check_label_value(std::string_view value);

/// All of them and their number. `where` is "metadata.labels".
base::Status check_labels(const StringMap& labels, std::string_view where);
/// Names like label keys, values free, all together within limits::kAnnotationBytesMax.
base::Status check_annotations(const StringMap& annotations, std::string_view where);

}  // namespace holdfast::sync
