#pragma once

#include <kj/async-io.h>

namespace interswarm::runtime {

/// `inner` with large reads and writes instead of many small ones. KJ's TLS moves 8 KiB at a time
/// (kj/compat/readiness-io.h): over this, a system call is made for 128 KiB. A write is done when
/// its bytes were taken, of which at most 256 KiB wait; those leave before the loop sleeps, and
/// their failure fails a later write. What waits when the stream is dropped is lost: not for a
/// stream whose last write is followed by its end.
kj::Own<kj::AsyncIoStream> widen(kj::Own<kj::AsyncIoStream> inner);

} // namespace interswarm::runtime
