#include "actors/overlays/bittorrent/swarm_snapshot.hpp"

#include "schema/base/wire.hpp"

namespace interswarm::bittorrent {

namespace {

constexpr std::string_view magic = "ISWARMS1";
constexpr std::size_t digest_bytes = 32;
constexpr std::uint8_t seed_flag = 1;
constexpr std::uint8_t v6_flag = 2;
constexpr std::uint8_t private_flag = 1;

void put_peer(little_endian_writer& out, const saved_peer& p) {
  const bool v6 = !p.at.address.is_v4();
  out.u8(static_cast<std::uint8_t>((p.seed ? seed_flag : 0) | (v6 ? v6_flag : 0)));
  out.put(p.at.address.network_bytes()).u16(p.at.port).u64(p.identity);
  out.u16(static_cast<std::uint16_t>(std::min<std::uint32_t>(p.age_s, 0xFFFF)));
}

bool take_peer(little_endian_reader& in, saved_peer& p) {
  const auto flags = in.u8();
  const auto address = ip_address::from_bytes(in.take((flags & v6_flag) != 0 ? 16 : 4));
  p.at.address = address.value_or(ip_address{});
  p.at.port = in.u16();
  p.identity = in.u64();
  p.age_s = in.u16();
  p.seed = (flags & seed_flag) != 0;
  return address && !in.failed();
}

bool take_swarm(little_endian_reader& in, saved_swarm& s) {
  s.hash = in.array<20>();
  s.completed = in.u32();
  s.is_private = (in.u8() & private_flag) != 0;
  const auto count = in.u32();
  s.peers.clear();
  for (std::uint32_t i = 0; i < count; ++i) {
    if (!take_peer(in, s.peers.emplace_back())) return false;
  }
  return !in.failed();
}

} // namespace

snapshot_writer::snapshot_writer(const snapshot_header& header, std::function<void(byte_view)> sink)
    : sink_(std::move(sink)) {
  little_endian_writer(out_)
      .put(as_bytes(magic))
      .u64(header.saved_at_s)
      .u64(header.secret[0])
      .u64(header.secret[1]);
}

void snapshot_writer::add(const saved_swarm& s) {
  little_endian_writer out(out_);
  out.u8(1).put(s.hash).u32(s.completed).u8(s.is_private ? private_flag : 0);
  out.u32(static_cast<std::uint32_t>(s.peers.size()));
  for (const auto& p : s.peers) put_peer(out, p);
}

void snapshot_writer::flush() {
  digest_.update(out_);
  sink_(out_);
  out_.clear();
}

void snapshot_writer::finish() {
  out_.push_back(0);
  flush();
  const auto digest = digest_.finish();
  sink_(byte_view(digest));
}

result<snapshot_header> read_snapshot(byte_view data,
                                      const std::function<void(const saved_swarm&)>& take) {
  const auto broken = [] { return fail(errc::malformed, "not a whole snapshot of swarms"); };
  if (data.size() < magic.size() + digest_bytes) return broken();
  const auto body = data.first(data.size() - digest_bytes);
  if (!equal(sha256(body), data.last(digest_bytes))) return broken();
  little_endian_reader in(body);
  snapshot_header out;
  if (!equal(in.take(magic.size()), as_bytes(magic))) return broken();
  out.saved_at_s = in.u64();
  out.secret = {in.u64(), in.u64()};
  // Two passes: what is checked is given only when all of it is right.
  for (const bool giving : {false, true}) {
    auto rest = in;
    saved_swarm s;
    while (rest.u8() == 1) {
      if (!take_swarm(rest, s)) return broken();
      if (giving) take(s);
    }
    if (rest.failed() || !rest.done()) return broken();
  }
  return out;
}

} // namespace interswarm::bittorrent
