// SPDX-License-Identifier: Apache-2.0
#include "gitops/kustomize/build_room.hpp"

#include <nlohmann/json.hpp>
#include <string>

#include "base/limits/kustomize.hpp"

namespace holdfast::gitops {

using base::Code;
using base::fail;
using base::Status;
namespace limits = base::limits;

namespace {

Status over(const char* what, std::size_t max, const char* unit) {
  return fail(Code::kLimit, std::string(what) + " more than " + std::to_string(max) + " " + unit +
                                "; make it several applications");
}

}  // namespace

Status BuildRoom::enter_kustomization() {
  if (++kustomizations_ <= limits::kKustomizationsMax) return {};
  return over("the build enters", limits::kKustomizationsMax, "kustomizations");
}

Status BuildRoom::read_file(std::size_t bytes) {
  bytes_read_ += bytes;
  if (++files_ > limits::kKustomizeFilesMax)
    return over("the build reads", limits::kKustomizeFilesMax, "files");
  if (bytes_read_ > limits::kKustomizeBytesMax)
    return over("the build reads", limits::kKustomizeBytesMax, "bytes");
  return {};
}

Status BuildRoom::look_at(std::size_t resources) {
  looks_ += resources;
  if (looks_ <= limits::kKustomizeChangesMax) return {};
  return over("the entries of all kustomizations look at", limits::kKustomizeChangesMax, "resources");
}

Status BuildRoom::write(std::size_t bytes) {
  bytes_written_ += bytes;
  if (bytes_written_ <= limits::kKustomizeBytesMax) return {};
  return over("the entries of all kustomizations write", limits::kKustomizeBytesMax, "bytes");
}

std::size_t weight_of(const base::Json& value) {
  constexpr std::size_t kOfValue = 8;
  if (const auto* text = value.get_ptr<const std::string*>()) return text->size() + 2;
  std::size_t weight = kOfValue;
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) weight += name.size() + weight_of(member);
  } else if (value.is_array()) {
    for (const auto& element : value) weight += weight_of(element);
  }
  return weight;
}

}  // namespace holdfast::gitops
