#pragma once

#include "actors/overlays/bittorrent/http_responder.hpp"
#include "actors/overlays/bittorrent/own_entries.hpp"
#include "actors/overlays/bittorrent/swarm_keeper.hpp"
#include "actors/overlays/bittorrent/udp_front.hpp"

#include <kj/io.h>

namespace interswarm::bittorrent {

/// Everything of a tracker that is no actor: the swarms, the UDP threads, the bound HTTP sockets,
/// the lists in files.
class tracker_service {
public:
  static result<std::shared_ptr<tracker_service>> start(const tracker_options& options,
                                                        const own_peer_options& own);

  swarm_store& store() { return store_; }
  own_entries& own() { return own_; }
  const tracker_options& options() const { return options_; }
  tracker_stats::side udp_counters() const;
  std::vector<endpoint> udp_addresses() const {
    return udp_ ? udp_->listening() : std::vector<endpoint>{};
  }
  const std::vector<endpoint>& http_addresses() const { return http_addresses_; }
  /// Bound and listening; whoever takes them owns them.
  std::vector<kj::AutoCloseFd> take_http_sockets() { return std::move(http_sockets_); }
  /// Reads the lists again where a file has changed; a line for the log where that failed (the old
  /// list stays).
  std::string reload_lists();
  /// A line for the log when the swarms cannot be saved, or can again.
  std::string take_trouble() {
    if (!warning_.empty()) return std::exchange(warning_, {});
    return keeper_ ? keeper_->take_trouble() : std::string();
  }

private:
  struct list_file {
    std::string path;
    bool allow = false;
    std::int64_t read_at_ns = -1;
  };

  tracker_service(const tracker_options& options, const own_peer_options& own,
                  std::array<std::uint64_t, 2> secret);
  result<void> listen_http();
  result<void> read_list(list_file& file);

  tracker_options options_;
  swarm_store store_;
  own_entries own_;
  std::vector<list_file> lists_;
  std::string warning_;
  std::vector<kj::AutoCloseFd> http_sockets_;
  std::vector<endpoint> http_addresses_;
  // The threads use all of the above: they end first, and then the swarms are saved once more.
  std::unique_ptr<swarm_keeper> keeper_;
  std::unique_ptr<udp_front> udp_;
};

} // namespace interswarm::bittorrent
