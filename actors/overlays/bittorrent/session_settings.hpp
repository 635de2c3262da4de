#pragma once

#include "actors/overlays/bittorrent/peer_options.hpp"
#include "schema/base/result.hpp"

#include <libtorrent/fwd.hpp>
#include <libtorrent/session_params.hpp>
#include <libtorrent/socket.hpp>

namespace interswarm::bittorrent {

/// libtorrent's settings for the two sessions of a peer.
libtorrent::session_params serve_settings(const peer_options& o);
libtorrent::session_params fetch_settings(const peer_options& o);

/// Flags and extensions of every torrent: it runs at once, and finds peers only as the options
/// allow.
void add_extensions(libtorrent::add_torrent_params& p, const peer_options& o, bool fetching);

libtorrent::tcp::endpoint to_libtorrent(const endpoint& e);
endpoint from_libtorrent(const libtorrent::tcp::endpoint& e);

/// Waits at most 5 s until the session's sockets are open; `io` naming what failed. For start-up
/// only.
result<std::vector<endpoint>> wait_until_listening(libtorrent::session& s, std::size_t sockets);

} // namespace interswarm::bittorrent
