#pragma once

#include "actors/overlays/bittorrent/content_source.hpp"
#include "actors/overlays/bittorrent/peer_options.hpp"
#include "actors/overlays/bittorrent/torrent_metadata.hpp"
#include "actors/runtime/worker_pool.hpp"

#include <memory>

namespace interswarm::bittorrent {

struct serving_state {
  std::uint32_t clients = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t idle_ms = 0;
  std::uint32_t completed = 0;
};

/// A content on offer; ends with the object. Safe on any thread. Contents of one torrent share its
/// counters: clients ask for pieces, not for files.
class serving {
public:
  virtual ~serving() = default;
  virtual serving_state state() const = 0;
  /// Connects to a client that may want the content.
  virtual void dial(const endpoint& client) = 0;
};

/// The serving half of the BitTorrent peer: a libtorrent session of its own, so that one torrent
/// may be served and fetched at the same time. Safe on any thread; no call waits for the network.
class serve_session {
public:
  /// `io` when a port cannot be listened on; the text names it.
  static result<std::unique_ptr<serve_session>>
  start(peer_options options, std::shared_ptr<runtime::worker_pool> workers);
  ~serve_session();
  serve_session(const serve_session&) = delete;
  serve_session& operator=(const serve_session&) = delete;

  /// Offers file `name.file` of the torrent. `denied` for a private torrent, `malformed` without
  /// what is needed to prove a byte, `overloaded` past `max_torrents`.
  result<std::unique_ptr<serving>> serve(const torrent_name& name,
                                         std::shared_ptr<const torrent_metadata> metadata,
                                         std::shared_ptr<content_source> source);
  /// Where clients reach us.
  std::vector<endpoint> listening() const;

private:
  struct core;
  explicit serve_session(std::shared_ptr<core> c);
  std::shared_ptr<core> core_;
};

} // namespace interswarm::bittorrent
