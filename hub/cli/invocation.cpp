// SPDX-License-Identifier: Apache-2.0
#include "hub/cli/invocation.hpp"

#include "hub/cli/shown_text.hpp"

namespace holdfast::cli {

base::Result<ApiClient*> Invocation::hub() {
  if (!hub_) {
    HF_TRY(auto file, read_client_file(client_file_, console_));
    HF_TRY(hub_, ApiClient::make(std::move(file)));
  }
  return hub_.get();
}

void Invocation::say(const std::string& message) {
  console_.out.flush();
  console_.err << safe_lines(message) << "\n";
}

ExitCode Invocation::failed(const base::Error& error) {
  say("holdfast: " + error.message());
  return ExitCode::kFailed;
}

ExitCode Invocation::used_wrongly(const base::Error& error) {
  say("holdfast: " + error.message() + "\nSee `holdfast " + command_ + " --help`.");
  return ExitCode::kUsedWrongly;
}

}  // namespace holdfast::cli
