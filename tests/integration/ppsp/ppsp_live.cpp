// Streams a file to a live PPSPP swarm, or takes the stream from it: our swarm behind a real port,
// for the second implementation (tests/interop/harness/ppspp_live.py) to speak with.
//   ppsp_live source FILE IP:PORT METHOD ALGORITHM ADDRESSING BYTES_PER_SECOND
//   ppsp_live view SWARM FILE IP:PORT PEER METHOD ADDRESSING LAST_CHUNK
#include "actors/overlays/ppsp/hub.hpp"
#include "actors/overlays/ppsp/live_swarm.hpp"
#include "schema/base/encoding.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <kj/async-io.h>
#include <stdexcept>
#include <string>

using namespace interswarm;
using namespace interswarm::ppsp;

namespace {

constexpr std::uint64_t window = 4096;
constexpr instant piece_time = std::chrono::milliseconds(20);

template <class T>
T must(result<T> r) {
  if (!r) throw std::runtime_error(r.error().text);
  return std::move(*r);
}

swarm_terms terms_of(const live_verifier& v, const std::string& method,
                     const std::string& addressing) {
  auto out = swarm_terms::live(
      v, method == "all" ? integrity_method::sign_all : integrity_method::unified_merkle_tree,
      window);
  out.addressing =
      addressing == "bin32" ? chunk_addressing::bins_32 : chunk_addressing::chunk_ranges_32;
  return out;
}

unix_time clock_now() {
  return std::chrono::duration_cast<unix_time>(std::chrono::system_clock::now().time_since_epoch());
}

/// Pieces of the file, from when somebody is there until it is all published.
kj::Promise<void> stream(kj::Timer& timer, hub& h, hub::seat& place, live_swarm& swarm,
                         live_source& source, bytes content, std::size_t at, std::size_t piece) {
  if (swarm.peers() > 0) {
    const auto now = h.now();
    const auto size = std::min(piece, content.size() - at);
    const auto some = byte_view(content).subspan(at, size);
    for (const auto& b : must(source.push(some, swarm.clock(now)))) swarm.publish(b, now);
    at += size;
    if (at == content.size()) {
      const auto rest = must(source.flush(swarm.clock(now)));
      if (rest) swarm.publish(*rest, now);
      place.stir();
      return kj::NEVER_DONE;
    }
    place.stir();
  }
  return timer.afterDelay(piece_time.count() * kj::MICROSECONDS)
      .then(
          [&timer, &h, &place, &swarm, &source, content = std::move(content), at, piece]() mutable {
            return stream(timer, h, place, swarm, source, std::move(content), at, piece);
          });
}

int source(kj::AsyncIoContext& io, char** words) {
  const auto algorithm = static_cast<signature_algorithm>(std::stoi(words[3]));
  const auto signer = must(live_signer::generate(algorithm));
  const auto terms = terms_of(signer.verifier(), words[2], words[4]);
  std::ifstream in(words[0], std::ios::binary);
  bytes content{std::istreambuf_iterator<char>(in), {}};
  hub h(io.provider->getTimer(),
        must(udp_port::open(io.unixEventPort, *endpoint::parse(words[1]))));
  hub::seat place(h);
  live_swarm::options o;
  o.takes = false;
  live_swarm swarm(terms, signer.verifier(), place, {}, std::make_unique<mesh>(), o, {},
                   clock_now() - h.now());
  auto made = must(live_source::make(terms, signer, {}));
  place.take(swarm);
  std::printf("%s %s\n", to_hex(terms.id).c_str(), h.listening().to_string().c_str());
  std::fflush(stdout);
  const auto piece =
      static_cast<std::size_t>(std::stod(words[5]) * static_cast<double>(piece_time.count()) / 1e6);
  stream(io.provider->getTimer(), h, place, swarm, made, std::move(content), 0, piece)
      .wait(io.waitScope);
  return 0;
}

int view(kj::AsyncIoContext& io, char** words) {
  const auto verifier = must(live_verifier::from_swarm_id(*from_hex(words[0])));
  const auto last = std::stoull(words[6]);
  hub h(io.provider->getTimer(),
        must(udp_port::open(io.unixEventPort, *endpoint::parse(words[2]))));
  hub::seat place(h);
  bytes content;
  std::uint64_t skipped = 0;
  auto whole = kj::newPromiseAndFulfiller<void>();
  live_swarm::events e;
  e.play = [&](std::uint64_t chunk, byte_view payload) {
    append(content, payload);
    if (chunk == last) whole.fulfiller->fulfill();
  };
  e.skipped = [&](const chunk_range& r) { skipped += r.size(); };
  live_swarm swarm(terms_of(verifier, words[4], words[5]), verifier, place, e,
                   std::make_unique<mesh>(), {}, {}, clock_now() - h.now());
  place.take(swarm);
  swarm.dial(*endpoint::parse(words[3]), h.now());
  place.stir();
  io.provider->getTimer().timeoutAfter(60 * kj::SECONDS, kj::mv(whole.promise)).wait(io.waitScope);
  swarm.close();
  place.stir();
  std::ofstream(words[1], std::ios::binary)
      .write(reinterpret_cast<const char*>(content.data()),
             static_cast<std::streamsize>(content.size()));
  std::printf("%llu skipped, %llu refuted\n", static_cast<unsigned long long>(skipped),
              static_cast<unsigned long long>(swarm.counted().refuted));
  return skipped == 0 && swarm.counted().refuted == 0 ? 0 : 1;
}

} // namespace

int main(int count, char** words) {
  auto io = kj::setupAsyncIo();
  const std::string role = count > 1 ? words[1] : "";
  try {
    if (role == "source" && count == 8) return source(io, words + 2);
    if (role == "view" && count == 9) return view(io, words + 2);
  } catch (const kj::Exception& e) {
    std::fprintf(stderr, "%s\n", e.getDescription().cStr());
    return 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  std::fprintf(stderr,
               "ppsp_live source FILE IP:PORT METHOD ALGORITHM ADDRESSING BYTES_PER_SECOND\n"
               "ppsp_live view SWARM FILE IP:PORT PEER METHOD ADDRESSING LAST_CHUNK\n");
  return 2;
}
