#pragma once

#include <kj/async-io.h>

namespace interswarm::runtime {

/// Sends a datagram. One that the system refuses (no route, a firewall's rule, no buffer; KJ throws
/// at once then) is lost like one that is lost on its way: the promise never fails. `to` must live
/// until it is done.
kj::Promise<void> send_datagram(kj::DatagramPort& port, kj::Array<kj::byte> data,
                                kj::NetworkAddress& to);

} // namespace interswarm::runtime
