#include "schema/bittorrent/http_tracker.hpp"

#include <cstdlib>

using namespace interswarm;
using namespace interswarm::bittorrent;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const byte_view input{data, size};
  if (const auto r = http_tracker::decode_announce_query(as_text(input))) {
    const auto again =
        http_tracker::decode_announce_query(http_tracker::encode_announce_query(*r, ""));
    if (!again || again->hash != r->hash || again->port != r->port || again->left != r->left)
      std::abort();
  }
  (void)http_tracker::decode_scrape_query(as_text(input));
  if (const auto r = http_tracker::decode_announce_response(input)) {
    if (r->peers.size() > limits::response_peers) std::abort();
  }
  if (const auto r = http_tracker::decode_scrape_response(input)) {
    const auto again =
        http_tracker::decode_scrape_response(http_tracker::encode_scrape_answer(r->entries, 0));
    if (!again || again->entries.size() > r->entries.size()) std::abort();
  }
  if (const auto u = tracker_url::parse(as_text(input))) {
    if (tracker_url::parse(u->to_string()) != *u) std::abort();
    (void)u->scrape_path();
  }
  return 0;
}
