#pragma once

#include "modes/compare/plan/plan.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace interswarm::compare {

/// Transfers as fluids: each crosses a few links (a peer's uplink, what joins two domains, a peer's
/// downlink), and the links' rates are shared max-min fairly, as long-lived TCP flows of one round
/// trip time would (Bertsekas and Gallager, Data Networks, section 6.5.2).
///
/// With a `pause`, rates are worked out no more often than that: a flow that begins in between has
/// to do with what is left over on its links until then. Without one every change counts at once
/// and the model is exact.
class flow_network {
public:
  using link = std::uint32_t;
  using flow = std::uint32_t;
  static constexpr std::size_t max_links = 4;

  explicit flow_network(double pause_s = 0) : pause_(pause_s) {}

  /// A rate in bytes a second; may be infinite, or 0 for one that is cut.
  link add_link(double rate);
  void set_rate(link l, double rate);

  /// A transfer of `bytes` over `path` (1 to max_links different links) begins now. Numbers of
  /// flows that have ended are used again after the next `advance`.
  flow start(std::span<const link> path, double bytes);
  /// Ends it early. Gives the bytes that it has moved.
  double stop(flow f);
  /// Lets `f`, which has ended or was stopped since the last `advance` began, go on over its path
  /// with `bytes` more. When nothing else has changed since, it keeps its rate and nothing is
  /// worked out anew: the next piece over a connection costs next to nothing.
  void go_on(flow f, double bytes);
  double moved(flow f) const;
  double rate(flow f) const { return flows_[f].rate; }

  /// Goes on to `now`, which is not behind, and appends those that ended meanwhile in order of
  /// time. Nobody may begin or stop one earlier: ask `next_change` first.
  void advance(moment now, std::vector<flow>& ended);
  /// When the next flow ends or rates are worked out again, if nobody does anything.
  moment next_change();
  moment now() const { return now_; }

  void settle_all();
  std::size_t running() const { return running_; }
  /// Bytes that have crossed the link, of running flows as far as settle_all has counted them.
  double crossed(link l) const;

private:
  struct link_state {
    double rate = 0;
    double crossed = 0;
    /// What is not given away, and while rates are worked out to how many flows it goes.
    double left = 0;
    std::uint32_t open = 0;
    std::uint32_t first = 0;
  };
  struct flow_state {
    std::array<link, max_links> path{};
    std::uint8_t links = 0;
    bool alive = false;
    bool fixed = false;
    std::uint32_t stamp = 0;
    double bytes = 0;
    double rate = 0;
    /// Bytes that were left at the time `since`.
    double left = 0;
    moment since = 0;
    /// How often rates had been worked out when it ended.
    std::uint64_t ended_after = 0;
  };
  struct ending {
    moment at = 0;
    flow f = 0;
    std::uint32_t stamp = 0;
    /// For a heap with the first one on top.
    friend bool operator<(const ending& a, const ending& b) {
      return a.at != b.at ? a.at > b.at : a.f > b.f;
    }
  };

  moment due() const;
  void settle(flow_state& s);
  void work_out_rates();
  void list_flows_by_link();
  void give_shares();
  void fix(flow f, double rate);
  void take_left_over(flow_state& s);
  void give_back(const flow_state& s, double sign);
  void foresee(flow f);
  void remove(flow f);

  double pause_;
  moment now_ = 0;
  moment worked_out_at_ = -never;
  /// Since rates were worked out last.
  std::uint32_t changes_ = 0;
  std::uint64_t worked_out_ = 0;
  std::size_t running_ = 0;
  std::vector<link_state> links_;
  std::vector<flow_state> flows_;
  std::vector<flow> free_;
  /// Those that ended since the last `advance` began.
  std::vector<flow> resting_;
  std::vector<ending> endings_; // a heap; those whose stamp is old have gone
  // Kept for their room.
  std::vector<link> used_;
  std::vector<flow> by_link_;
  std::vector<std::uint32_t> counts_;
  std::vector<std::pair<double, link>> shares_;
};

} // namespace interswarm::compare
