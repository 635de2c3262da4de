#pragma once

#include "modes/compare/sim/bridge_state.hpp"
#include "modes/compare/sim/name_book.hpp"

namespace interswarm::compare {

/// Bridge mode: a node for each overlay hears from its foreign tracker what is sought there and
/// cannot be had (an ed2k server does not tell: there it offers everything), asks the other nodes
/// for offers, takes the best one and serves what it brings as one more peer. The steps
/// and messages are message_handler's and gateway's; what is decided, the decisions' of
/// actors/bridge. Neighbours that cannot be reached are taken to be known as gone.
class bridge_model final : public event_owner,
                           public transfer_owner,
                           public supplier,
                           public fetch_watcher {
public:
  bridge_model(world& w, transport& t, swarms& s, name_book& names);

  void begin();
  /// The node of overlay `o` is gone with all that it knows and its spool, or is there again.
  void went_down(overlay_id o);
  void came_up(overlay_id o);

  /// The run is over: verdicts that are on their way arrive.
  void end();

  /// Bytes in spools and caches, and how many of them are copies of others.
  std::uint64_t stored() const;
  std::uint64_t duplicates() const;

  void happen(const occasion& o) override;
  void ended(transfer_id id, std::uint64_t received, bool whole) override;
  bool wanted(member_id m, std::uint32_t piece) override;
  void fetched(download_id d, std::uint32_t piece) override;

private:
  enum event : std::uint32_t { begins, tick, asked, answered, gateway_tick, verdict };

  // bridge_model.cpp: demands and offers
  void demand(overlay_id o, content_id c, std::uint32_t sources);
  void find(overlay_id o, content_id c, std::uint32_t gateway);
  void ask_giver(std::uint32_t q, overlay_id giver);
  void conclude(std::uint32_t q);
  void tick_node(overlay_id o);
  void settle_ledgers(overlay_id o);
  // bridge_demands.cpp: what trackers say
  void listen(overlay_id o);
  void scrape(overlay_id o);
  void consider(overlay_id o, content_id c);
  // bridge_gateways.cpp: what is served
  void open_gateway(overlay_id o, content_id c, std::vector<sim_offer> offers);
  void close_gateway(overlay_id o, content_id c);
  void take_offers(overlay_id o, content_id c, const std::vector<sim_offer>& offers);
  void read(overlay_id o, content_id c, std::uint32_t piece);
  void ask(overlay_id o, content_id c, sim_gateway& g, sim_gateway::reading& r);
  void ask_waiting(overlay_id o, content_id c);
  void follow(overlay_id o, content_id c, bridge::delivery_step step);
  void failed(overlay_id o, content_id c, bool gone);
  void report(overlay_id o, sim_gateway& g, bool failed);
  void arrived(overlay_id o, content_id c, sim_gateway::reading r);
  void look_for_progress(overlay_id o, content_id c);
  void tick_later(overlay_id o, content_id c, sim_gateway& g);
  // bridge_spools.cpp: what is taken
  void supply(overlay_id giver, content_id c, const spooled::reader& r);
  void bring(overlay_id giver, content_id c, const spooled::reader& r, double after);
  void make_room(overlay_id o);
  void forget_unused(overlay_id o);
  void enter(std::uint32_t crossing, std::uint32_t piece);
  void hear(std::uint32_t crossing, std::uint32_t piece);
  accounts::pair payers(const crossing& x) const;

  bridge::instant clock() const;
  std::string key(overlay_id o, content_id c) const;
  sim_gateway* gateway_of(overlay_id o, content_id c, std::uint32_t stamp);
  /// Its server tells no demand.
  bool stands(overlay_id o) const { return world_.setting.overlays[o].kind == "ed2k"; }
  const bridge::policy& rules() const { return world_.setting.bridge.policy; }
  bool reaches(overlay_id a, overlay_id b) const {
    return world_.can_talk(world_.server_of(a), world_.server_of(b));
  }
  /// Seconds of one way.
  double delay(overlay_id from, overlay_id to) const {
    return world_.path(world_.server_of(from), world_.server_of(to)).delay_s;
  }

  world& world_;
  transport& transport_;
  swarms& swarms_;
  name_book& names_;
  std::vector<bridge_node> nodes_; // by overlay
  std::vector<quest> quests_;
  std::vector<std::uint32_t> unused_quests_;
  std::vector<crossing> crossings_;
  /// Verdicts on their way to the giver: crossing and piece.
  std::set<std::pair<std::uint32_t, std::uint32_t>> verdicts_;
  std::unordered_map<download_id, std::pair<overlay_id, content_id>> fetches_;
  std::uint32_t stamps_ = 0;
};

} // namespace interswarm::compare
