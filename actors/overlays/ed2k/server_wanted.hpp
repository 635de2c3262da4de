#pragma once

#include "actors/overlays/ed2k/instant.hpp"
#include "actors/overlays/ed2k/server_limits.hpp"
#include "schema/ed2k/record.hpp"

#include <deque>
#include <list>
#include <unordered_map>
#include <vector>

namespace interswarm::ed2k {

/// A party that seeks: a connection, or an address that asks by datagram.
using seeker_id = std::uint64_t;

/// Which names are sought and by whom. Bounded: the name that was not asked for longest makes room.
class server_wanted {
public:
  /// True when it is time to tell the demand (not within `limits::demand_gap` of the last time).
  bool ask(const file_key& file, seeker_id who, instant now);
  /// The party has it now, or has left.
  void satisfy(const file_key& file, seeker_id who);
  void leave(seeker_id who);

  /// Parties that asked and did not leave since.
  std::size_t seekers(const file_key& file) const;
  /// Who they are.
  std::vector<seeker_id> seeking(const file_key& file) const;
  bool known(const file_key& file) const { return wanted_.contains(file); }

  /// Names still sought whose demand is to be told again, at most `limits::max_demands_per_round`;
  /// seekers that timed out are forgotten on the way.
  std::vector<file_key> due(instant now);

  std::size_t size() const { return wanted_.size(); }

private:
  struct seeker {
    seeker_id who = 0;
    instant asked{};
  };
  struct entry {
    std::vector<seeker> seekers;
    instant told{};
    bool was_told = false;
    /// The one entry of `repeats_` that counts.
    instant repeat_at{};
    std::list<file_key>::iterator place;
  };
  using table = std::unordered_map<file_key, entry>;

  void erase(table::iterator it);
  void forget(seeker_id who, const file_key& file);

  table wanted_;
  /// Least recently asked first.
  std::list<file_key> order_;
  /// When to tell again; a name that has gone meanwhile is skipped.
  std::deque<std::pair<instant, file_key>> repeats_;
  std::unordered_map<seeker_id, std::vector<file_key>> sought_by_;
};

} // namespace interswarm::ed2k
