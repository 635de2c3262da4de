#pragma once

#include "actors/overlays/bittorrent/fetch.hpp"
#include "tests/catch.hpp"
#include "tests/integration/bittorrent_peer/stock.hpp"

#include <future>

/// What the tests of fetched torrents share.
namespace interswarm::bittorrent::testing {

inline peer_options local_options() {
  peer_options o;
  o.listen = {{*ip_address::parse("127.0.0.1"), 0}};
  o.several_connections_per_address = true;
  return o;
}

/// Hands out a list that the test may change.
struct listed_peers final : peer_finder {
  void find(std::uint16_t, reply<std::vector<endpoint>> done) override {
    ++asked;
    const std::lock_guard guard(mutex);
    done(peers);
  }
  void set(std::vector<endpoint> p) {
    const std::lock_guard guard(mutex);
    peers = std::move(p);
  }
  std::atomic<int> asked{0};
  std::mutex mutex;
  std::vector<endpoint> peers;
};

struct fetcher {
  explicit fetcher(peer_options o = local_options())
      : session(fetch_session::start(std::move(o), workers).value()) {}
  std::shared_ptr<runtime::worker_pool> workers = std::make_shared<runtime::worker_pool>(2);
  std::unique_ptr<fetch_session> session;
};

template <class T, class F>
std::future<result<T>> ask(F f) {
  auto p = std::make_shared<std::promise<result<T>>>();
  auto out = p->get_future();
  f(reply<T>([p](result<T> r) { p->set_value(std::move(r)); }));
  return out;
}

inline std::future<result<slice>> read(fetching& f, byte_range r, std::uint32_t deadline_ms = 20000,
                                       bool urgent = false) {
  return ask<slice>([&](auto done) { f.read(r, deadline_ms, urgent, done); });
}

inline fetch_state state(fetching& f) {
  return ask<fetch_state>([&](auto done) { f.state(done); }).get().value();
}

inline bool same(const slice& got, const bytes& all, byte_range r) {
  return equal(got, byte_view(all).subspan(r.begin, r.size()));
}

} // namespace interswarm::bittorrent::testing
