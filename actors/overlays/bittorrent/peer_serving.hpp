#pragma once

#include "actors/overlays/bittorrent/peer_anchor.hpp"
#include "actors/overlays/bittorrent/serve.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "schema/overlay.gen.hpp"

namespace interswarm::bittorrent {

struct link_poll {};
struct link_find {};

/// Talks to the source and the tracker for one serving. An actor beside the serving's own: its
/// requests wait for long, and what waits for an answer stays alive, which a serving must not.
class source_link final : public runtime::loop_actor<caf::actor> {
public:
  /// On the loop's thread. `way` leads to it from any other.
  source_link(caf::actor_config& cfg, runtime::loop& home, msg::peer_serve what,
              std::shared_ptr<anchor<source_link>> way);
  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "bittorrent-source-link"; }

  void read(byte_range range, std::uint32_t deadline_ms, bool urgent, reply<slice> done);
  void judge(byte_range range, bool good);
  void watch(std::function<void(range_set)> changed);
  /// Calls `dial` with clients that the tracker knows, now and every minute.
  void seek(std::function<void(std::vector<endpoint>)> dial);

private:
  void poll();
  void find();

  msg::source_actor source_;
  msg::tracker_actor tracker_;
  msg::name name_;
  std::shared_ptr<anchor<source_link>> way_;
  std::function<void(range_set)> changed_;
  std::function<void(std::vector<endpoint>)> dial_;
  std::uint64_t have_version_ = 0;
};

/// A content on offer: the handle that the caller holds.
class serving_actor final : public runtime::loop_actor<msg::serving_actor> {
public:
  serving_actor(caf::actor_config& cfg, runtime::loop& home, std::shared_ptr<serving> offer,
                caf::actor link);
  behavior_type make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "bittorrent-serving"; }

private:
  std::shared_ptr<serving> offer_;
  caf::actor link_;
};

/// Offers what the request names in `session`. On the loop's thread.
result<msg::serving_actor> start_serving(runtime::loop& home, serve_session& session,
                                         const msg::peer_serve& what);

} // namespace interswarm::bittorrent

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bittorrent::link_poll)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bittorrent::link_find)
