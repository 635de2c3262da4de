#pragma once

#include "actors/overlays/bittorrent/registrar_desk.hpp"
#include "schema/overlay.gen.hpp"

#include <map>
#include <optional>

/// What waits at a registrar for its tracker's word.
namespace interswarm::bittorrent {

/// A question that each route to the tracker settles.
struct waiting_question {
  info_hash hash{};
  /// Routes that have not settled it yet.
  std::size_t open = 0;
  std::optional<error> failure;
  bool accepted = false;

  void settle(const std::optional<error>& why_not) {
    if (open > 0) --open;
    if (!why_not) accepted = true;
    // A refusal says more than a way that is closed.
    else if (!failure || why_not->code == errc::denied)
      failure = why_not;
  }
};

struct waiting_announce : waiting_question {
  caf::typed_response_promise<msg::tracker_announce_result> promise;
};

struct waiting_find : waiting_question {
  msg::name name;
  std::uint32_t want = 0;
  caf::typed_response_promise<msg::tracker_find_result> promise;
};

struct waiting_scrape {
  std::vector<msg::name> names;
  /// Answers that are still out, for each swarm.
  std::map<info_hash, std::size_t> open;
  caf::typed_response_promise<msg::tracker_scrape_result> promise;
};

} // namespace interswarm::bittorrent
