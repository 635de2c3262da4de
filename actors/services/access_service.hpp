#pragma once

#include "actors/services/delivery_desk.hpp"
#include "actors/services/post_desk.hpp"
#include "schema/access.gen.hpp"

#include <memory>
#include <string>

namespace interswarm::services {

struct login {
  std::string token;
};
struct logged_in {
  msg::access_service_actor access;
};
using access_desk_actor =
    caf::typed_actor<caf::replies_to<login>::with<logged_in>, caf::reacts_to<parties_changed>>;

/// Sessions at one access node; a further login is told `overloaded`. Logins with wrong tokens: so
/// many are answered in a second, the others are told `overloaded`, whoever sends them.
inline constexpr std::size_t max_sessions = 10'000;
inline constexpr std::uint32_t wrong_logins_per_second = 20;

/// Lets parties in by their tokens and cuts off, at once and with all that they obtained, those
/// that are revoked. `post` is for their messages. What they read is told to `deliveries`, which
/// may be null.
access_desk_actor spawn_access_desk(runtime::loop& home, library_actor shelf, post_desk_actor post,
                                    delivery_desk_actor deliveries = {});

/// Whether the party may have a content of this publication.
bool may_have(const msg::party& p, const msg::publication& publication);

} // namespace interswarm::services

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::login)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::logged_in)
