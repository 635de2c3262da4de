#pragma once

#include "actors/services/delivery_desk.hpp"

namespace interswarm::services {

struct count_tick {};
using counted_source_actor = msg::source_actor::extend<caf::reacts_to<count_tick>>;

/// The same source, whose reads are counted at the desk as `what` says, without its bytes. The
/// sources behind it and their judgements are not changed.
msg::source_actor spawn_counted_source(runtime::loop& home, msg::source_actor inner,
                                       delivery_desk_actor desk, delivered what);

} // namespace interswarm::services

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::count_tick)
