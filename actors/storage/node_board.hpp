#pragma once

#include "actors/storage/hedged_read.hpp"
#include "actors/storage/placement.hpp"
#include "schema/storage.values.hpp"

#include <map>
#include <optional>

namespace interswarm::storage {

/// `here` answers. `away` has been silent: others are read first, and nothing new is put there.
/// `gone` has been silent for so long that its chunks need new homes.
enum class presence : std::uint8_t { here, away, gone };

/// What the storage network knows of its nodes: who is there, where a chunk belongs, whom to read
/// it from. Decisions only: no clock, no handles.
class node_board {
public:
  struct timing {
    instant away_after = std::chrono::seconds(6);
    /// A node that is restarted within this keeps its chunks to itself.
    instant gone_after = std::chrono::seconds(60);
    /// Silence that is always waited for before another node is asked beside this one.
    instant least_patience = std::chrono::milliseconds(30);
  };
  using number = std::size_t;
  static constexpr std::size_t max_nodes = 1024;

  explicit node_board(timing t) : timing_(t) {}

  /// The cluster has told of this node, which has yet to join.
  void expect(const std::string& id, instant now);
  /// No node is expected any more: all have joined, or not within `away_after` since they were told
  /// of and since another joined. Before that, what is stored would go where it does not belong.
  bool complete(instant now) const;
  /// A node told its state for the first time over a new connection; the same id gets the same
  /// number. Fails `conflict` while another with this id answers, `too_large` beyond `max_nodes`,
  /// `malformed` without an id.
  result<number> joined(const msg::storage_state& state, instant now);
  /// Its state, now and then.
  void heard(number n, const msg::storage_state& state, instant now);
  /// Its connection is lost.
  void lost(number n);
  /// It gave what was read; how long that took.
  void answered(number n, instant took, instant now);

  presence presence_of(number n, instant now) const;
  const msg::storage_state& state_of(number n) const { return nodes_[n].state; }
  std::size_t size() const { return nodes_.size(); }

  /// Where the chunk belongs: `copies` nodes that are not gone, weighted by their quotas.
  std::vector<number> homes(const chunk_name& chunk, std::size_t copies, instant now) const;
  /// Whom to put a new copy to, best first: all that are here, `homes` first, each domain once
  /// before any of them again. A full one refuses and the next is asked.
  std::vector<number> put_order(const chunk_name& chunk, std::size_t copies, instant now) const;
  /// Whom to read it from: those that are here in the order of their homes, then those away.
  std::vector<hedged_read::candidate> read_order(const chunk_name& chunk, instant now) const;
  /// Changes when a node joins or is gone: then what lies where is to be looked at.
  std::uint64_t version(instant now) const;

private:
  struct node {
    msg::storage_state state;
    instant heard_at{};
    bool connected = false;
    /// Smoothed time of a read and its deviation, as TCP estimates round trips (RFC 6298).
    double mean_ms = 0;
    double deviation_ms = 0;
    std::uint64_t joins = 0;
  };
  placement among(bool with_away, instant now, std::vector<number>& numbers) const;
  instant patience_of(const node& n) const;

  timing timing_;
  std::vector<node> nodes_;
  std::map<std::string, number> by_id_;
  /// Since when.
  std::map<std::string, instant> expected_;
  instant joined_at_{};
};

} // namespace interswarm::storage
