#pragma once

#include "actors/overlays/ppsp/tracker_options.hpp"
#include "actors/runtime/loop.hpp"
#include "schema/base/result.hpp"
#include "schema/overlay.gen.hpp"

namespace interswarm::ppsp {

/// Section [ppsp.tracker]: our own tracker.
struct tracker_options {
  /// Addresses with ports for HTTP; port 0 lets the system choose.
  std::vector<endpoint> listen{{ip_address::v4(0x7F000001), 7846}};
  std::uint32_t connections = 4096;
  /// Files with one swarm id in hexadecimal a line, read when the tracker starts: it then tracks
  /// only those of the first, and none of the second.
  std::string allow_list_file;
  std::string deny_list_file;
  tracker_book_options book;
  tracker_responder_options responder;
};

struct running_tracker {
  msg::tracker_actor actor;
  /// With the ports that the system chose.
  std::vector<endpoint> http;
};

/// Binds, reads the lists and starts our own tracker (RFC 7846); it ends when the last handle of
/// its actor goes or the loop ends. `own` is this node's peer, which `announce` enters.
/// `configuration` with one line where an address cannot be bound or a list cannot be read. From
/// any thread but the loop's.
result<running_tracker> spawn_tracker(runtime::loop& home, const tracker_options& options,
                                      const own_party& own);

} // namespace interswarm::ppsp
