#pragma once

#include "actors/bridge/books.hpp"
#include "actors/bridge/status_board.hpp"
#include "schema/bridge.gen.hpp"
#include "schema/node.gen.hpp"
#include "schema/overlay.gen.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>
#include <string>
#include <vector>

/// Messages that stay inside one node; what crosses nodes is in `schema/`.
namespace interswarm::bridge {

/// Who can deliver the content that `sought` names? Answers offers, best first.
struct find_offers {
  /// What is known of the name; the table may not have it yet.
  msg::name_record sought;
  /// Whether the sought name's own swarm counts as well (an import does not care where the bytes
  /// come from).
  bool own_swarm = false;
};
struct offers_found {
  std::vector<msg::offer> offers;
  /// Every name of the content, the sought one first when it is known.
  std::vector<msg::name_record> names;
};
/// A gateway found that the bytes of `giver` are not what `sought` says.
struct equation_refuted {
  msg::name sought;
  msg::name giver;
};
struct gateway_used {
  msg::name sought;
};
/// A measurement of one gateway's source in use.
struct delivery_report {
  std::string domain;
  std::string overlay;
  std::uint64_t bytes = 0;
  std::chrono::microseconds took{0};
  bool failed = false;
};
struct neighbour_joined {
  std::string domain;
  msg::bridge_actor bridge;
};
/// `bridge` is the handle that was joined: a neighbour that has joined anew meanwhile stays.
struct neighbour_left {
  std::string domain;
  msg::bridge_actor bridge;
};
/// Names were linked, imported or learned: what registrars follow may have changed.
struct names_changed {
  std::vector<msg::name_record> records;
  /// Whether the neighbours are to be told.
  bool publish = false;
};
/// The content is not to be had any more: whoever is served under this name is left.
struct name_withdrawn {
  msg::name name;
};
/// A source over the best offer for a client command.
struct open_source {
  msg::name_record record;
  bool own_swarm = true;
};
struct opened_source {
  msg::source_actor source;
};
/// Orders offers by policy and leaves out those it does not admit.
struct rank_offers {
  std::vector<msg::offer> offers;
};
struct ranked_offers {
  std::vector<msg::offer> offers;
};
struct status_tick {};
struct status_wanted {};
struct status_report {
  std::vector<msg::domain_status> domains;
  std::vector<msg::gateway> gateways;
};
struct handler_tick {};

/// Status management: watches the neighbours and this node's overlays, measures delivery, ranks
/// offers.
using status_manager_actor =
    caf::typed_actor<caf::replies_to<rank_offers>::with<ranked_offers>,   //
                     caf::replies_to<status_wanted>::with<status_report>, //
                     caf::reacts_to<delivery_report>,                     //
                     caf::reacts_to<neighbour_joined>,                    //
                     caf::reacts_to<neighbour_left>,                      //
                     caf::reacts_to<status_tick>>;

/// The message handler: the bridge's entrance for neighbours, its listener for demands, and what
/// the parts of this node ask it.
using handler_actor =
    caf::typed_actor<caf::replies_to<msg::bridge_handle>::with<msg::bridge_handle_result>, //
                     caf::replies_to<msg::demand_listener_demand>::with<void>,             //
                     caf::replies_to<find_offers>::with<offers_found>,                     //
                     caf::replies_to<open_source>::with<opened_source>,                    //
                     caf::replies_to<status_wanted>::with<status_report>,                  //
                     caf::reacts_to<equation_refuted>,                                     //
                     caf::reacts_to<gateway_used>,                                         //
                     caf::reacts_to<delivery_report>,                                      //
                     caf::reacts_to<neighbour_joined>,                                     //
                     caf::reacts_to<neighbour_left>,                                       //
                     caf::reacts_to<names_changed>,                                        //
                     caf::reacts_to<name_withdrawn>,                                       //
                     caf::reacts_to<handler_tick>>;

} // namespace interswarm::bridge

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::find_offers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::offers_found)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::equation_refuted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::gateway_used)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::delivery_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::neighbour_joined)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::neighbour_left)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::names_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::name_withdrawn)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::open_source)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::opened_source)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::rank_offers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::ranked_offers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::status_tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::status_wanted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::status_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::handler_tick)
