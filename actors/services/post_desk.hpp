#pragma once

#include "actors/services/library.hpp"
#include "schema/access.gen.hpp"
#include "schema/cluster.gen.hpp"

#include <string>

namespace interswarm::services {

/// Another access node's parties can be reached from now on, or no more. `key` tells whose.
struct post_up {
  std::string key;
  msg::party_post_actor post;
};
struct post_down {
  std::string key;
};
/// What one session of a party asks for.
struct party_listens {
  std::string party;
  std::uint64_t session = 0;
  msg::bridge_actor bridge;
};
struct party_sends {
  std::string party;
  slice token_hash;
  std::string to;
  msg::message message;
};
/// The session's party was revoked.
struct party_cut {
  std::uint64_t session = 0;
};
struct listening_ended {
  std::string party;
  std::uint64_t number = 0;
};

/// The messages between parties at one access node, and from and to those of the others: to
/// these it is what the cluster's interface says.
using post_desk_actor = msg::party_post_actor::extend<
    caf::reacts_to<post_up>, caf::reacts_to<post_down>,
    caf::replies_to<party_listens>::with<msg::access_service_listen_result>,
    caf::replies_to<party_sends>::with<msg::access_service_send_result>, caf::reacts_to<party_cut>,
    caf::reacts_to<listening_ended>>;

/// Messages from other access nodes that may be in work here, all senders together; a further one
/// fails `overloaded`. What each sender may do is its own access node's to say
/// (message_allowance.hpp).
inline constexpr std::size_t max_messages_from_others = 1024;

post_desk_actor spawn_post_desk(runtime::loop& home, library_actor shelf);

} // namespace interswarm::services

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::post_up)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::post_down)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::party_listens)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::party_sends)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::party_cut)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::listening_ended)
