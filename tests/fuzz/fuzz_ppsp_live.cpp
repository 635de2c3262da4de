#include "actors/overlays/ppsp/live_swarm.hpp"

#include <cstdlib>

using namespace interswarm;
using namespace interswarm::ppsp;

namespace {

/// Keeps what is sent.
class silent_hands final : public swarm_hands {
public:
  void send(const endpoint&, byte_view datagram) override { sent += datagram.size(); }
  channel_id new_channel() override { return ++channels; }
  void channel_ended(channel_id) override {}

  channel_id channels = 0;
  std::size_t sent = 0;
};

/// One key for all runs: the algorithm of the first byte.
const live_signer& signer_of(unsigned which) {
  static const std::array<live_signer, 2> keys{
      *live_signer::generate(signature_algorithm::ecdsa_p256_sha256),
      *live_signer::generate(signature_algorithm::rsa_sha1, 1024)};
  return keys.at(which % 2);
}

} // namespace

/// The first byte chooses how the swarm is signed and addressed; what follows are a swarm id, and
/// datagrams of a peer, each behind its length in two bytes. Nothing that no source signed may be
/// taken.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  big_endian_reader in({data + 1, size - 1});
  // A key from anywhere breaks nothing.
  if (const auto any = live_verifier::from_swarm_id(in.rest());
      any && any->signature_bytes() < in.left())
    any->verify(in.rest(), in.rest().last(any->signature_bytes()));
  const auto& signer = signer_of(data[0] >> 4);
  auto terms = swarm_terms::live(
      signer.verifier(),
      (data[0] & 8) != 0 ? integrity_method::sign_all : integrity_method::unified_merkle_tree, 64);
  terms.addressing = static_cast<chunk_addressing>((data[0] & 7) % 5);
  silent_hands hands;
  live_swarm::events e;
  e.took = [](std::uint64_t, byte_view) { std::abort(); };
  live_swarm swarm(terms, signer.verifier(), hands, e, std::make_unique<mesh>(), {}, {},
                   unix_time(std::int64_t{1'795'000'000} * 1'000'000));
  const auto from = *endpoint::parse("192.0.2.1:1");
  instant now{0};
  swarm.greet(from, handshake{7, terms.opening()}, 1'200, now);
  while (in.left() > 2) {
    const auto length = std::min<std::size_t>(in.u16(), in.left());
    now += std::chrono::milliseconds(50);
    swarm.take(1, from, in.take(length), now);
    swarm.settle(now);
    if (const auto due = swarm.deadline(); due && *due <= now) swarm.tick(now);
  }
  if (swarm.book().munros() > 0 || !swarm.held().empty()) std::abort();
  return 0;
}
