#pragma once

// For storage_network*.cpp.
#include "actors/runtime/loop_actor.hpp"
#include "actors/runtime/on_loop.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "actors/storage/chunk_cache.hpp"
#include "actors/storage/hands.hpp"
#include "actors/storage/storage_network.hpp"

#include <functional>
#include <map>
#include <set>

namespace interswarm::storage {

class storage_network_party final : public runtime::loop_actor<msg::storage_network_actor> {
public:
  storage_network_party(caf::actor_config& config, runtime::loop& home,
                        storage_network_options options);
  ~storage_network_party() noexcept override { hub_->owner = nullptr; }

  const char* name() const override { return "storage-network"; }
  void on_exit() override;
  behavior_type make_behavior() override;

private:
  struct hub {
    storage_network_party* owner = nullptr;
  };
  struct member {
    msg::storage_node_actor handle;
    /// Tells a membership that was replaced from the one in force.
    std::uint64_t joined = 0;
    instant asked_at{};
    bool asking = false;
  };
  struct put_work {
    msg::storage_network_put what;
    std::vector<node_board::number> order;
    std::size_t next = 0;
    std::size_t waiting = 0;
    std::size_t stored = 0;
    std::optional<error> failure;
    caf::typed_response_promise<msg::storage_network_put_result> promise;
  };
  /// Of two nodes' failures: a damaged copy says more than one that is not there, and one that may
  /// be had in a moment more than either.
  static bool says_more(const error& why, const std::optional<error>& than) {
    return !than || than->code == errc::not_found || why.code == errc::overloaded;
  }
  /// Nodes that are overloaded are asked again a moment later, within the patience for one.
  struct crowding {
    instant begun{};
    instant again_at{};
    /// Whether to, when all that could be asked have failed and this came of it.
    bool wait(std::optional<error>& failure, instant now, instant patience);
  };
  using chunk_promise = caf::typed_response_promise<msg::storage_network_chunk_result>;
  struct read_work {
    std::uint64_t id = 0;
    crowding crowd;
    hedged_read plan{{}};
    std::vector<chunk_promise> waiting;
    std::optional<error> failure;
  };
  /// One node's answer to a part_work: its bytes, and the leaves when they are not known yet.
  struct part_attempt;
  struct part_work {
    chunk_name name{};
    byte_range range;
    hedged_read plan{{}};
    crowding crowd;
    /// Checked; empty: not known yet.
    slice leaves;
    std::set<node_board::number> failed;
    std::optional<error> failure;
    caf::typed_response_promise<msg::storage_network_part_result> promise;
  };
  struct hold_work {
    /// Good copies that are held, for each of the chunks asked for.
    std::map<chunk_name, std::size_t> held;
    slice holder;
    std::size_t waiting = 0;
    caf::typed_response_promise<msg::storage_network_hold_result> promise;
  };

  /// What comes back from the pool may find it so.
  bool ended() const { return hub_->owner == nullptr; }

  // storage_network.cpp: who is there.
  caf::result<msg::storage_network_join_result> join(const msg::storage_network_join& x);
  msg::registration_actor membership(node_board::number n, std::uint64_t joined);
  void leave(node_board::number n, std::string_view why);
  kj::Promise<void> chores();
  void ask_state(node_board::number n, instant now);
  /// `joined`: the membership under which it was asked.
  void note_failure(node_board::number n, std::uint64_t joined, const caf::error& e);
  caf::result<msg::storage_network_members_result> members();
  caf::result<void> expect(const msg::storage_network_expect& x);
  /// Runs it when all nodes that are expected have joined, or had their time.
  void when_complete(std::function<void()> work);
  void run_if_complete();

  // storage_network_put.cpp: what is kept.
  caf::result<msg::storage_network_put_result> put(const msg::storage_network_put& x);
  void put_more(std::uint64_t id);
  void put_done(std::uint64_t id, std::optional<error> failure);
  void end_put(std::uint64_t id);
  caf::result<msg::storage_network_hold_result> hold(const msg::storage_network_hold& x);
  void ask_to_hold(const std::shared_ptr<hold_work>& work);
  void hold_answered(const std::shared_ptr<hold_work>& work);
  caf::result<msg::storage_network_release_result> release(const msg::storage_network_release& x);

  // storage_network_read.cpp: what is read.
  caf::result<msg::storage_network_chunk_result> chunk(const msg::storage_network_chunk& x);
  /// While anything is read.
  kj::Promise<void> watch_reads();
  void watch_later();
  void ask_nodes(const chunk_name& name);
  void check(const chunk_name& name, std::uint64_t id, node_board::number n, instant asked,
             const slice& data);
  void read_done(const chunk_name& name, std::uint64_t id, const slice& data);
  void read_failed(const chunk_name& name, std::uint64_t id, node_board::number n, error why);
  void end_read(const chunk_name& name);
  static void answer(read_work& r, const caf::error& why);
  /// A node gave other bytes than the chunk's: it is to look after its copy.
  void wrong_bytes(node_board::number n, const chunk_name& name);
  caf::result<msg::storage_network_open_result> open(const msg::storage_network_open& x);

  // storage_network_part.cpp: what is read without the rest of its chunk.
  caf::result<msg::storage_network_part_result> part(const msg::storage_network_part& x);
  void ask_for_part(std::uint64_t id);
  void check_part(std::uint64_t id, const std::shared_ptr<part_attempt>& attempt);
  void part_done(std::uint64_t id, const slice& data);
  void part_failed(std::uint64_t id, node_board::number n, error why);

  storage_network_options options_;
  node_board board_;
  std::shared_ptr<chunk_cache> cache_;
  std::unique_ptr<runtime::worker_pool> pool_;
  std::shared_ptr<hub> hub_;
  std::vector<member> nodes_;
  std::vector<std::function<void()>> until_complete_;
  std::map<std::uint64_t, put_work> puts_;
  std::map<chunk_name, read_work> reads_;
  std::map<std::uint64_t, part_work> parts_;
  /// Leaves of chunks of which parts were read.
  chunk_cache leaves_{network_leaf_bytes};
  std::uint64_t next_id_ = 1;
  std::uint64_t joins_ = 0;
  bool watching_ = false;
  runtime::on_loop<kj::Promise<void>> chores_;
  runtime::on_loop<kj::Promise<void>> watch_;
};

} // namespace interswarm::storage
