#pragma once

#include "actors/runtime/loop.hpp"
#include "actors/storage/hedged_read.hpp"
#include "actors/storage/repair_pace.hpp"
#include "schema/storage.gen.hpp"
#include "storage/catalogue.hpp"

#include <functional>

namespace interswarm::storage {

/// Answers, on the repairer's loop, with contents that are to be kept: in order of id, those after
/// `after`, at most `limit`. None: that was all.
using wanted_list = std::function<void(const slice& after, std::size_t limit,
                                       std::function<void(result<std::vector<kept_content>>)>)>;

struct repairer_options {
  /// So often it is looked whether nodes came, went or found damage.
  instant look_every = std::chrono::seconds(5);
  /// A pass begins at the latest so long after the last one.
  instant pass_every = std::chrono::hours(6);
  /// What copies may take.
  repair_pace::rates pace;
  /// Copies made at the same time.
  std::size_t parallel = 4;
};

/// Looks after the wanted contents in `network`. One in a cluster.
msg::repair_actor spawn_repairer(runtime::loop& home, msg::storage_network_actor network,
                                 wanted_list wanted, repairer_options options);

} // namespace interswarm::storage
