#pragma once

#include "actors/storage/storage_network.hpp"
#include "actors/storage/storage_node.hpp"
#include "tests/actor/runtime/fixture.hpp"
#include "tests/scratch.hpp"

#include <deque>
#include <random>

/// What the tests of the storage network share.
namespace interswarm::storage::testing {

using runtime::ask;
using runtime::eventually;
using runtime::loop;
using runtime::loop_actor;
using runtime::spawn_on;
using runtime::world;
using namespace std::chrono_literals;

inline constexpr std::uint64_t no_quota = 1ull << 40;

inline bytes content(std::size_t size, std::uint32_t seed) {
  std::mt19937 random(seed);
  bytes out(size);
  for (auto& b : out) b = static_cast<byte>(random());
  return out;
}

inline slice named(const bytes& data) { return slice::copy_of(name_chunk(data)); }

inline const slice film = slice::copy_of(as_bytes("film"));

/// Between the network and a node: answers late, never, or with wrong bytes.
class bad_link final : public loop_actor<msg::storage_node_actor> {
public:
  struct faults {
    std::atomic<int> silent{0};
    /// So many of the next gets are too many.
    std::atomic<int> crowded{0};
    std::atomic<int> lies{0};
    std::atomic<int> lying_leaves{0};
    std::atomic<int> gets{0};
    std::atomic<std::uint64_t> asked_bytes{0};
    std::atomic<int> scrubs{0};
  };

  bad_link(caf::actor_config& config, loop& home, msg::storage_node_actor to,
           std::shared_ptr<faults> f)
      : loop_actor(config, home), to_(std::move(to)), faults_(std::move(f)) {}
  void on_exit() override { to_ = nullptr; }

  behavior_type make_behavior() override {
    return {
        [this](const msg::storage_node_stat& x) { return delegate(to_, x); },
        [this](const msg::storage_node_put& x) { return delegate(to_, x); },
        [this](const msg::storage_node_hold& x) { return delegate(to_, x); },
        [this](const msg::storage_node_get& x) -> caf::result<msg::storage_node_get_result> {
          ++faults_->gets;
          if (faults_->crowded > 0) {
            --faults_->crowded;
            return runtime::make_caf_error(errc::overloaded, "crowded");
          }
          faults_->asked_bytes += x.whole ? chunk_bytes : x.range.end - x.range.begin;
          if (faults_->silent > 0) return make_response_promise<msg::storage_node_get_result>();
          if (faults_->lies > 0)
            return msg::storage_node_get_result{
                slice(bytes(x.whole ? 5000 : x.range.end - x.range.begin, 1))};
          return delegate(to_, x);
        },
        [this](const msg::storage_node_find& x) { return delegate(to_, x); },
        [this](const msg::storage_node_release& x) { return delegate(to_, x); },
        [this](const msg::storage_node_remove& x) { return delegate(to_, x); },
        [this](const msg::storage_node_list& x) { return delegate(to_, x); },
        [this](const msg::storage_node_holders& x) { return delegate(to_, x); },
        [this](const msg::storage_node_bad& x) { return delegate(to_, x); },
        [this](const msg::storage_node_scrub& x) {
          ++faults_->scrubs;
          return delegate(to_, x);
        },
        [this](const msg::storage_node_leaves& x) -> caf::result<msg::storage_node_leaves_result> {
          if (faults_->silent > 0) return make_response_promise<msg::storage_node_leaves_result>();
          if (faults_->lying_leaves > 0)
            return msg::storage_node_leaves_result{slice(bytes(64, 1))};
          return delegate(to_, x);
        },
    };
  }

private:
  msg::storage_node_actor to_;
  std::shared_ptr<faults> faults_;
};

/// Some nodes, each in a rack of its own unless told otherwise, and the network over them.
struct cluster {
  explicit cluster(storage_network_options options = {}) : home(w.new_loop("net")) {
    network = spawn_storage_network(home, options);
  }
  ~cluster() {
    for (auto& n : nodes) stop(n);
    caf::anon_send_exit(network, caf::exit_reason::user_shutdown);
    network = nullptr;
  }

  struct node {
    std::unique_ptr<scratch_folder> folder = std::make_unique<scratch_folder>();
    std::shared_ptr<chunk_store> store;
    msg::storage_node_actor actor;
    msg::storage_node_actor joined;
    std::shared_ptr<bad_link::faults> faults = std::make_shared<bad_link::faults>();
    msg::registration_actor membership;
  };

  node& add(const std::string& rack = {}, std::uint64_t quota = no_quota,
            storage_node_options o = {}) {
    auto& n = nodes.emplace_back();
    n.store =
        chunk_store::open(open_chunk_folder(n.folder->file("chunks"), durability::cached).value(),
                          n.folder->file("chunks.db"), quota, 100)
            .value();
    o.id = "n" + std::to_string(nodes.size());
    o.domain = rack.empty() ? "rack of " + o.id : rack;
    n.actor = spawn_storage_node(home, n.store, o);
    n.joined = spawn_on<bad_link>(home, n.actor, n.faults);
    n.membership = join(n.joined).value().membership;
    return n;
  }
  result<msg::storage_network_join_result> join(const msg::storage_node_actor& n) {
    return ask<msg::storage_network_join_result>(w.system, network, msg::storage_network_join{n});
  }
  static void stop(node& n) {
    n.membership = nullptr;
    for (auto* h : {&n.actor, &n.joined}) {
      if (*h) caf::anon_send_exit(*h, caf::exit_reason::user_shutdown);
      *h = nullptr;
    }
  }
  result<msg::storage_network_put_result> put(const bytes& data) {
    return ask<msg::storage_network_put_result>(
        w.system, network, msg::storage_network_put{named(data), slice::copy_of(data), film});
  }
  result<msg::storage_network_chunk_result> chunk(const bytes& data) {
    return ask<msg::storage_network_chunk_result>(w.system, network,
                                                  msg::storage_network_chunk{named(data)});
  }
  result<msg::storage_network_part_result> part(const bytes& data, std::uint64_t begin,
                                                std::uint64_t end) {
    return ask<msg::storage_network_part_result>(
        w.system, network, msg::storage_network_part{named(data), {begin, end}});
  }
  std::size_t copies(const bytes& data) {
    std::size_t out = 0;
    for (auto& n : nodes) out += n.store->get_all(name_chunk(data)).has_value() ? 1 : 0;
    return out;
  }
  std::uint64_t gets() {
    std::uint64_t out = 0;
    for (auto& n : nodes) out += static_cast<std::uint64_t>(n.faults->gets.load());
    return out;
  }

  std::uint64_t asked_bytes() {
    std::uint64_t out = 0;
    for (auto& n : nodes) out += n.faults->asked_bytes.load();
    return out;
  }

  world w;
  loop& home;
  msg::storage_network_actor network;
  std::deque<node> nodes;
};

} // namespace interswarm::storage::testing
