#pragma once

#include "actors/overlays/ed2k/server_budget.hpp"
#include "actors/overlays/ed2k/server_effect.hpp"
#include "actors/overlays/ed2k/server_options.hpp"
#include "actors/overlays/ed2k/server_wanted.hpp"

#include <deque>
#include <unordered_set>

namespace interswarm::ed2k {

/// A name's parties as the tracker interface tells them.
struct swarm_counts {
  bool known = false;
  std::uint32_t sources = 0;
  std::uint32_t seekers = 0;
};

/// Everything the server decides: who logs in and with which id, what is offered, found and
/// searched, who is told to call back, who floods. A plain class: each call takes the time and
/// returns what to do.
class server_core {
public:
  /// `salt` decides where low ids begin.
  server_core(server_options options, own_peer own, std::uint32_t salt);

  /// A connection came; its number, or nothing when it is to be closed at once.
  std::optional<party_id> connect(const ip_address& from, instant now);
  server_effects receive(party_id who, decoded<server_request> request, instant now);
  /// The call-back test ended: the user hash of the HELLOANSWER, or nothing.
  server_effects probed(party_id who, std::optional<md4_digest> answered, instant now);
  /// The connection has gone, or is to be forgotten.
  server_effects disconnected(party_id who);
  server_effects datagram(const endpoint& from, const udp_request& request, instant now);
  /// Once a second or so: time-outs and demand that lasts.
  server_effects tick(instant now);

  /// Our own peer has the file (or a part of it), or no more. Who seeks it is told at once.
  /// Nothing happens without an address to tell (`can_announce`).
  server_effects announce(const file_key& file, std::string_view name, bool complete);
  void withdraw(const file_key& file);
  bool can_announce() const {
    return own_.address.port != 0 && !own_.address.address.is_unspecified();
  }
  /// Parties other than our own peer. Those with a low id are told, by the effects, to connect to
  /// our peer.
  std::vector<party> find(const file_key& file, std::size_t want, instant now,
                          server_effects& effects);
  swarm_counts counts(const file_key& file) const;

  std::size_t user_count() const { return users_; }
  std::size_t connection_count() const { return sessions_.size(); }
  const server_index& index() const { return index_; }
  /// The user hash of the server itself.
  const md4_digest& identity() const { return identity_; }

private:
  enum class stage : std::uint8_t { connected, waiting, probing, online };

  struct session {
    ip_address address;
    instant since{};
    stage at = stage::connected;
    login_request login;
    token_bucket budget;
    std::uint32_t strikes = 0;
    bool warned = false;
    std::vector<server_request> early;
    /// What QUERY_MORE gives next, last first.
    std::vector<file_key> more;
    /// When our peer last had this low-id client call.
    std::optional<instant> called;
  };

  void log_in(party_id who, session& s, login_request request, instant now, server_effects& out);
  void go_online(party_id who, session& s, bool reachable, instant now, server_effects& out);
  void refuse(party_id who, std::string_view text, server_effects& out);
  void welcome(party_id who, const session& s, client_id id, server_effects& out);
  void start_probes(server_effects& out);
  void handle(party_id who, session& s, const server_request& request, instant now,
              server_effects& out);
  void take_offers(party_id who, session& s, const offer_files_request& request,
                   server_effects& out);
  void give_sources(party_id who, session& s, const get_sources_request& request, instant now,
                    server_effects& out);
  void give_results(party_id who, session& s, server_effects& out);
  void call_back(party_id who, const callback_request& request, server_effects& out);
  std::optional<udp_answer> answer_search(const udp_search_request& request) const;
  std::optional<udp_answer> answer_sources(const udp_get_sources_request& request);
  udp_status_answer answer_status(const udp_status_request& request) const;
  void push_source(const file_key& file, party_id source, server_effects& out) const;
  void demand(const file_key& file, server_effects& out) const;
  void strike(party_id who, session& s, std::uint32_t weight, server_effects& out);
  void close(party_id who, std::string why, server_effects& out);
  client_id next_low_id();
  std::vector<source_entry> entries(const std::vector<party_id>& parties) const;
  send_answer answer(party_id who, const session& s, server_answer a) const;
  server_status_answer status() const;

  static constexpr party_id own_party = 1;

  server_options options_;
  own_peer own_;
  md4_digest identity_{};
  server_index index_;
  server_wanted wanted_;
  std::unordered_map<party_id, session> sessions_;
  party_id next_ = own_party + 1;
  std::size_t users_ = 0;
  std::size_t low_users_ = 0;
  std::size_t probing_ = 0;
  std::deque<party_id> probe_queue_;
  std::unordered_map<ip_address, std::size_t> per_address_;
  std::unordered_map<std::uint32_t, party_id> low_ids_;
  std::uint32_t last_low_ = 0;
  keyed_budget<ip_address> connects_;
  keyed_budget<ip_address> datagrams_;
};

} // namespace interswarm::ed2k
