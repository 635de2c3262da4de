#pragma once

#include "actors/overlays/ed2k/frame_stream.hpp"
#include "schema/ed2k/client_hello.hpp"

#include <chrono>

namespace interswarm::ed2k {

/// The call-back test of a server: connects to a client's port, says HELLO as `own`, and gives the
/// user hash of the HELLOANSWER; nothing when none came within `limit`. Never fails.
kj::Promise<kj::Maybe<md4_digest>> callback_test(kj::Network& network, kj::Timer& timer, hello own,
                                                 const endpoint& to,
                                                 std::chrono::milliseconds limit);

} // namespace interswarm::ed2k
