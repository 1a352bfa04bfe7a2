// SPDX-License-Identifier: Apache-2.0
// Arguments: what a person typed, by the names of the command's specification ("NAME", "--selector").
// Threads: plain values.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::cli {

class Arguments {
 public:
  /// A flag is there with the value "true".
  void put(std::string_view name, std::vector<std::string> values) {
    if (!values.empty()) values_[std::string(name)] = std::move(values);
  }
  bool has(std::string_view name) const { return values_.contains(name); }
  /// The last value given; empty where there is none.
  std::string one(std::string_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::string() : found->second.back();
  }
  std::vector<std::string> all(std::string_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::vector<std::string>() : found->second;
  }

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

}  // namespace holdfast::cli
