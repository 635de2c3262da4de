#pragma once

#include "actors/bridge/contract.hpp"

#include <caf/fwd.hpp>
#include <filesystem>

namespace interswarm::bridge {

/// Opens (or makes) the database at `file` and starts the actor that owns it on a thread of its
/// own. Fails `io` or `conflict` (a newer version's database) with one line.
result<name_transfer_actor> spawn_name_transfer(caf::actor_system& system,
                                                const std::filesystem::path& file);

} // namespace interswarm::bridge
