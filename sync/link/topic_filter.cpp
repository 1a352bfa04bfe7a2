// SPDX-License-Identifier: Apache-2.0
#include "sync/link/topic_filter.hpp"

namespace holdfast::sync {

namespace {

struct Split {
  std::string_view first;
  std::string_view rest;
  bool more;  // "a/" has a second, empty level
};

Split split(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return {text, {}, false};
  return {text.substr(0, slash), text.substr(slash + 1), true};
}

}  // namespace

bool topic_matches(std::string_view filter, std::string_view topic) {
  if (topic.empty() || filter.empty()) return false;
  if (topic.front() == '$' && filter.front() != '$') return false;
  for (;;) {
    if (filter == "#") return true;
    const Split wanted = split(filter);
    const Split given = split(topic);
    if (wanted.first != "+" && wanted.first != given.first) return false;
    if (!given.more) return !wanted.more || wanted.rest == "#";
    if (!wanted.more) return false;
    filter = wanted.rest;
    topic = given.rest;
  }
}

}  // namespace holdfast::sync
