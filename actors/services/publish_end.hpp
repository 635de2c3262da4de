#pragma once

#include "actors/services/content_publish.hpp"

#include <caf/actor.hpp>
#include <functional>

namespace interswarm::services {

/// A content whose bytes are all hashed and stored.
struct publish_ending {
  msg::publication draft;
  std::shared_ptr<const content_hashes> hashes;
  /// Names of its chunks, one after the other.
  bytes chunks;
  /// Under which the chunks are held so far.
  slice holder;
};

/// Makes the content's names, holds its chunks for it (putting again what is missing), enters it in
/// the catalogue and gives up what nobody publishes any more. `then` is called once on `home`,
/// unless the returned actor is told to end before.
caf::actor end_publication(runtime::loop& home, publish_context context, publish_ending what,
                           std::function<void(result<entered_publication>)> then);

/// The names of a content for the overlays that have none yet in `known`.
result<std::vector<msg::name_record>> make_names(const std::vector<bridge::naming>& namings,
                                                 const content_hashes& hashes,
                                                 const std::string& title,
                                                 const std::vector<msg::name_record>& known);

} // namespace interswarm::services
