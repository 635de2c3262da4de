#pragma once

#include "actors/bridge/contract.hpp"
#include "actors/runtime/loop.hpp"

#include <filesystem>

namespace interswarm::bridge {

/// Opens (or makes) the database at `file` and starts the actor that owns it on `home`: a loop of
/// its own, because SQLite blocks. (Not a detached actor: CAF 0.17 waits for ever for one whose
/// handle is still held somewhere.) Fails `io` or `conflict` (a newer version's database) with one
/// line.
result<name_transfer_actor> spawn_name_transfer(runtime::loop& home,
                                                const std::filesystem::path& file);

} // namespace interswarm::bridge
