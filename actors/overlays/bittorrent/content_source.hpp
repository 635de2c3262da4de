#pragma once

#include "actors/overlays/bittorrent/reply.hpp"
#include "schema/base/bytes.hpp"
#include "schema/base/endpoint.hpp"
#include "schema/base/range.hpp"
#include "storage/range_set.hpp"

#include <functional>
#include <vector>

namespace interswarm::bittorrent {

/// A content source as the serving side sees it: every call returns at once, every answer may come
/// on any thread. Calls come from libtorrent's thread.
class content_source {
public:
  virtual ~content_source() = default;
  /// Exactly the bytes of `range`, at most `max_source_read_bytes`.
  virtual void read(byte_range range, std::uint32_t deadline_ms, bool urgent,
                    reply<slice> done) = 0;
  /// What the torrent's hashes said of bytes that were read.
  virtual void judge(byte_range range, bool good) = 0;
  /// `changed` gets all ranges that can be read now: soon, and again when they change, until the
  /// source is destroyed.
  virtual void watch(std::function<void(range_set)> changed) = 0;
};

/// Where the parties of a swarm are found. Same rules as above.
class peer_finder {
public:
  virtual ~peer_finder() = default;
  virtual void find(std::uint16_t want, reply<std::vector<endpoint>> done) = 0;
};

} // namespace interswarm::bittorrent
