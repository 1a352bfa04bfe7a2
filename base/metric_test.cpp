// SPDX-License-Identifier: Apache-2.0
#include "base/metric.hpp"

#include <gtest/gtest.h>

namespace holdfast::base {
namespace {

TEST(Metric, IsWrittenWithHelpTypeAndSamples) {
  const Metric nodes{"holdfast_hub_nodes",
                     MetricType::kGauge,
                     "Nodes by state.",
                     {{{{"state", "ready"}}, 3}, {{{"state", "absent"}}, 1}}};
  EXPECT_EQ(prometheus_text({nodes, counter("holdfast_hub_syncs_total", "Syncs.", 12)}),
            "# HELP holdfast_hub_nodes Nodes by state.\n"
            "# TYPE holdfast_hub_nodes gauge\n"
            "holdfast_hub_nodes{state=\"ready\"} 3\n"
            "holdfast_hub_nodes{state=\"absent\"} 1\n"
            "# HELP holdfast_hub_syncs_total Syncs.\n"
            "# TYPE holdfast_hub_syncs_total counter\n"
            "holdfast_hub_syncs_total 12\n");
}

TEST(Metric, EscapesWhatAPersonMayPutIntoALabel) {
  const Metric metric{"holdfast_x", MetricType::kGauge, "a\nb", {{{{"name", "say \"hi\"\\\n"}}, 0.5}}};
  EXPECT_EQ(
      prometheus_text({metric}),
      "# HELP holdfast_x a\\nb\n# TYPE holdfast_x gauge\nholdfast_x{name=\"say \\\"hi\\\"\\\\\\n\"} 0.5\n");
}

}  // namespace
}  // namespace holdfast::base
