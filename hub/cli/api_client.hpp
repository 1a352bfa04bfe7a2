// SPDX-License-Identifier: Apache-2.0
// ApiClient: the hub's API over HTTPS. Trusts the client file's CA and nothing else, sends the token only
// after the hub has proven itself, and bounds what it reads in bytes and in time.
// Threads: one.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "hub/cli/api_path.hpp"
#include "hub/cli/client_file.hpp"

namespace holdfast::cli {

inline constexpr std::string_view kJsonType = "application/json";
inline constexpr std::string_view kMergePatchType = "application/merge-patch+json";
/// A meta.k8s.io Table where the hub can make one, else the objects.
inline constexpr std::string_view kTableAccept =
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

class ApiClient {
 public:
  /// Speaks to nobody yet. An error when the file's CA cannot be read.
  static base::Result<std::unique_ptr<ApiClient>> make(ClientFile file);
  ~ApiClient();
  ApiClient(const ApiClient&) = delete;
  ApiClient& operator=(const ApiClient&) = delete;

  const ClientFile& file() const { return file_; }

  // Errors carry the hub's own message, with what to do next. kNotFound, kConflict, kPermission … as the hub
  // said; kUnavailable: not reached.
  base::Result<base::Json> get(const ApiPath& path, std::string_view accept = kJsonType);
  base::Result<base::Json> get_raw(const std::string& path);
  base::Result<base::Json> post(const ApiPath& path, const base::Json& body);
  base::Result<base::Json> put(const ApiPath& path, const base::Json& body);
  base::Result<base::Json> merge_patch(const ApiPath& path, const base::Json& patch);
  base::Result<base::Json> remove(const ApiPath& path);

  /// Reads a stream of lines until it ends, which is no error, or `on_line` returns false.
  using OnLine = std::function<bool(std::string_view line)>;
  base::Status stream(const ApiPath& path, std::string_view accept, std::chrono::milliseconds silence_max,
                      const OnLine& on_line);

 private:
  class Http;
  ApiClient(ClientFile file, std::unique_ptr<Http> http);
  struct Call;
  base::Result<base::Json> send(const Call& call);

  ClientFile file_;
  std::unique_ptr<Http> http_;
};

}  // namespace holdfast::cli
