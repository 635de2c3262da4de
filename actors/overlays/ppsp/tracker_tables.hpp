#pragma once

#include "actors/overlays/ppsp/tracker_book.hpp"

#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace interswarm::ppsp {

/// Hashes under a secret, so that nobody can choose names that meet in one place.
struct secret_hash {
  std::array<std::uint64_t, 2> secret;

  std::size_t operator()(std::string_view text) const;
  std::size_t operator()(std::uint64_t group) const;
};

struct tracker_book::membership {
  swarm* in = nullptr;
  /// In the swarm's list.
  std::uint32_t place = 0;
  bool seeder = false;
  /// Counted in the swarm's `sources`.
  bool source = false;
  std::uint64_t uploaded_bytes = 0;
  std::uint64_t downloaded_bytes = 0;
};

struct tracker_book::peer {
  std::string id;
  ip_address seen;
  peer_reach reach;
  std::vector<peer_contact> contacts;
  std::vector<membership> swarms;
  std::uint64_t heard_ms = 0;
  /// `mark_of` its last CONNECT that was done.
  std::uint64_t last_connect = 0;
  nat_ability nat = nat_ability::unknown;
  tracker_state state = tracker_state::start;

  const membership* in(const swarm& s) const;
  membership* in(const swarm& s) {
    return const_cast<membership*>(static_cast<const peer&>(*this).in(s));
  }
};

struct tracker_book::swarm {
  bytes id;
  std::vector<peer*> seeders;
  std::vector<peer*> leechers;
  std::uint32_t sources = 0;
  std::uint32_t completed = 0;
  std::uint64_t demanded_at_ms = 0;
  bool own = false;
  bool own_seeder = false;

  tracked_swarm status() const;
};

/// Peers stand in one list for each running timer, the longest silent first, so that what expires
/// is always at the front.
struct tracker_book::tables {
  explicit tables(const std::array<std::uint64_t, 2>& secret);

  using peer_list = std::list<peer>;
  using swarm_list = std::list<swarm>;
  std::array<peer_list, 3> timers;
  std::unordered_map<std::string_view, peer_list::iterator, secret_hash> peers;
  swarm_list swarms;
  std::unordered_map<std::string_view, swarm_list::iterator, secret_hash> by_id;
  std::unordered_map<std::uint64_t, std::uint32_t, secret_hash> per_address;
  std::unordered_set<std::string, secret_hash> allowed;
  std::unordered_set<std::string, secret_hash> denied;
  std::uint64_t memory_bytes = 0;

  peer_list& timer(tracker_state s) { return timers[static_cast<std::size_t>(s) - 1]; }
  peer* find(std::string_view id) const;
  swarm* find_swarm(byte_view id) const;
  /// `id` must not be there.
  peer& make(const std::string& id, const ip_address& seen, std::uint64_t now_ms);
  swarm& make_swarm(byte_view id);
  /// Starts the timer of `to` anew.
  void enter(peer& p, tracker_state to, std::uint64_t now_ms);
  void erase(peer& p);
  void add(peer& p, swarm& s, bool seeder);
  void remove(peer& p, swarm& s);
  /// Takes all members out; those left without a swarm are terminated.
  void drop(swarm& s, std::uint64_t now_ms);
  /// Counts the peer under another address.
  void move(peer& p, const ip_address& seen);
  void set_contacts(peer& p, std::vector<peer_contact> contacts);
  std::uint32_t behind(const ip_address& seen) const;

  /// What an address is counted by: itself, or the /64 of IPv6.
  static std::uint64_t group_of(const ip_address& a);
  static std::uint64_t bytes_of(const peer& p);
  static std::uint64_t bytes_of(const swarm& s);
};

} // namespace interswarm::ppsp
