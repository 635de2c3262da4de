#pragma once

#include "actors/runtime/loop_actor.hpp"
#include "modes/compare/live/board.hpp"
#include "modes/compare/live/contents.hpp"
#include "modes/compare/live/file_source.hpp"
#include "modes/compare/live/player_download.hpp"
#include "modes/compare/sim/playback.hpp"
#include "schema/overlay.gen.hpp"

#include <optional>

namespace interswarm::compare {

/// To a player: it is online with these faces, or offline, or its user wants a content.
struct player_joins {
  msg::peer_actor peer;
  msg::tracker_actor tracker;
};
struct player_leaves {};
struct player_wants {
  std::uint32_t request = 0;
};
struct player_tick {};

/// What all players of a process share.
struct player_world {
  const plan* what = nullptr;
  const std::vector<live_content>* contents = nullptr;
  /// Of the contents, as numbered there.
  std::vector<std::shared_ptr<const mapped_file>> files;
  board shared;
};

/// A user of one overlay with its client: offers what it holds, fetches what it wants, checks every
/// byte, offers that too while it comes, and gives up when nothing comes. The client itself is the
/// overlay's face.
class player final : public runtime::loop_actor<caf::actor> {
public:
  player(caf::actor_config& config, runtime::loop& home, std::shared_ptr<const player_world> world,
         peer_id id);

  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "player"; }

private:
  /// A content on offer.
  struct shelf {
    msg::source_actor source;
    msg::serving_actor serving;
    msg::registration_actor lease;
    std::uint64_t left = 0;
    bool entering = false;
    bool in_force = false;
  };
  /// A request that runs.
  struct errand {
    std::uint32_t request = 0;
    player_download reads;
    std::optional<playback> screen;
    msg::source_actor source;
    bool polling = false;
    std::uint64_t seen = 0;
  };

  void join(const player_joins& with);
  void leave();
  void want(std::uint32_t request);
  void tick();

  void offer(content_id c, msg::source_actor source, std::uint64_t left);
  void enter(content_id c);
  void look_at_leases();
  void fetch(content_id c);
  void pump(content_id c);
  void arrived(content_id c, byte_range r, const slice& data);
  void poll(content_id c, errand& e);
  void end(content_id c, request_state how);
  request_slot& slot_of(const errand& e) const { return world_->shared.requests()[e.request]; }
  void show(const errand& e) const;
  const std::string& kind() const;
  /// Whether an answer still concerns the client that was asked.
  bool current(std::uint64_t epoch) const { return epoch == epoch_ && peer_; }

  std::shared_ptr<const player_world> world_;
  peer_id id_;
  msg::peer_actor peer_;
  msg::tracker_actor tracker_;
  std::uint64_t epoch_ = 0;
  std::map<content_id, shelf> shelves_;
  std::map<content_id, errand> errands_;
  std::vector<content_id> held_;
  bool ready_ = false;
  bool ticking_ = false;
};

} // namespace interswarm::compare

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::compare::player_joins)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::compare::player_leaves)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::compare::player_wants)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::compare::player_tick)
