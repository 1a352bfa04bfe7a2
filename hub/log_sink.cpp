// SPDX-License-Identifier: Apache-2.0
#include "hub/log_sink.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/log.hpp"

namespace holdfast::hub {

namespace {

spdlog::level::level_enum level_of(base::log::Level level) {
  switch (level) {
    case base::log::Level::kDebug: return spdlog::level::debug;
    case base::log::Level::kInfo: return spdlog::level::info;
    case base::log::Level::kWarn: return spdlog::level::warn;
    case base::log::Level::kError: return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

void use_log_sink() {
  auto logger = spdlog::stderr_logger_mt("holdfast-hub");
  logger->set_level(spdlog::level::trace);  // base::log decides what is said
  logger->set_pattern("%v");                // and its lines are whole
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
  base::log::set_sink([](base::log::Level level, std::string_view line) {
    while (line.ends_with('\n')) line.remove_suffix(1);
    spdlog::log(level_of(level), spdlog::string_view_t(line.data(), line.size()));
  });
}

}  // namespace holdfast::hub
