#pragma once

#include "actors/overlays/bittorrent/registrar.hpp"

#include <kj/async-io.h>

namespace interswarm::bittorrent {

/// The way to a tracker at one address. Made, used and destroyed on its loop; answers come later,
/// never from within a call.
class registrar_link {
public:
  struct answers {
    std::function<void(std::uint64_t, const announce_response&)> announced;
    std::function<void(std::uint64_t, const scrape_response&)> scraped;
    std::function<void(std::uint64_t, const std::string&)> failed;
  };

  virtual ~registrar_link() noexcept(false) = default;
  virtual void send(const registrar_desk::task& task) = 0;
  /// A few times a second.
  virtual void tick(std::uint64_t now_ms) = 0;
};

kj::Own<registrar_link> make_http_link(kj::AsyncIoContext& io, const tracker_url& url,
                                       const endpoint& at, const registrar_options& options,
                                       registrar_link::answers answers);
kj::Own<registrar_link> make_udp_link(kj::AsyncIoContext& io, const tracker_url& url,
                                      const endpoint& at, const registrar_options& options,
                                      registrar_link::answers answers);

/// Addresses of the tracker, at most one for each family. Fails where the name cannot be found.
kj::Promise<std::vector<endpoint>> look_up(kj::AsyncIoContext& io, const tracker_url& url);
/// The local address that packets to `to` leave from; unspecified where there is no way.
ip_address source_address_for(const endpoint& to);

} // namespace interswarm::bittorrent
