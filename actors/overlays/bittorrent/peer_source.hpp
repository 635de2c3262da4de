#pragma once

#include "actors/overlays/bittorrent/fetch.hpp"
#include "actors/overlays/bittorrent/peer_anchor.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "schema/overlay.gen.hpp"

#include <map>

namespace interswarm::bittorrent {

/// Asks the tracker for one fetch; an actor beside the source's own, which its requests would keep
/// alive.
class tracker_link final : public runtime::loop_actor<caf::actor> {
public:
  tracker_link(caf::actor_config& cfg, runtime::loop& home, msg::tracker_actor tracker,
               msg::name name, std::shared_ptr<anchor<tracker_link>> way);
  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "bittorrent-tracker-link"; }

  void find(std::uint16_t want, reply<std::vector<endpoint>> done);

private:
  msg::tracker_actor tracker_;
  msg::name swarm_;
  std::shared_ptr<anchor<tracker_link>> way_;
};

struct source_sweep {};
using fetch_source_actor = msg::source_actor::extend<caf::reacts_to<source_sweep>>;

/// A content that is fetched as it is read: the source that the caller holds.
class fetch_source final : public runtime::loop_actor<fetch_source_actor> {
public:
  fetch_source(caf::actor_config& cfg, runtime::loop& home, torrent_name name,
               msg::name_record asked, std::unique_ptr<fetching> fetch, caf::actor link);
  behavior_type make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "bittorrent-source"; }

private:
  using info_promise = caf::typed_response_promise<msg::source_info_result>;
  using have_promise = caf::typed_response_promise<msg::source_have_result>;
  using read_promise = caf::typed_response_promise<msg::source_read_result>;
  using genuine_promise = caf::typed_response_promise<msg::source_genuine_result>;

  template <class Promise>
  struct waiting {
    Promise promise;
    std::uint64_t after_version = 0;
    std::uint64_t until_ms = 0;
  };

  void look();
  void seen(const result<fetch_state>& state);
  bool room() const;

  torrent_name torrent_;
  msg::name_record asked_;
  std::unique_ptr<fetching> fetch_;
  caf::actor link_;
  std::shared_ptr<anchor<fetch_source>> way_;
  std::uint64_t next_id_ = 0;
  std::vector<waiting<info_promise>> infos_;
  std::vector<waiting<have_promise>> haves_;
  std::map<std::uint64_t, read_promise> reads_;
  std::map<std::uint64_t, genuine_promise> genuine_;
  bool looking_ = false;
  bool look_again_ = false;
  bool sweeping_ = false;
};

/// Starts to fetch what the request names in `session`. On the loop's thread.
result<msg::source_actor> start_fetching(runtime::loop& home, fetch_session& session,
                                         const msg::peer_fetch& what);

} // namespace interswarm::bittorrent

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bittorrent::source_sweep)
