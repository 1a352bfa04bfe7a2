// SPDX-License-Identifier: Apache-2.0
#include "sync/model/labels.hpp"

#include <algorithm>

#include "base/limits/model.hpp"
#include "sync/model/ids.hpp"
#include "sync/model/text.hpp"

namespace holdfast::sync {
namespace {

using base::Code;
using base::fail;
using base::Status;
namespace limits = base::limits;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_qualified(std::string_view text) {
  if (text.empty() || !is_alphanumeric(text.front()) || !is_alphanumeric(text.back())) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

Status check_qualified(std::string_view text, std::string_view what) {
  if (text.size() > limits::kLabelLengthMax) {
    return fail(Code::kLimit, std::string(what) + " of " + std::to_string(text.size()) +
                                  " characters; at most " + std::to_string(limits::kLabelLengthMax) +
                                  " are allowed");
  }
  if (is_qualified(text)) return {};
  return fail(Code::kInvalid, std::string(what) + " " + in_quotes(text) +
                                  " must be letters, digits, '-', '_' and '.', "
                                  "beginning and ending with a letter or digit");
}

std::string place(std::string_view where, std::string_view key) {
  return std::string(where) + "[" + in_quotes(key) + "]";
}

}  // namespace

Status check_label_key(std::string_view key) {
  const std::size_t slash = key.find('/');
  if (slash == std::string_view::npos) return check_qualified(key, "the name");
  HF_CHECK(check_name(key.substr(0, slash), "the prefix"));
  return check_qualified(key.substr(slash + 1), "the name");
}

Status check_label_value(std::string_view value) {
  if (value.empty()) return {};
  return check_qualified(value, "the value");
}

Status check_labels(const StringMap& labels, std::string_view where) {
  if (labels.size() > limits::kLabelsMax) {
    return fail(Code::kLimit, std::string(where) + ": " + std::to_string(labels.size()) +
                                  " labels; at most " + std::to_string(limits::kLabelsMax) + " are allowed");
  }
  for (const auto& [key, value] : labels) {
    if (auto status = check_label_key(key); !status) {
      return fail(std::move(status).error().with_context(place(where, key)));
    }
    if (auto status = check_label_value(value); !status) {
      return fail(std::move(status).error().with_context(place(where, key)));
    }
  }
  return {};
}

Status check_annotations(const StringMap& annotations, std::string_view where) {
  std::size_t bytes = 0;
  for (const auto& [key, value] : annotations) {
    if (auto status = check_label_key(key); !status) {
      return fail(std::move(status).error().with_context(place(where, key)));
    }
    bytes += key.size() + value.size();
  }
  if (bytes <= limits::kAnnotationBytesMax) return {};
  return fail(Code::kLimit, std::string(where) + ": " + std::to_string(bytes) + " bytes; at most " +
                                std::to_string(limits::kAnnotationBytesMax) + " are allowed");
}

}  // namespace holdfast::sync
