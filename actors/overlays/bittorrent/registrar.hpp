#pragma once

#include "actors/overlays/bittorrent/registrar_desk.hpp"
#include "actors/overlays/bittorrent/tracker_options.hpp"
#include "actors/overlays/bittorrent/udp_dialog.hpp"
#include "actors/runtime/loop.hpp"
#include "schema/overlay.gen.hpp"

namespace interswarm::bittorrent {

/// One foreign tracker.
struct registrar_options {
  /// "http://tracker.example:6969/announce", "https://…" or "udp://tracker.example:6969/announce".
  std::string url;
  registrar_timing timing;
  udp_dialog_timing udp;
  /// A request over HTTP that took so long has failed.
  std::uint32_t http_timeout_ms = 30'000;
  /// A host name is looked up again after a failure, first after this time.
  std::uint32_t lookup_pause_ms = 10'000;
};

/// Our side at somebody else's tracker: enters this node's peer (`own`, over each address family
/// that both have), finds peers by announcing, scrapes what is followed. `configuration` for an
/// unusable URL or a peer that listens nowhere. An unreachable tracker is a line in the log and is
/// tried again.
result<msg::tracker_actor> spawn_registrar(runtime::loop& home, const registrar_options& options,
                                           const own_peer_options& own);

} // namespace interswarm::bittorrent
