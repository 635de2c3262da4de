#pragma once

#include "actors/overlays/bittorrent/content_source.hpp"
#include "actors/overlays/bittorrent/peer_options.hpp"
#include "actors/overlays/bittorrent/torrent_metadata.hpp"
#include "actors/runtime/worker_pool.hpp"

#include <memory>
#include <optional>

namespace interswarm::bittorrent {

/// What is known of a fetched content at one moment.
struct fetch_state {
  /// Null until the swarm told it (a magnet link).
  std::shared_ptr<const torrent_metadata> metadata;
  std::uint32_t peers = 0;
  std::uint64_t bytes_per_second = 0;
  /// Bytes of the file that are on our disk and verified.
  std::uint64_t held_bytes = 0;
  /// Payload that came for the torrent, of use or not.
  std::uint64_t received_bytes = 0;
  /// Bytes of the file that are held or that a connected peer offers.
  range_set have;
  /// Grows when anything above but the rate and `received_bytes` changes.
  std::uint64_t version = 0;
  /// Why nothing will ever come: `denied` (private), `not_found` (no such file), `io`.
  std::optional<error> failure;
};

struct genuine_answer {
  byte_range range;
  bool good = false;
};

/// A content that is fetched as it is read; ends with the object. Safe on any thread; answers come
/// on any thread.
class fetching {
public:
  virtual ~fetching() = default;
  /// Counts as demand: peers are looked for, pieces are not.
  virtual void state(reply<fetch_state> done) = 0;
  /// As Source.read of source.capnp.
  virtual void read(byte_range range, std::uint32_t deadline_ms, bool urgent,
                    reply<slice> done) = 0;
  virtual void judge(byte_range range, bool good) = 0;
  virtual void genuine(byte_range range, std::uint32_t deadline_ms, reply<genuine_answer> done) = 0;
  /// `changed` gets the version whenever it grew; at most ten times a second.
  virtual void watch(std::function<void(std::uint64_t)> changed) = 0;
};

/// The fetching half of the BitTorrent peer: a libtorrent session of its own.
class fetch_session {
public:
  static result<std::unique_ptr<fetch_session>>
  start(peer_options options, std::shared_ptr<runtime::worker_pool> workers);
  ~fetch_session();
  fetch_session(const fetch_session&) = delete;
  fetch_session& operator=(const fetch_session&) = delete;

  /// Returns at once; nothing moves before it is asked for. `metadata` may be null. `denied` for a
  /// private torrent.
  result<std::unique_ptr<fetching>> fetch(const torrent_name& name,
                                          std::shared_ptr<const torrent_metadata> metadata,
                                          std::shared_ptr<peer_finder> finder);

private:
  struct core;
  explicit fetch_session(std::shared_ptr<core> c);
  std::shared_ptr<core> core_;
};

} // namespace interswarm::bittorrent
