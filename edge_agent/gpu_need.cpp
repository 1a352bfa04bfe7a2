// SPDX-License-Identifier: Apache-2.0
#include "edge_agent/gpu_need.hpp"

#include <algorithm>

namespace holdfast::edge_agent {

using base::Code;
using base::fail;

namespace {

bool is_passing(const TargetItem& item) { return item.desired.hook || item.desired.key.group == "batch"; }

std::string who_asks(const Target& target) {
  std::string out;
  for (const auto& item : target.items) {
    if (item.effective->gpus > 0) out += (out.empty() ? "" : ", ") + item.desired.key.brief();
  }
  return out;
}

}  // namespace

GpuNeed gpu_need(const Target& target) {
  GpuNeed need;
  for (const auto& item : target.items) {
    const auto gpus = item.effective->gpus;
    if (!is_passing(item)) need.lasting += gpus;
    if (is_passing(item)) need.passing = std::max(need.passing, gpus);
    if (item.desired.key.kind == "CronJob") need.again = std::max(need.again, gpus);
  }
  return need;
}

base::Status check_gpu_need(const Target& target, const std::vector<GpuHolder>& others, std::uint32_t there) {
  const auto own = gpu_need(target);
  if (own.most() == 0) return {};
  const std::string asked = who_asks(target) + ": nvidia.com/gpu: " + std::to_string(own.most()) +
                            (own.most() == 1 ? " is asked for" : " are asked for");
  if (there == 0)
    return fail(Code::kUnsupported, asked +
                                        ", and this node has no GPU of NVIDIA's; place it by the label "
                                        "facts.holdfast.dev/gpu");
  if (own.most() > there)
    return fail(Code::kUnsupported, asked + " at a time, and this node has " + std::to_string(there) +
                                        "; ask for fewer, or place it elsewhere");
  GpuNeed all = own;
  std::string holders;
  for (const auto& other : others) {
    all.lasting += other.need.lasting;
    all.passing = std::max(all.passing, other.need.again);
    const auto kept = other.need.lasting + other.need.again;
    if (kept > 0) holders += (holders.empty() ? "" : ", ") + other.name + " has " + std::to_string(kept);
  }
  if (all.most() <= there) return {};
  return fail(Code::kUnsupported, asked + ", and of the " + std::to_string(there) +
                                      " of this node application " + holders +
                                      "; it comes when they are free, or place it elsewhere");
}

}  // namespace holdfast::edge_agent
