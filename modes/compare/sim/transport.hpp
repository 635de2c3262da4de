#pragma once

#include "modes/compare/sim/world.hpp"

namespace interswarm::compare {

using transfer_id = std::uint32_t;

/// One transfer of content between two nodes.
struct transfer {
  node_id from = 0;
  node_id to = 0;
  /// The owner's.
  std::uint32_t what = 0;
  std::uint32_t which = 0;
  /// Content bytes that it is to bring.
  std::uint64_t bytes = 0;
};

/// Whoever has something transferred.
class transfer_owner {
public:
  /// The first bytes arrive.
  virtual void begun(transfer_id) {}
  /// It is over with `received` bytes: all (then it may go on), or what came before it broke.
  virtual void ended(transfer_id id, std::uint64_t received, bool whole) = 0;

protected:
  ~transfer_owner() = default;
};

/// Brings content from node to node over the flow network and accounts it: every byte that arrives
/// was sent, and beside it what the path loses, which is sent again until it arrives. So of a
/// flow's bytes the path's share of loss is not content.
class transport final : public event_owner {
public:
  explicit transport(world& w) : world_(w) {}

  /// The first bytes arrive `after` seconds (requests and the path's delay are in it). `via`: one
  /// more link that it has to share. Both nodes must be able to talk.
  transfer_id start(const transfer& t, double after, transfer_owner& owner,
                    flow_network::link via = no_link);
  /// Only in `ended` of a whole one: the same path brings `bytes` more at once.
  void go_on(transfer_id id, std::uint64_t bytes);
  /// Ends it and gives what arrived; its owner is not told.
  std::uint64_t stop(transfer_id id);
  /// Takes half of what has not arrived yet away from it and gives how much that is.
  std::uint64_t halve(transfer_id id);
  /// Ends all between nodes that cannot talk any more. Owners are told.
  void break_unreachable();
  const transfer& look(transfer_id id) const { return all_[id].what; }
  /// What has arrived so far.
  std::uint64_t arrived(transfer_id id) const;
  bool moves(transfer_id id) const {
    return all_[id].now == state::runs && world_.network.rate(all_[id].flow) > 0;
  }
  std::size_t running() const { return running_; }

  /// The run is over: what has come of transfers that are under way is entered, too. Owners are not
  /// told; nothing may follow.
  void end();

  /// The flow network goes on to `now` and owners are told what ended.
  void advance(moment now);
  void happen(const occasion& o) override;

private:
  /// `over`: its owner is being told, or is to be told next.
  enum class state : std::uint8_t { unused, waits, runs, over, cancelled };
  struct entry {
    transfer what;
    state now = state::unused;
    flow_network::flow flow = 0;
    flow_network::link via = no_link;
    transfer_owner* owner = nullptr;
    /// Of `what.bytes`, what had arrived when the flow began.
    std::uint64_t before = 0;
    double share_lost = 0;
  };

  void begin(transfer_id id);
  double on_the_wire(const entry& e, std::uint64_t bytes) const {
    return static_cast<double>(bytes) / (1 - e.share_lost);
  }
  std::uint64_t as_content(const entry& e, double wire_bytes) const;
  void account(const entry& e, std::uint64_t received);
  void let_go(transfer_id id);

  world& world_;
  std::vector<entry> all_;
  std::vector<transfer_id> unused_;
  std::vector<transfer_id> by_flow_;
  std::vector<flow_network::flow> ended_;
  std::vector<transfer_id> whole_;
  std::size_t running_ = 0;
};

} // namespace interswarm::compare
