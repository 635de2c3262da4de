#include "actors/overlays/ed2k/server_core.hpp"

#include "schema/ed2k/client_hello.hpp"

#include <algorithm>

namespace interswarm::ed2k {

namespace {

/// A client may cost this much at once, and so much a second for ever.
constexpr std::int64_t client_budget = 600;
constexpr std::int64_t client_budget_per_second = 20;
/// Connections of one address.
constexpr std::int64_t connect_budget = 60;
constexpr std::int64_t connect_budget_per_second = 1;
constexpr std::int64_t datagram_budget = 60;
constexpr std::int64_t datagram_budget_per_second = 2;
/// Requests above the budget and broken requests until the connection is closed.
constexpr std::uint32_t max_strikes = 50;

constexpr std::uint32_t our_flags =
    server_flag::zlib | server_flag::new_tags | server_flag::unicode | server_flag::large_files;

std::int64_t cost_of(const server_request& request) {
  struct {
    std::int64_t operator()(const offer_files_request& r) const {
      return 1 + static_cast<std::int64_t>(r.files.size() / 10);
    }
    std::int64_t operator()(const search_request&) const { return 25; }
    std::int64_t operator()(const search_user_request&) const { return 10; }
    std::int64_t operator()(const query_more_request&) const { return 10; }
    std::int64_t operator()(const callback_request&) const { return 5; }
    std::int64_t operator()(const get_server_list_request&) const { return 5; }
    std::int64_t operator()(const get_sources_request&) const { return 2; }
    std::int64_t operator()(const login_request&) const { return 5; }
    std::int64_t operator()(const disconnect_request&) const { return 0; }
  } costs;
  return std::visit(costs, request);
}

md4_digest identity_of(const server_options& options) {
  const auto text =
      options.name + '|' + options.listen.to_string() + '|' + options.public_address.to_string();
  return mark_user_hash(md4(as_bytes(text)));
}

} // namespace

server_core::server_core(server_options options, own_peer own, std::uint32_t salt)
    : options_(std::move(options)), own_(own), identity_(identity_of(options_)),
      index_(options_.index), last_low_(salt % 0x00FF'0000),
      connects_(limits::max_remembered_addresses, connect_budget, connect_budget_per_second),
      datagrams_(limits::max_remembered_addresses, datagram_budget, datagram_budget_per_second) {
  if (options_.servers.size() > limits::max_listed_servers)
    options_.servers.resize(limits::max_listed_servers);
  for (const auto& server : {options_.public_address, options_.listen}) {
    if (own_.address.address.is_unspecified()) own_.address.address = server.address;
  }
  index_.enter(own_party,
               {client_id::of(own_.address.address), own_.address.port, own_.user_hash, 0, true});
}

std::optional<party_id> server_core::connect(const ip_address& from, instant now) {
  // The network has no form for an IPv6 address.
  if (!from.is_v4() || !connects_.take(from, 1, now)) return std::nullopt;
  // Those still logging in share the room that users have, twice over.
  if (sessions_.size() >= 2 * options_.max_users) return std::nullopt;
  auto& count = per_address_[from];
  if (count >= options_.max_connections_per_address) return std::nullopt;
  ++count;
  const auto who = next_++;
  session s{
      from, now, stage::connected, {}, {client_budget, client_budget_per_second}, 0, false, {},
      {},   {}};
  sessions_.emplace(who, std::move(s));
  return who;
}

server_effects server_core::receive(party_id who, decoded<server_request> request, instant now) {
  server_effects out;
  const auto it = sessions_.find(who);
  if (it == sessions_.end()) return out;
  auto& s = it->second;
  if (!request) {
    if (request.error().action == on_decode_error::drop) {
      close(who, request.error().text, out);
      return out;
    }
    out.push_back(answer(who, s, reject_answer{}));
    strike(who, s, 5, out);
    return out;
  }
  if (std::holds_alternative<disconnect_request>(*request)) {
    close(who, "the client said goodbye", out);
    return out;
  }
  if (!s.budget.take(cost_of(*request), now)) {
    strike(who, s, 1, out);
    return out;
  }
  if (auto* login = std::get_if<login_request>(&*request)) {
    log_in(who, s, std::move(*login), now, out);
  } else if (s.at == stage::online) {
    handle(who, s, *request, now, out);
  } else if (s.at != stage::connected && s.early.size() < limits::max_early_requests) {
    s.early.push_back(std::move(*request));
  } else {
    strike(who, s, 5, out);
  }
  return out;
}

void server_core::log_in(party_id who, session& s, login_request request, instant now,
                         server_effects& out) {
  if (s.at != stage::connected) return strike(who, s, 5, out);
  if (request.user_hash == md4_digest{})
    return refuse(who, "ERROR : a client needs a user hash", out);
  if (users_ >= options_.max_users) return refuse(who, "ERROR : this server is full", out);
  // The same client again: its old connection is dead, it only does not know it yet.
  for (auto& [other, old] : sessions_) {
    if (other != who && old.at == stage::online && old.address == s.address &&
        old.login.user_hash == request.user_hash && old.login.port == request.port) {
      close(other, "replaced by a new connection of the same client", out);
      break;
    }
  }
  s.login = std::move(request);
  if (s.login.port == 0 || !options_.callback_test)
    return go_online(who, s, s.login.port != 0, now, out);
  s.at = stage::waiting;
  probe_queue_.push_back(who);
  start_probes(out);
}

void server_core::start_probes(server_effects& out) {
  while (probing_ < limits::max_probes && !probe_queue_.empty()) {
    const auto who = probe_queue_.front();
    probe_queue_.pop_front();
    const auto it = sessions_.find(who);
    if (it == sessions_.end() || it->second.at != stage::waiting) continue;
    it->second.at = stage::probing;
    ++probing_;
    out.push_back(start_probe{who, {it->second.address, it->second.login.port}});
  }
}

server_effects server_core::probed(party_id who, std::optional<md4_digest> answered, instant now) {
  server_effects out;
  const auto it = sessions_.find(who);
  if (it != sessions_.end() && it->second.at == stage::probing) {
    --probing_;
    go_online(who, it->second, answered && *answered == it->second.login.user_hash, now, out);
  }
  start_probes(out);
  return out;
}

void server_core::go_online(party_id who, session& s, bool reachable, instant now,
                            server_effects& out) {
  const auto id = reachable ? client_id::of(s.address) : next_low_id();
  if (id.is_low()) {
    low_ids_[id.value] = who;
    ++low_users_;
  }
  ++users_;
  s.at = stage::online;
  const auto crypt = static_cast<std::uint8_t>((s.login.flags() >> 9) & 7);
  index_.enter(who, {id, s.login.port, s.login.user_hash, crypt, false});
  welcome(who, s, id, out);
  const auto early = std::exchange(s.early, {});
  for (const auto& request : early) handle(who, s, request, now, out);
}

void server_core::welcome(party_id who, const session& s, client_id id, server_effects& out) {
  out.push_back(answer(who, s, server_message_answer{"server version 17.15 (interswarm)"}));
  if (id.is_low()) {
    const endpoint tried{s.address, s.login.port};
    out.push_back(answer(
        who, s,
        server_message_answer{"WARNING : " + tried.to_string() +
                              " does not answer, you have a low id. Please open that port."}));
  }
  if (!options_.message_of_the_day.empty()) {
    out.push_back(answer(who, s, server_message_answer{options_.message_of_the_day}));
  }
  out.push_back(answer(who, s, id_change_answer{id, our_flags, 0, client_id::of(s.address), 0}));
  out.push_back(answer(who, s, status()));
  const auto& told = options_.public_address.port != 0 ? options_.public_address : options_.listen;
  out.push_back(
      answer(who, s,
             server_ident_answer{identity_,
                                 told,
                                 {tag(tag_name::name, options_.name),
                                  tag(tag_name::server_description, options_.description)}}));
}

void server_core::refuse(party_id who, std::string_view text, server_effects& out) {
  out.push_back(send_answer{who, server_message_answer{std::string(text)}});
  out.push_back(send_answer{who, id_change_answer{}});
  close(who, std::string(text), out);
}

client_id server_core::next_low_id() {
  do {
    last_low_ = last_low_ >= 0x00FF'FFFF ? 1 : last_low_ + 1;
  } while (low_ids_.contains(last_low_));
  return {last_low_};
}

void server_core::strike(party_id who, session& s, std::uint32_t weight, server_effects& out) {
  s.strikes += weight;
  if (s.strikes < max_strikes) return;
  out.push_back(answer(who, s, server_message_answer{"ERROR : too many requests"}));
  close(who, "flooding", out);
}

void server_core::close(party_id who, std::string why, server_effects& out) {
  out.push_back(close_connection{who, std::move(why)});
}

server_effects server_core::disconnected(party_id who) {
  server_effects out;
  const auto it = sessions_.find(who);
  if (it == sessions_.end()) return out;
  auto& s = it->second;
  if (const auto count = per_address_.find(s.address);
      count != per_address_.end() && --count->second == 0) {
    per_address_.erase(count);
  }
  if (s.at == stage::probing) --probing_;
  if (s.at == stage::online) {
    --users_;
    const auto id = index_.find_party(who)->id;
    if (id.is_low()) {
      low_ids_.erase(id.value);
      --low_users_;
    }
  }
  index_.leave(who);
  wanted_.leave(who);
  sessions_.erase(it);
  start_probes(out);
  return out;
}

server_effects server_core::tick(instant now) {
  server_effects out;
  for (auto& [who, s] : sessions_) {
    if (s.at == stage::online || now - s.since < limits::login_timeout) continue;
    if (s.at == stage::waiting) {
      go_online(who, s, false, now, out); // no test came free in time
    } else if (s.at == stage::connected) {
      close(who, "no login in time", out);
    }
  }
  for (const auto& file : wanted_.due(now)) demand(file, out);
  return out;
}

send_answer server_core::answer(party_id who, const session& s, server_answer a) const {
  const auto flags = s.login.flags();
  return {who, std::move(a), (flags & login_flag::zlib) != 0,
          (flags & login_flag::new_tags) != 0 ? tag_form::compact : tag_form::classic};
}

server_status_answer server_core::status() const {
  return {static_cast<std::uint32_t>(users_), static_cast<std::uint32_t>(index_.file_count())};
}

} // namespace interswarm::ed2k
