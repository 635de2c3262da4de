#pragma once

#include "actors/services/content_publish.hpp"
#include "schema/source.gen.hpp"

#include <functional>
#include <string>
#include <vector>

namespace interswarm::services {

/// A source over HTTP origins.
struct pulled_source {
  msg::source_actor source;
  /// Whether bytes came though their number is not known: the origin tells it at the end only, and
  /// a read beyond the end fails `malformed` then. May be null.
  std::function<bool()> comes_unmeasured;
  /// Asked on the loop when the source knows its size: what the origin says of the content, for
  /// parts of the draft that its provider left empty. May be null.
  std::function<void(msg::publication&)> describe;
};
/// Fails with one line for URLs that are none.
using source_opener = std::function<result<pulled_source>(
    const std::vector<std::string>& urls, const std::vector<msg::property>& headers)>;

/// Tries again what failed.
struct pull_tick {};
using pull_work_actor = msg::publishing_actor::extend<caf::reacts_to<pull_tick>>;

/// Reads `from` once, from its beginning to its end, and publishes it. Goes on over failures of the
/// source while there is some progress every ten minutes.
msg::publishing_actor spawn_pull_work(runtime::loop& home, publish_context context,
                                      msg::publication draft, pulled_source from, slice holder);

} // namespace interswarm::services

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::pull_tick)
