// SPDX-License-Identifier: Apache-2.0
// Metric: one family for /metrics, written in Prometheus' text format:
// https://prometheus.io/docs/instrumenting/exposition_formats/ . Names follow its conventions (base units, `_total`).
// Threads: plain values.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace holdfast::base {

enum class MetricType { kCounter, kGauge };

struct MetricSample {
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;
};

struct Metric {
  std::string name;  ///< "holdfast_agent_drift_healed_total"
  MetricType type = MetricType::kGauge;
  std::string help;
  std::vector<MetricSample> samples;
};

/// One sample without labels.
Metric counter(std::string name, std::string help, double value);
Metric gauge(std::string name, std::string help, double value);

std::string prometheus_text(const std::vector<Metric>& metrics);

}  // namespace holdfast::base
