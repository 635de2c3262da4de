#include "schema/bittorrent/udp_tracker.hpp"

#include <cstdlib>

using namespace interswarm;
using namespace interswarm::bittorrent;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const byte_view input{data, size};
  if (const auto r = udp_tracker::decode_request(input)) {
    (void)udp_tracker::url_data(r->options);
    if (r->what == udp_tracker::action::announce) {
      const auto again =
          udp_tracker::encode_announce_request(r->connection_id, r->transaction, r->announce, "");
      const auto parsed = udp_tracker::decode_request(again);
      if (!parsed || parsed->announce != r->announce) std::abort();
    }
    if (r->hashes.size() % 20 != 0 || r->hashes.size() > 20 * limits::scrape_names) std::abort();
  } else if (r.error().reaction == on_decode_error::reply && size < 16) {
    std::abort();
  }
  for (const bool v6 : {false, true}) {
    const auto r = udp_tracker::decode_response(input, v6);
    if (r && r->announce.peers.size() > limits::response_peers) std::abort();
  }
  return 0;
}
