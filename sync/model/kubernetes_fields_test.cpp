// SPDX-License-Identifier: Apache-2.0
// The tables of fields, walked: they hold what Kubernetes' API reference of 1.31 has, docs/kubernetes.md shows them word for word, and the readers do what they say.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sync/model/job_spec.hpp"
#include "sync/model/kubernetes_examples.hpp"
#include "sync/model/kubernetes_objects.hpp"
#include "sync/model/pod_spec.hpp"
#include "sync/model/workload_spec.hpp"

namespace holdfast::sync {
namespace {

using base::Json;

// ---- reading ----

struct Example {
  Json manifest;
  std::function<base::Status(const Json&)> parse;
  std::function<bool(const Json&)> means_the_same;  ///< as the example
};

template <class Parse>
Example example(const char* text, Parse parse) {
  const Json manifest = *base::parse_json(text);
  const auto status = [parse](const Json& changed) -> base::Status {
    auto parsed = parse(changed);
    if (!parsed) return base::fail(std::move(parsed).error());
    return {};
  };
  return {manifest, status,
          [parse, manifest](const Json& changed) { return *parse(changed) == *parse(manifest); }};
}

const std::map<std::string, Example>& examples() {
  static const std::map<std::string, Example> all{
      {"Pod", example(kPodExample, parse_pod)},
      {"Deployment", example(kDeploymentExample, parse_deployment)},
      {"DaemonSet", example(kDaemonSetExample, parse_daemon_set)},
      {"Job", example(kJobExample, parse_job)},
      {"CronJob", example(kCronJobExample, parse_cron_job)}};
  return all;
}

Json with(const Example& of, const Place& place, std::string_view field, Json value) {
  Json changed = of.manifest;
  changed[Json::json_pointer(place.pointer)][std::string(field)] = std::move(value);
  return changed;
}

/// Calls `check(example, place, rule, "spec.field")` for each rule at each place.
template <class Check>
void walk(FieldUse use, Check check) {
  for (const auto& walked : all_objects()) {
    for (const auto& place : walked.places) {
      const Example& of = examples().at(place.kind);
      ASSERT_TRUE(of.manifest.contains(Json::json_pointer(place.pointer)))
          << place.kind << " " << place.pointer;
      for (const auto& rule : walked.table->rules) {
        if (rule.use == use) check(of, place, rule, std::string(place.where) + "." + std::string(rule.field));
      }
    }
  }
}

TEST(KubernetesFields, AreThoseOfTheApiReference) {
  for (const auto& walked : all_objects()) {
    std::vector<std::string> fields;
    for (const auto& rule : walked.table->rules) fields.emplace_back(rule.field);
    EXPECT_EQ(fields, walked.official) << walked.table->object;
  }
}

TEST(KubernetesFields, ExamplesAreRead) {
  for (const auto& [kind, of] : examples()) {
    const auto status = of.parse(of.manifest);
    EXPECT_TRUE(status) << kind << ": " << status.error().message();
  }
}

TEST(KubernetesFields, HonouredOnesAreRead) {
  walk(FieldUse::kHonoured,
       [](const Example& of, const Place& place, const FieldRule& rule, const std::string& path) {
         const auto status = of.parse(with(of, place, rule.field, -1.5));  // which is no value of any of them
         ASSERT_FALSE(status) << path << " is not looked at";
         EXPECT_TRUE(status.error().message().starts_with(path))
             << path << " is not named: " << status.error().message();
       });
}

TEST(KubernetesFields, RefusedOnesSayWhatToDo) {
  walk(FieldUse::kRefused, [](const Example& of, const Place& place, const FieldRule& rule,
                              const std::string& path) {
    const auto status = of.parse(with(of, place, rule.field, -1.5));
    ASSERT_FALSE(status) << path;
    EXPECT_EQ(status.error().message(), path + ": " + std::string(rule.note));
    EXPECT_EQ(status.error().code(), base::Code::kUnsupported) << path;
    EXPECT_TRUE(of.means_the_same(with(of, place, rule.field, nullptr))) << path << ": null is not there";
    if (rule.unless.empty()) return;
    const Json harmless = with(of, place, rule.field, *base::parse_json(rule.unless));
    const auto passed = of.parse(harmless);
    ASSERT_TRUE(passed) << passed.error().message();
    EXPECT_TRUE(of.means_the_same(harmless)) << path;
  });
}

/// "why; what to do", so that nobody is left with a no.
TEST(KubernetesFields, EveryNoHasAWayOut) {
  const std::array<std::string_view, 6> kVerbs{"; write ", "; take ", "; let ",
                                               "; set ",   "; add ",  "; mount "};
  for (const auto& walked : all_objects()) {
    for (const auto& rule : walked.table->rules) {
      if (rule.use != FieldUse::kRefused) continue;
      EXPECT_TRUE(
          std::any_of(kVerbs.begin(), kVerbs.end(),
                      [&](std::string_view verb) { return rule.note.find(verb) != std::string_view::npos; }))
          << walked.table->object << "." << rule.field << ": " << rule.note;
    }
  }
}

TEST(KubernetesFields, IgnoredOnesChangeNothing) {
  walk(FieldUse::kIgnored,
       [](const Example& of, const Place& place, const FieldRule& rule, const std::string& path) {
         EXPECT_FALSE(rule.note.empty()) << path << " is ignored without a reason";
         const Json changed = with(of, place, rule.field, {{"any", "thing"}});
         const auto status = of.parse(changed);
         ASSERT_TRUE(status) << status.error().message();
         EXPECT_TRUE(of.means_the_same(changed)) << path;
       });
}

TEST(KubernetesFields, OthersAreUnknown) {
  for (const auto& walked : all_objects()) {
    for (const auto& place : walked.places) {
      const Example& of = examples().at(place.kind);
      const auto status = of.parse(with(of, place, "notAField", 1));
      ASSERT_FALSE(status) << place.where;
      EXPECT_EQ(status.error().message(), std::string(place.where) + ": unknown field \"notAField\"");
    }
  }
}

// ---- docs/kubernetes.md ----

std::string use_text(const FieldRule& rule) {
  switch (rule.use) {
    case FieldUse::kHonoured: return "honoured";
    case FieldUse::kIgnored: return "ignored";
    case FieldUse::kRefused: break;
  }
  return rule.unless.empty() ? "refused" : "refused, but `" + std::string(rule.unless) + "`";
}

std::string expected_rows(const FieldTable& table) {
  std::string out;
  for (const auto& rule : table.rules) {
    out +=
        "| `" + std::string(rule.field) + "` | " + use_text(rule) + " | " + std::string(rule.note) + " |\n";
  }
  return out;
}

/// The rows below each "### NAME".
std::map<std::string, std::string> rows_of_page() {
  std::map<std::string, std::string> rows;
  std::ifstream page("docs/kubernetes.md");
  std::string object;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("### ")) {
      object = line.substr(4);
      rows[object];
    } else if (!object.empty() && line.starts_with("| `")) {
      rows[object] += line + "\n";
    }
  }
  return rows;
}

TEST(KubernetesFields, PageShowsEveryTableAndNoOther) {
  auto rows = rows_of_page();
  for (const auto& walked : all_objects()) {
    const std::string object(walked.table->object);
    EXPECT_EQ(rows[object], expected_rows(*walked.table)) << "docs/kubernetes.md, ### " << object;
    rows.erase(object);
  }
  for (const auto& [object, text] : rows)
    ADD_FAILURE() << "docs/kubernetes.md: there is no table ### " << object;
}

}  // namespace
}  // namespace holdfast::sync
