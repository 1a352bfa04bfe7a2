// SPDX-License-Identifier: Apache-2.0
// FakePerson: somebody who types commands against a FakeHub.
//
//     FakePerson person;
//     person.hub.answer("GET /apis/holdfast.dev/v1/nodes", R"({"items":[]})");
//     EXPECT_EQ(person.types({"get", "nodes"}), ExitCode::kDone);
//
// Threads: one.
#pragma once

#include <string>
#include <vector>

#include "hub/cli/fake_console.hpp"
#include "hub/cli/fake_hub.hpp"

namespace holdfast::cli {

class FakePerson {
 public:
  FakePerson();
  ~FakePerson();
  FakePerson(const FakePerson&) = delete;
  FakePerson& operator=(const FakePerson&) = delete;

  ExitCode types(const std::vector<std::string>& words) { return console.run(words); }
  std::string out() const { return console.out.str(); }
  std::string err() const { return console.err.str(); }
  /// A file in a folder of this test's own.
  std::string writes(const std::string& name, const std::string& content);
  /// "METHOD target" of each request so far.
  std::vector<std::string> asked() const;

  FakeHub hub;
  FakeConsole console;

 private:
  std::string folder_;
};

}  // namespace holdfast::cli
