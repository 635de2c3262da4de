#pragma once

#include "actors/overlays/ed2k/block_scheduler.hpp"
#include "actors/overlays/ed2k/instant.hpp"
#include "schema/base/endpoint.hpp"
#include "schema/base/hash.hpp"
#include "schema/ed2k/client_hello.hpp"

#include <map>
#include <optional>
#include <vector>

namespace interswarm::ed2k {

/// All sources known for one download: whom to dial when, who was asked when, who is banned.
class source_book {
public:
  enum class state : std::uint8_t { idle, dialling, connected, banned };
  struct entry {
    source_id id = 0;
    /// Port 0: a low id, reachable only when it dials us.
    endpoint contact;
    client_id low;
    std::optional<md4_digest> user_hash;
    state now = state::idle;
    instant try_at{};
    /// Until then it would take a connection amiss.
    instant not_before{};
    std::optional<instant> slot_asked_at;
    /// It broke off while it gave: it is asked again without the usual wait.
    bool slot_lost = false;
    std::optional<instant> sources_asked_at;
    std::size_t failures = 0;
    std::size_t strikes = 0;
    /// How often in a row it said that it does not have the file, when last, and until when it is
    /// believed.
    std::size_t lacks = 0;
    instant lacked_at{};
    instant lacks_until{};
  };

  /// A source that somebody named; known ones and those beyond `limits::max_sources` are passed
  /// over.
  std::optional<source_id> add(const endpoint& contact, client_id low, instant now);
  /// Sources to dial now, at most as many as `limits::max_connected_sources` leaves; they are
  /// `dialling` from then on.
  std::vector<entry> due(instant now);
  /// The source that a dialling-in client is, by user hash, low id, or address and port.
  std::optional<source_id> recognise(const md4_digest& user_hash, client_id id,
                                     const endpoint& contact) const;

  void connected(source_id id, const md4_digest& user_hash);
  /// How far a connection came before it ended.
  enum class end : std::uint8_t {
    /// Not made, or nothing came of it: it is tried ever later.
    useless,
    /// It queued us: it dials when it is our turn.
    queued,
    /// It broke off while it gave: soon it may give on (aMule was restarted, a line failed).
    giving,
  };
  void ended(source_id id, end how, instant now);
  /// It says that it does not have the file. It is believed for `limits::min_reask_time`; but the
  /// first two times only for 10 and 40 s where somebody names it again: who fetches a file for
  /// others is known as its source before it has any of it.
  void lacks_file(source_id id, instant now);
  /// It is not dialled before `until`.
  void postpone(source_id id, instant until);
  /// It sent wrong bytes; true when it is banned now.
  bool strike(source_id id);
  void ban(source_id id);
  void slot_asked(source_id id, instant now);
  bool may_ask_slot(source_id id, instant now) const;
  void sources_asked(source_id id, instant now);
  bool may_ask_sources(source_id id, instant now) const;

  const entry* find(source_id id) const;
  std::size_t count(state s) const;
  std::size_t size() const { return entries_.size(); }
  /// Sources that may still deliver: neither banned nor given up.
  std::size_t hopeful() const;

private:
  entry* get(source_id id);

  std::map<source_id, entry> entries_;
  source_id next_id_ = 1;
};

} // namespace interswarm::ed2k
