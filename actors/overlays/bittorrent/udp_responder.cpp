#include "actors/overlays/bittorrent/udp_responder.hpp"

#include "schema/bittorrent/udp_tracker.hpp"

namespace interswarm::bittorrent {

std::string_view refusal_text(swarm_store::verdict v) {
  switch (v) {
  case swarm_store::verdict::accepted: return "";
  case swarm_store::verdict::not_listed: return "torrent is not registered with this tracker";
  case swarm_store::verdict::denied: return "torrent is refused by this tracker";
  case swarm_store::verdict::address_full: return "too many peers of this torrent at your address";
  case swarm_store::verdict::full: return "tracker is full, try again later";
  }
  return "refused";
}

udp_responder::udp_responder(swarm_store& store, connection_ids ids,
                             std::uint32_t packets_per_address, std::uint64_t seed)
    : store_(&store), ids_(ids), limiter_(packets_per_address, tracker_limits::rate_slots, seed),
      random_(seed | 1) {}

std::uint64_t udp_responder::random() {
  // xorshift64*: chooses whom to introduce to whom, nothing that must not be guessed.
  random_ ^= random_ >> 12;
  random_ ^= random_ << 25;
  random_ ^= random_ >> 27;
  return random_ * 0x2545F4914F6CDD1Dull;
}

std::size_t udp_responder::respond(byte_view packet, const asker& from, std::uint64_t now_ms,
                                   std::span<byte> out) {
  const auto silence = [&] {
    tracker_counters::add(counters_.dropped);
    return std::size_t{0};
  };
  if (!limiter_.admit(from.address, now_ms)) return silence();
  const auto r = udp_tracker::decode_request(packet);
  if (!r) {
    const auto& wrong = r.error();
    if (wrong.reaction == on_decode_error::drop ||
        !ids_.is_good(wrong.connection_id, from.address, now_ms))
      return silence();
    return refuse(wrong.transaction, wrong.text, out);
  }
  if (r->what == udp_tracker::action::connect) {
    tracker_counters::add(counters_.connects);
    return udp_tracker::encode_connect_response(out, r->transaction,
                                                ids_.issue(from.address, now_ms));
  }
  if (!ids_.is_good(r->connection_id, from.address, now_ms)) return silence();
  if (r->what == udp_tracker::action::scrape) return scrape(r->hashes, r->transaction, out);
  return announce(r->announce, r->transaction, from, now_ms, out);
}

std::size_t udp_responder::refuse(std::uint32_t transaction, std::string_view text,
                                  std::span<byte> out) {
  tracker_counters::add(counters_.refused);
  return udp_tracker::encode_error(out, transaction, text);
}

std::size_t udp_responder::announce(const announce_request& r, std::uint32_t transaction,
                                    const asker& from, std::uint64_t now_ms, std::span<byte> out) {
  constexpr auto header = udp_tracker::announce_response_header_bytes;
  const bool v4 = from.address.is_v4();
  const std::size_t room =
      v4 ? 6 * tracker_limits::udp_peers_v4 : 18 * tracker_limits::udp_peers_v6;
  if (out.size() < header) return 0;
  const auto peers = out.subspan(header, std::min(room, out.size() - header));
  const auto a = store_->announce(r, {from.address, false, from.local}, now_ms, random(),
                                  v4 ? peers : std::span<byte>{}, v4 ? std::span<byte>{} : peers);
  if (a.what != swarm_store::verdict::accepted)
    return refuse(transaction, refusal_text(a.what), out);
  tracker_counters::add(counters_.announces);
  udp_tracker::encode_announce_header(out, transaction, a.interval_s, a.leechers, a.seeders);
  return header + a.peers_bytes + a.peers6_bytes;
}

std::size_t udp_responder::scrape(byte_view hashes, std::uint32_t transaction,
                                  std::span<byte> out) {
  auto length = udp_tracker::encode_scrape_header(out, transaction);
  for (std::size_t i = 0; i < hashes.size() / 20 && length != 0; ++i) {
    info_hash hash{};
    std::memcpy(hash.data(), hashes.data() + 20 * i, 20);
    length = udp_tracker::encode_scrape_entry(out, i, store_->scrape(hash));
  }
  tracker_counters::add(counters_.scrapes);
  return length;
}

} // namespace interswarm::bittorrent
