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
    std::optional<instant> slot_asked_at;
    std::optional<instant> sources_asked_at;
    std::size_t failures = 0;
    std::size_t strikes = 0;
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
  /// The connection ended or could not be made. `useful`: it delivered or queued us; else it is
  /// tried ever later.
  void ended(source_id id, bool useful, instant now);
  /// It has nothing that we lack now.
  void no_use(source_id id, instant now);
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
