#pragma once

#include "tests/unit/ppsp_network.hpp"

#include <set>

namespace interswarm::ppsp::testing {

using namespace std::chrono_literals;

inline constexpr std::uint64_t window = 1024;

/// A source that streams, and its swarm.
struct broadcast {
  explicit broadcast(integrity_method m = integrity_method::unified_merkle_tree,
                     signature_algorithm a = signature_algorithm::ecdsa_p256_sha256,
                     chunk_addressing c = chunk_addressing::chunk_ranges_32,
                     const live_swarm::limits& l = {})
      : signer(*live_signer::generate(a, 1024)),
        terms(swarm_terms::live(signer.verifier(), m, window)), origin(net.add("192.0.2.1:1000")) {
    terms.addressing = c;
    options.takes = false;
    origin.live(terms, signer.verifier(), options, l);
    source = std::make_unique<live_source>(*live_source::make(terms, signer, {}));
    stream();
  }

  /// 1 Mbit/s in pieces of 20 ms, until it is off the air.
  void stream() {
    net.later(20ms, [this] {
      if (on_air) {
        bytes some(2500);
        for (auto& b : some) b = static_cast<byte>(random());
        append(sent, some);
        put(*source->push(some, net.clock()));
      }
      stream();
    });
  }
  void put(const std::vector<live_batch>& batches) {
    for (const auto& b : batches) {
      std::uint64_t chunk = b.munro.chunks.begin;
      for (const auto& c : b.chunks) content[chunk++] = c;
      newest = chunk;
      signed_at[b.munro.chunks.begin] = net.now;
      origin.live_party->publish(b, net.now);
    }
  }
  host& add(const std::string& address, const std::vector<host*>& to,
            const live_swarm::options& o = {}, std::unique_ptr<structure> shape = nullptr) {
    auto& h = net.add(address);
    h.live(terms, signer.verifier(), o, {}, std::move(shape));
    for (const auto* other : to) h.live_party->dial(other->at(), net.now);
    return h;
  }
  void pass(instant time) {
    net.run([] { return false; }, time);
  }
  /// All that played is what was sent, in order; what lacks was told.
  bool is_true(const host& h) const {
    bytes want;
    for (const auto c : h.order) {
      const auto found = content.find(c);
      if (found == content.end()) return false;
      append(want, found->second);
    }
    return want == h.taken && std::is_sorted(h.order.begin(), h.order.end()) &&
           std::set<std::uint64_t>(h.order.begin(), h.order.end()).size() == h.order.size();
  }
  bool keeps_up(const host& h, std::uint64_t behind = 128) const {
    return !h.order.empty() && h.order.back() + behind >= newest;
  }

  network net;
  live_signer signer;
  swarm_terms terms;
  live_swarm::options options;
  host& origin;
  std::unique_ptr<live_source> source;
  std::mt19937 random{7};
  bool on_air = true;
  bytes sent;
  std::map<std::uint64_t, bytes> content;
  std::map<std::uint64_t, instant> signed_at;
  std::uint64_t newest = 0;
};

/// Chunks between the first and the last that played which did not.
inline std::uint64_t no_gap(const host& h) {
  return h.order.empty() ? 1 : h.order.back() - h.order.front() + 1 - h.order.size();
}

} // namespace interswarm::ppsp::testing
