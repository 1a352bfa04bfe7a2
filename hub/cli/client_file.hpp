// SPDX-License-Identifier: Apache-2.0
// ClientFile: which hub, trusted by which CA, and who asks: the file that `holdfast-hub serve` writes as
// admin.yaml, in kubeconfig's format so that kubectl reads it too.
// https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
// Threads: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "hub/cli/console.hpp"

namespace holdfast::cli {

struct ClientFile {
  std::string path;  ///< of the file, for messages
  std::string host;
  std::uint16_t port = 443;
  std::string ca_pem;
  std::string token;
  std::string server() const;  ///< "https://host:port"
};

/// The cluster and user of current-context, or of the only context there is. Errors name the field. Never
/// quotes the token.
base::Result<ClientFile> parse_client_file(std::string_view text, const std::string& path);

/// --config (`given`), then HOLDFAST_CONFIG, then holdfast/client.yaml in XDG_CONFIG_HOME or ~/.config.
base::Result<ClientFile> read_client_file(const std::string& given, const Console& console);

}  // namespace holdfast::cli
