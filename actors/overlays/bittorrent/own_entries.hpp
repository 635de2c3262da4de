#pragma once

#include "actors/overlays/bittorrent/tracker_options.hpp"

#include <map>
#include <mutex>

namespace interswarm::bittorrent {

/// This node's own peer in our own tracker's swarms: entered while somebody holds a registration,
/// and refreshed before it would expire. Safe from several threads, because the last handle of a
/// registration may go on any.
class own_entries {
public:
  own_entries(swarm_store& store, own_peer_options own) : store_(&store), own_(std::move(own)) {}

  /// Counts one more holder. The refusal's text where the lists forbid the name.
  result<void> enter(const info_hash& name, std::uint64_t left, std::uint64_t now_ms);
  void withdraw(const info_hash& name, std::uint64_t now_ms);
  void refresh(std::uint64_t now_ms);
  bool is_in(const info_hash& name) const;

private:
  struct entry {
    std::uint32_t holders = 0;
    std::uint64_t left = 0;
  };

  result<void> announce(const info_hash& name, std::uint64_t left, announce_event event,
                        std::uint64_t now_ms);

  swarm_store* store_;
  own_peer_options own_;
  mutable std::mutex mutex_;
  std::map<info_hash, entry> entries_;
};

/// One hexadecimal info-hash a line; blank lines and lines that begin with '#' count for nothing.
/// `configuration` names the line that is neither.
result<std::vector<info_hash>> parse_hash_list(std::string_view text);

} // namespace interswarm::bittorrent
