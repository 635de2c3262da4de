#pragma once

#include "actors/overlays/ppsp/fetching_swarm.hpp"
#include "actors/overlays/ppsp/live_swarm.hpp"
#include "actors/overlays/ppsp/serving_swarm.hpp"

#include <functional>
#include <map>
#include <memory>
#include <random>

namespace interswarm::ppsp::testing {

/// What a content is cut into, with its tree.
struct sample {
  sample(std::uint64_t size, const swarm_terms& like, unsigned seed = 1);

  bytes group(std::uint64_t number) const;
  std::uint64_t chunks() const { return (data.size() + terms.chunk_bytes - 1) / terms.chunk_bytes; }

  bytes data;
  swarm_terms terms;
  std::shared_ptr<const group_tree> tree;
};

class network;

/// One party: a port with a serving or a fetching swarm behind it.
class host final : public swarm_hands {
public:
  host(network& n, const endpoint& at) : net_(n), at_(at) {}

  void serve(const sample& s, const serving_swarm::limits& l = {});
  void fetch(const sample& s, const fetching_swarm::limits& l = {});
  /// What plays is appended to `taken`, and its numbers to `order`.
  void live(const swarm_terms& t, const live_verifier& source, const live_swarm::options& o = {},
            const live_swarm::limits& l = {}, std::unique_ptr<structure> shape = nullptr);

  void send(const endpoint& to, byte_view datagram) override;
  channel_id new_channel() override;
  void channel_ended(channel_id) override { ++ended; }

  void arrive(const endpoint& from, byte_view datagram);
  std::optional<instant> deadline() const;
  void tick();

  const endpoint& at() const { return at_; }
  bool has_all() const { return got == data_size_; }

  std::unique_ptr<serving_swarm> serving;
  std::unique_ptr<fetching_swarm> fetching;
  std::unique_ptr<live_swarm> live_party;
  /// What was fetched, and in which order.
  bytes taken;
  std::vector<std::uint64_t> order;
  std::uint64_t got = 0;
  std::size_t reads = 0;
  std::size_t ended = 0;
  std::size_t heard = 0;
  std::vector<chunk_range> skipped;
  /// Of each chunk that plays.
  std::function<void(std::uint64_t chunk)> plays;
  bool is_dead = false;

private:
  network& net_;
  endpoint at_;
  std::uint64_t data_size_ = 0;
};

/// Carries datagrams in virtual time.
class network {
public:
  host& add(const std::string& address);
  void carry(const endpoint& from, const endpoint& to, byte_view datagram);
  void later(instant after, std::function<void()> what) {
    queue_.emplace(now + after, std::move(what));
  }
  /// The time of day at 0.
  static constexpr unix_time epoch{std::int64_t{1'795'000'000} * 1'000'000};
  unix_time clock() const { return epoch + now; }
  /// Until `done` or the time is over; whether it was done.
  bool run(const std::function<bool()>& done, instant limit);

  instant now{0};
  instant delay = std::chrono::milliseconds(10);
  double loss = 0;
  /// Of each host's line.
  double bytes_per_us = 12.5;
  /// Changes what a host sends, or keeps it.
  std::function<void(const endpoint& from, bytes& datagram)> meddle;
  std::uint64_t carried = 0;
  std::mt19937_64 random{42};

private:
  std::map<endpoint, std::unique_ptr<host>> hosts_;
  std::map<endpoint, instant> free_at_;
  std::multimap<instant, std::function<void()>> queue_;
};

} // namespace interswarm::ppsp::testing
