// SPDX-License-Identifier: Apache-2.0
// What all parts of the Host contract suite stand on: one test body, run on the real Host, on the real Host
// as an old kernel leaves it, and on the fake. Threads: one.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "base/host_world_contract.hpp"

namespace holdfast::base {

struct HostKind {
  std::string name;
  std::function<std::unique_ptr<HostWorld>()> make;
};
inline void PrintTo(const HostKind& kind, std::ostream* out) { *out << kind.name; }

class HostContract : public testing::TestWithParam<HostKind> {
 protected:
  HostWorld& world() { return *world_; }
  Host& host() { return world_->host(); }
  static Code code_of(const Error& error) { return error.code(); }

 private:
  std::unique_ptr<HostWorld> world_ = GetParam().make();
};

#define EXPECT_OK(expression)                                                 \
  do {                                                                        \
    const auto hf_result = (expression);                                      \
    EXPECT_TRUE(hf_result) << (hf_result ? "" : hf_result.error().message()); \
  } while (false)

#define EXPECT_CODE(expected, expression)                                                               \
  do {                                                                                                  \
    const auto hf_result = (expression);                                                                \
    ASSERT_FALSE(hf_result) << "it worked";                                                             \
    EXPECT_EQ(to_string(hf_result.error().code()), to_string(expected)) << hf_result.error().message(); \
  } while (false)

inline auto all_host_kinds() {
  return testing::Values(HostKind{"Real", [] { return make_real_world({}); }},
                         HostKind{"OldKernel", [] { return make_real_world({.old_kernel = true}); }},
                         HostKind{"Fake", [] { return make_fake_world(); }});
}
inline std::string host_kind_name(const testing::TestParamInfo<HostKind>& info) { return info.param.name; }

}  // namespace holdfast::base
