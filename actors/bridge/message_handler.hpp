#pragma once

#include "actors/bridge/contract.hpp"
#include "actors/bridge/demand_desk.hpp"
#include "actors/bridge/face.hpp"
#include "actors/bridge/records.hpp"
#include "actors/runtime/loop_actor.hpp"

#include <functional>
#include <map>
#include <optional>
#include <random>

namespace interswarm::bridge {

/// The bridge's message handler: hears the demands of this node's overlays and the messages of
/// neighbouring bridges, has names translated by the name transfer and offers ranked by the status
/// manager, and lets one overlay's peer serve what another's fetches.
class message_handler final : public runtime::loop_actor<handler_actor> {
public:
  struct context {
    std::string domain;
    policy rules;
    std::vector<face> faces;
    name_transfer_actor names;
    status_manager_actor status;
    /// Where gateways and meters live; one of them is taken in turn.
    std::vector<runtime::loop*> loops;
    std::uint64_t random_seed = 0;
    /// Both may be empty. Whose content it is, for offers and ledgers: of what was offered here.
    std::function<std::string(const msg::name& giver)> tenant_of{};
    /// Told what clients were sent of a name in its overlay, each byte once, also repeated ones.
    std::function<void(const msg::name&, std::uint64_t bytes)> delivered{};
  };

  message_handler(caf::actor_config& cfg, runtime::loop& home, context ctx);
  ~message_handler() noexcept override;

  behavior_type make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "message-handler"; }

private:
  struct open_gateway {
    msg::name_record record;
    msg::source_actor source;
    caf::actor_addr address;
    msg::serving_actor serving;
    msg::registration_actor lease;
    msg::serving_state state;
    std::string note;
  };
  /// Who will take what an offer gives, for the giver's ledger.
  struct taker {
    std::string domain;
    std::string overlay;
  };
  /// One search for offers.
  struct quest {
    msg::name sought;
    std::vector<msg::name_record> told;
    taker who;
    bool own_swarm = false;
    std::uint8_t hops = 0;
    std::uint64_t message_id = 0;
    std::string asked_by;
  };
  using found_handler = std::function<void(result<offers_found>)>;

  // message_handler.cpp: what comes in
  void watch_faces();
  void demanded(const msg::swarm_status& status);
  void resolve(const msg::name& name);
  void serve(const std::string& key, offers_found offers);
  void served(const std::string& key, const msg::name_record& record, msg::source_actor source,
              msg::serving_actor serving);
  void refuse(const std::string& key, const msg::name& name, const std::string& why);
  void close(const std::string& key);
  void refute(const equation_refuted& r);
  void tick();
  void look_at(const std::string& key);
  void stand();
  void stand_for(const msg::name_record& record);
  void follow_names();
  caf::typed_response_promise<opened_source> open(const open_source& r);

  // handler_report.cpp: what was served
  void count_last(const open_gateway& gateway);
  void note_delivered(const open_gateway& gateway, const msg::serving_state& now);
  status_report report(std::vector<msg::domain_status> neighbours);
  msg::domain_status own_status();

  // neighbours.cpp: what neighbours say
  caf::typed_response_promise<msg::bridge_handle_result> handle(msg::message& message);
  void answer_find(msg::message& message,
                   caf::typed_response_promise<msg::bridge_handle_result> promise);
  void answer_publish(std::vector<msg::name_record>& records,
                      caf::typed_response_promise<msg::bridge_handle_result> promise);
  void answer_settle(const std::vector<msg::ledger_entry>& entries, const std::string& from,
                     caf::typed_response_promise<msg::bridge_handle_result> promise);
  void publish(const std::vector<msg::name_record>& records);
  void joined(const neighbour_joined& r);
  /// Sends every neighbour, or one, what the ledger wrote of deliveries with it since then.
  void settle(std::int64_t since_ms, std::optional<std::string> only = {});

  // offers.cpp: who can deliver
  void find(quest q, found_handler then);
  void ask_givers(quest q, std::vector<msg::name_record> group, found_handler then);
  void offer_locally(const quest& q, const msg::name_record& record,
                     std::function<void(std::optional<msg::offer>)> then);
  msg::offer make_offer(const quest& q, const face& from, msg::name_record record,
                        msg::source_actor source);
  void ask_neighbours(const quest& q, const std::vector<msg::name_record>& group,
                      std::function<void(std::vector<msg::offer>)> then);
  msg::source_actor shared_fetch(const std::string& key);
  void rank(std::vector<msg::offer> offers, std::vector<msg::name_record> names,
            found_handler then);

  const face* face_of(const std::string& overlay) const;
  runtime::loop& next_loop();
  slice random_receipt();

  context ctx_;
  demand_desk desk_;
  std::map<std::string, open_gateway> open_;
  std::map<std::string, msg::bridge_actor> neighbours_;
  /// A download that takers share. It is kept for a while after its last use, so that what was
  /// fetched once (an import, a client that left) is not fetched again at once; later it lives
  /// while somebody holds it.
  struct shared_download {
    caf::weak_actor_ptr source;
    msg::source_actor kept;
    instant used_at;
  };
  std::map<std::string, shared_download> fetching_;
  std::vector<msg::registration_actor> watches_;
  std::mt19937_64 random_;
  std::size_t next_loop_ = 0;
  std::size_t messages_in_work_ = 0;
  std::uint64_t ticks_ = 0;
  std::int64_t settled_ms_ = 0;
};

} // namespace interswarm::bridge
