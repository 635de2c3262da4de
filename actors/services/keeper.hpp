#pragma once

#include "actors/services/storage_service.hpp"
#include "actors/storage/repairer.hpp"

#include <caf/actor.hpp>
#include <functional>

namespace interswarm::services {

struct keeper_options {
  /// Between two looks at expired publications and abandoned uploads.
  std::chrono::milliseconds every = std::chrono::seconds(30);
  /// Between two comparisons of what the storage nodes hold with the catalogue. A hold without a
  /// publication goes when two comparisons in a row found it: what is just being published has its
  /// holds before its publication.
  std::chrono::milliseconds compare_every = std::chrono::minutes(10);
  /// An upload's holds go when it began so long ago.
  std::chrono::seconds longest_upload = std::chrono::hours(48);
};

/// The published contents for a repairer on `home`: none while `leads` says that another node
/// repairs.
storage::wanted_list wanted_contents(runtime::loop& home, catalogue_desk_actor desk,
                                     std::function<bool()> leads);

/// What a service node does by itself: lets go of abandoned uploads and, where `leads` says that
/// this node does it for the cluster, withdraws what has expired and releases what storage nodes
/// still hold of contents that were withdrawn while they were away.
caf::actor spawn_keeper(runtime::loop& home, std::shared_ptr<publish_works> works,
                        std::function<bool()> leads, keeper_options options = {});

} // namespace interswarm::services
