// How fast a static PPSPP swarm of one seed and one leech is over loopback, beside the same number
// of datagrams of the same size that carry nothing else: what the system's UDP gives to two threads
// that send and receive by sendmmsg and recvmmsg.
//   ppsp_bench [MiB of content] [rounds]

#include "actors/overlays/ppsp/fetching_swarm.hpp"
#include "actors/overlays/ppsp/hub.hpp"
#include "actors/overlays/ppsp/serving_swarm.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <kj/async-io.h>
#include <random>
#include <thread>

using namespace interswarm;
using namespace interswarm::ppsp;
using steady = std::chrono::steady_clock;

namespace {

constexpr std::uint64_t group_chunks = group_tree::group_chunks;

double seconds_since(steady::time_point begun) {
  return std::chrono::duration<double>(steady::now() - begun).count();
}

endpoint loopback() { return *endpoint::parse("127.0.0.1:0"); }

std::unique_ptr<udp_port> port_on(kj::AsyncIoContext& io) {
  auto port = udp_port::open(io.unixEventPort, loopback());
  if (!port) {
    std::fprintf(stderr, "%s\n", port.error().text.c_str());
    std::exit(1);
  }
  return std::move(*port);
}

struct content {
  content(std::uint64_t size, std::uint32_t chunk_bytes) : data(size) {
    std::mt19937_64 random(1);
    for (std::size_t i = 0; i + 8 <= data.size(); i += 8) {
      const auto n = random();
      std::memcpy(data.data() + i, &n, 8);
    }
    terms.chunk_bytes = chunk_bytes;
    const auto chunks = (size + chunk_bytes - 1) / chunk_bytes;
    std::vector<tree_digest> groups;
    for (std::uint64_t g = 0; g < group_tree::groups_of(chunks); ++g)
      groups.push_back(chunk_group(terms.hash, g, chunk_bytes, group(g)).top());
    tree = std::make_shared<const group_tree>(terms.hash, chunks, groups);
    std::vector<tree_node> peaks;
    for (const auto& at : peaks_of(chunks)) {
      const auto g = at.begin / group_chunks;
      peaks.push_back({at, at.size() >= group_chunks
                               ? tree->node(at)
                               : chunk_group(terms.hash, g, chunk_bytes, group(g)).node(at)});
    }
    const auto root = *root_of(terms.hash, peaks);
    terms.id.assign(root.view().begin(), root.view().end());
  }
  bytes group(std::uint64_t number) const {
    const auto size = group_chunks * terms.chunk_bytes;
    const auto from = std::min<std::uint64_t>(data.size(), number * size);
    const auto to = std::min<std::uint64_t>(data.size(), from + size);
    return {data.begin() + static_cast<std::ptrdiff_t>(from),
            data.begin() + static_cast<std::ptrdiff_t>(to)};
  }

  bytes data;
  swarm_terms terms;
  std::shared_ptr<const group_tree> tree;
};

/// Until `done` on another thread; the address goes to `at`.
void seed(const content& c, std::promise<endpoint> at, const std::atomic<bool>& done) {
  auto io = kj::setupAsyncIo();
  auto& timer = io.provider->getTimer();
  hub h(timer, port_on(io));
  hub::seat place(h);
  std::unique_ptr<serving_swarm> swarm;
  swarm = std::make_unique<serving_swarm>(
      c.terms, c.tree, place,
      [&](std::uint64_t group) {
        kj::evalLater([&, group] {
          swarm->group_read(group, c.group(group), h.now());
          place.stir();
        }).detach([](kj::Exception&& e) {
          std::fprintf(stderr, "%s\n", e.getDescription().cStr());
          std::exit(1);
        });
      },
      serving_swarm::limits{});
  place.take(*swarm);
  at.set_value(h.listening());
  while (!done) timer.afterDelay(20 * kj::MILLISECONDS).wait(io.waitScope);
}

/// Seconds from the first request to the last chunk.
double leech(const content& c, const endpoint& from) {
  auto io = kj::setupAsyncIo();
  hub h(io.provider->getTimer(), port_on(io));
  hub::seat place(h);
  auto whole = kj::newPromiseAndFulfiller<void>();
  std::uint64_t came = 0;
  fetching_swarm::events e;
  e.took = [&](std::uint64_t, byte_view) {
    if (++came == c.tree->chunks()) whole.fulfiller->fulfill();
  };
  fetching_swarm swarm(c.terms, place, e, fetching_swarm::limits{});
  place.take(swarm);
  const auto begun = steady::now();
  swarm.want({0, c.tree->chunks()}, chunk_picker::tier::asked, h.now());
  swarm.dial(from, h.now());
  place.stir();
  whole.promise.wait(io.waitScope);
  const auto took = seconds_since(begun);
  const auto n = swarm.counted();
  if (n.late + n.twice + n.refuted > 0)
    std::printf("    (late %llu, twice %llu, refuted %llu chunks)\n",
                static_cast<unsigned long long>(n.late), static_cast<unsigned long long>(n.twice),
                static_cast<unsigned long long>(n.refuted));
  return took;
}

double swarm_rate(const content& c) {
  std::atomic<bool> done{false};
  std::promise<endpoint> at;
  auto where = at.get_future();
  std::thread other([&] { seed(c, std::move(at), done); });
  const auto took = leech(c, where.get());
  done = true;
  other.join();
  return static_cast<double>(c.data.size()) / took / (1 << 20);
}

/// MiB a second that arrive of datagrams with `size` bytes of payload.
double bare_rate(std::uint64_t total, std::size_t size) {
  std::promise<endpoint> at;
  auto where = at.get_future();
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> came{0};
  std::thread taker([&] {
    auto io = kj::setupAsyncIo();
    auto port = port_on(io);
    auto running = port->run([&](const endpoint&, byte_view d) { came += d.size(); }, [] {})
                       .eagerlyEvaluate([](kj::Exception&&) {});
    at.set_value(port->listening());
    while (!done) io.provider->getTimer().afterDelay(20 * kj::MILLISECONDS).wait(io.waitScope);
  });
  const auto to = where.get();
  auto io = kj::setupAsyncIo();
  auto port = port_on(io);
  const bytes datagram(size, 1);
  const auto begun = steady::now();
  for (std::uint64_t sent = 0; sent < total; sent += size) port->send(to, datagram);
  port->flush();
  const auto took = seconds_since(begun);
  done = true;
  taker.join();
  return static_cast<double>(came) / took / (1 << 20);
}

double median(std::vector<double> all) {
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

} // namespace

int main(int count, char** words) {
  const std::uint64_t mib = count > 1 ? std::strtoull(words[1], nullptr, 10) : 1024;
  const int rounds = count > 2 ? std::atoi(words[2]) : 3;
  for (const std::uint32_t chunk_bytes : {1024u, 8192u}) {
    const content c(mib << 20, chunk_bytes);
    std::vector<double> ours;
    std::vector<double> bare;
    for (int i = 0; i < rounds; ++i) {
      bare.push_back(bare_rate(mib << 20, chunk_bytes));
      ours.push_back(swarm_rate(c));
    }
    const auto [least, most] = std::minmax_element(ours.begin(), ours.end());
    std::printf("chunks of %u bytes: %.0f MiB/s [%.0f … %.0f], bare UDP %.0f MiB/s, ratio %.2f\n",
                chunk_bytes, median(ours), *least, *most, median(bare),
                median(ours) / median(bare));
    std::fflush(stdout);
  }
}
