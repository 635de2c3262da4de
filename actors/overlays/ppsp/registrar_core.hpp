#pragma once

#include "actors/overlays/ppsp/registrar_entry.hpp"
#include "actors/overlays/ppsp/registrar_limits.hpp"
#include "actors/overlays/ppsp/registrar_options.hpp"
#include "schema/ppsp/tracker_response.hpp"

#include <random>
#include <unordered_map>
#include <unordered_set>

namespace interswarm::ppsp {

/// What a foreign tracker told of a swarm, without us. It does not say who has what; a leech is
/// told of peers to take from, a seeder of peers to give to, so they count as such.
struct parties_known {
  bool told = false;
  std::uint32_t sources = 0;
  std::uint32_t seekers = 0;
};

/// Everything a peer of a foreign PPSP tracker decides (RFC 7846): when to CONNECT, with which
/// actions, what to FIND, when to report, when to leave the tracker alone. A plain class: each call
/// takes the time and returns what to do. Swarms are named as `swarm_text` writes them. One request
/// is on its way at a time, so what the tracker holds of us is known; where an answer was lost, the
/// swarms of that request are left and joined anew.
class registrar_core {
public:
  /// `tracker` is how lines for people call it. `seed` spreads the back-off of many nodes.
  registrar_core(const registrar_options& options, std::string tracker, std::string peer_id,
                 std::uint32_t seed);

  /// Keeps our peer entered until `withdraw` with the same arguments. Answered with
  /// `party_entered`, or `tracker_call_failed`: `denied` where the tracker refuses the swarm (then
  /// nothing is to be withdrawn), `too_large` above `limits::registrar_announced`.
  registrar_effects announce(registrar_call call, const std::string& swarm, bool seeder,
                             instant now);
  registrar_effects withdraw(const std::string& swarm, bool seeder, instant now);
  /// The tracker knows us in the swarm as what we are.
  bool in_force(const std::string& swarm, instant now) const;

  /// Answered with `parties_found` or `tracker_call_failed`, at the latest after
  /// `limits::registrar_longest_wait`. Joins the swarm as a leech for a while where the tracker
  /// tells its members only.
  registrar_effects find(registrar_call call, const std::string& swarm, std::size_t want,
                         instant now);
  /// Swarms that are asked about now and then, where that needs no joining.
  void follow(const std::vector<std::string>& swarms);
  parties_known known(const std::string& swarm) const;

  registrar_effects answered(std::uint64_t number, byte_view body, instant now);
  /// No answer that is one. `denied`: asking again will not help (HTTP status 401, 403).
  registrar_effects failed(std::uint64_t number, const std::string& why, bool denied, instant now);
  /// Some times a second.
  registrar_effects tick(instant now);
  /// Leaves all swarms; `gone` once that is done, or cannot be.
  registrar_effects leave(instant now);
  bool gone() const { return leaving_ && !flight_ && (!registered_ || lost_); }

  /// One line for people: tracker, state, what is next.
  std::string status_line(instant now) const;

private:
  using entry = registrar_entry;
  using standing = registrar_entry::standing;
  using request_body = decltype(tracker_request::body);
  struct flight {
    std::uint64_t number = 0;
    tracker_request request;
    unsigned sends = 0;
    /// Else it waits for `retry_at`.
    bool out = false;
    instant retry_at{};
  };

  void pump(instant now, registrar_effects& out);
  std::optional<request_body> choose(instant now);
  std::optional<connect_request> choose_connect(instant now);
  std::optional<find_request> choose_find(instant now);
  standing desired(const entry& e, instant now) const;
  void lose(const std::string& why, errc code, instant now, registrar_effects& out);
  void pause(std::chrono::milliseconds time, std::string why, errc code, instant now,
             registrar_effects& out);
  void on_connect(const connect_request& c, const tracker_response& r, instant now,
                  registrar_effects& out);
  void on_find(const find_request& f, const tracker_response& r, instant now,
               registrar_effects& out);
  void on_report(tracker_error e, instant now, registrar_effects& out);
  void refuse_all(const connect_request& c, tracker_error e, instant now, registrar_effects& out);
  void refuse(const std::string& swarm, std::uint32_t code, instant now, registrar_effects& out);
  void refuse_find(const std::string& swarm, tracker_error e, instant now, registrar_effects& out);
  void forget_all(instant now);
  void take_parties(entry& e, const swarm_result& r, instant now);
  void answer_finds(entry& e, registrar_effects& out);
  void fail_finds(entry& e, const error& why, registrar_effects& out);
  void expire(instant now, registrar_effects& out);
  void settle(entry& e, registrar_effects& out);
  bool may_find(const entry& e, instant now) const;
  bool is_usable(const endpoint& at) const;
  bool is_us(const std::string& peer_id, const endpoint& at) const;
  error error_of(std::uint32_t code) const;
  entry* remember(const std::string& swarm, instant now);

  std::vector<endpoint> own_;
  std::chrono::milliseconds first_retry_;
  std::string tracker_;
  std::string peer_id_;
  std::minstd_rand random_;
  std::string transaction_prefix_;
  std::uint64_t next_number_ = 1;
  std::optional<flight> flight_;
  std::optional<instant> asked_at_;
  std::optional<ip_address> seen_;

  /// The tracker holds our peer id, as far as we know; `tracking_`: it was told that we live since.
  bool registered_ = false;
  bool tracking_ = false;
  /// It may have forgotten us; what it refused may be for that.
  bool doubtful_ = false;
  std::optional<request_body> suspected_;
  instant heard_at_{};
  /// Refuses FIND of who is not in the swarm.
  bool members_only_ = false;
  std::uint32_t forgotten_ = 0;
  instant not_before_{};
  /// Nothing was due when it was last looked.
  instant quiet_until_{};

  bool leaving_ = false;
  bool lost_ = false;
  instant paused_until_{};
  errc pause_code_ = errc::unavailable;
  std::string trouble_;
  std::chrono::milliseconds back_off_ = limits::registrar_first_back_off;

  std::unordered_map<std::string, entry> swarms_;
  std::vector<std::string> followed_;
  std::unordered_set<std::string> followed_set_;
  std::size_t next_followed_ = 0;
  instant follow_at_{};
  std::size_t waiting_calls_ = 0;
};

} // namespace interswarm::ppsp
