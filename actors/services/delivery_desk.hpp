#pragma once

#include "actors/runtime/loop.hpp"
#include "actors/services/library.hpp"

#include <string>

namespace interswarm::services {

/// Bytes of content that a face gave its clients, since it last said so.
struct delivered {
  /// By which they went; "rpc" for sessions.
  std::string overlay;
  /// In that overlay, or the storage network's own.
  msg::name name;
  /// Whose publication allowed it, if the face knows; with the storage network's name only.
  std::string tenant;
  /// Who logged in for it, if anybody did.
  std::string party;
  std::uint64_t bytes = 0;
};
struct delivery_tick {};
/// Sent to itself when it is told to end: what was sent to it before is still entered.
struct deliveries_closing {};

using delivery_desk_actor =
    caf::typed_actor<caf::reacts_to<delivered>, caf::reacts_to<delivery_tick>,
                     caf::reacts_to<deliveries_closing>>;

/// Contents whose payer is being found out, and that are remembered, at once.
inline constexpr std::size_t max_payers_sought = 4096;

/// Counts what an access node's faces deliver, finds out who pays for it, keeps it in the node's
/// own database (`file`, with tables of its own there) and hands it to the catalogue, again and
/// again until it has it. On a loop of its own: SQLite blocks. Fails as database::open does.
result<delivery_desk_actor> spawn_delivery_desk(runtime::loop& home, const std::string& file,
                                                std::string node, library_actor shelf);

} // namespace interswarm::services

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::delivered)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::delivery_tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::deliveries_closing)
