#pragma once

#include "modes/compare/live/board.hpp"
#include "modes/compare/live/client_program.hpp"
#include "modes/compare/live/peer_events.hpp"

#include <set>

namespace interswarm::compare {

/// What the user of one finished client does at which time, and what is told of it: the decisions
/// of a player (player.hpp) whose client is a program.
class client_errands {
public:
  struct step {
    enum class kind : std::uint8_t { hold, start, stop, add, drop };
    kind what = kind::start;
    content_id content = 0;
  };
  /// `slots`: the board's requests.
  client_errands(const plan& p, peer_id n, std::span<request_slot> slots);

  /// What is to be done now, in order; `now` is 0 until the clock is started.
  std::vector<step> turn(moment now);
  /// What the client says. The answer: whole for the first time, to be compared with the content;
  /// then `compared` must follow.
  std::vector<content_id> look(const std::map<content_id, client_standing>& all, moment now);
  void compared(content_id c, bool right, moment now);
  /// Everything that it holds is offered; said once.
  bool ready();

private:
  struct errand {
    std::uint32_t request = 0;
    std::uint64_t seen = 0;
    moment moved_at = 0;
  };
  void follow(const peer_event& e, moment now, std::vector<step>& out);
  void finish(content_id c, request_state how, moment now);

  const plan& plan_;
  std::span<request_slot> slots_;
  std::vector<peer_event> events_;
  std::size_t next_ = 0;
  bool begun_ = false;
  bool online_ = false;
  bool told_ready_ = false;
  bool all_offered_ = false;
  std::set<content_id> held_;
  std::map<content_id, errand> errands_;
};

} // namespace interswarm::compare
