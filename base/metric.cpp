// SPDX-License-Identifier: Apache-2.0
#include "base/metric.hpp"

#include <array>
#include <charconv>

namespace holdfast::base {

namespace {

std::string number(double value) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), end};
}

std::string escape(const std::string& text, bool in_label) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\\\";
    else if (c == '\n')
      out += "\\n";
    else if (c == '"' && in_label)
      out += "\\\"";
    else
      out += c;
  }
  return out;
}

std::string labels_of(const MetricSample& sample) {
  if (sample.labels.empty()) return {};
  std::string out;
  for (const auto& [name, value] : sample.labels) {
    out += (out.empty() ? "{" : ",") + name + "=\"" + escape(value, true) + "\"";
  }
  return out + "}";
}

}  // namespace

Metric counter(std::string name, std::string help, double value) {
  return {std::move(name), MetricType::kCounter, std::move(help), {{{}, value}}};
}

Metric gauge(std::string name, std::string help, double value) {
  return {std::move(name), MetricType::kGauge, std::move(help), {{{}, value}}};
}

std::string prometheus_text(const std::vector<Metric>& metrics) {
  std::string out;
  for (const auto& metric : metrics) {
    out += "# HELP " + metric.name + " " + escape(metric.help, false) + "\n";
    out += "# TYPE " + metric.name + (metric.type == MetricType::kCounter ? " counter\n" : " gauge\n");
    for (const auto& sample : metric.samples) {
      out += metric.name + labels_of(sample) + " " + number(sample.value) + "\n";
    }
  }
  return out;
}

}  // namespace holdfast::base
