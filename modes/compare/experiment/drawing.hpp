#pragma once

#include "modes/compare/experiment/experiment.hpp"
#include "modes/compare/experiment/law.hpp"
#include "modes/compare/experiment/random.hpp"
#include "schema/base/result.hpp"

#include <vector>

namespace interswarm::compare {

/// A plan under way: the steps of `draw`, in their order.
class drawing {
public:
  drawing(const experiment& e, std::uint64_t seed) : e_(e), seed_(seed) {}

  /// Where they are, how fast, behind a NAT or not, and when they are online.
  void draw_peers();
  /// How large, who has them at the start, whether and from where they are published.
  void draw_contents();
  /// Who asks for what at which time. Fails `too_large`.
  result<void> draw_requests();
  plan take();

private:
  /// Peers of an overlay: the first one's number, and that after the last one.
  peer_id begin_of(overlay_id o) const { return first_[o]; }
  peer_id end_of(overlay_id o) const { return first_[o + 1]; }

  void place_peers(overlay_id o);
  void set_online(overlay_id o);
  void give(content_id c, overlay_id o, std::uint32_t seeders);
  void draw_homes(content_id first);
  void draw_arrivals(overlay_id o, const zipf& popularity);
  void draw_crowd(std::size_t number);
  void follow_trace();
  void keep_first_requests();

  bool is_online(peer_id p, moment at) const;
  bool holds(peer_id p, content_id c) const;
  double playback(overlay_id o, double u) const;

  const experiment& e_;
  std::uint64_t seed_;
  plan out_;
  std::vector<peer_id> first_;
  std::vector<std::vector<content_id>> held_in_; // by overlay
};

} // namespace interswarm::compare
