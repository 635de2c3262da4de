#include "actors/overlays/ed2k/server_core.hpp"

#include <algorithm>

namespace interswarm::ed2k {

namespace {

/// Old clients read no more.
constexpr std::uint64_t max_small_file_bytes = 0xFFFFFFFF;
/// A low-id client is asked again to call our peer not before this.
constexpr instant own_callback_gap{20'000};

} // namespace

void server_core::handle(party_id who, session& s, const server_request& request, instant now,
                         server_effects& out) {
  if (const auto* offers = std::get_if<offer_files_request>(&request))
    return take_offers(who, s, *offers, out);
  if (const auto* sources = std::get_if<get_sources_request>(&request)) {
    return give_sources(who, s, *sources, now, out);
  }
  if (const auto* search = std::get_if<search_request>(&request)) {
    s.more = index_.search(search->expression, limits::max_search_results);
    if ((s.login.flags() & login_flag::large_files) == 0) {
      std::erase_if(s.more, [](const file_key& f) { return f.size > max_small_file_bytes; });
    }
    std::reverse(s.more.begin(), s.more.end());
    return give_results(who, s, out);
  }
  if (std::holds_alternative<query_more_request>(request)) return give_results(who, s, out);
  if (const auto* call = std::get_if<callback_request>(&request)) return call_back(who, *call, out);
  if (std::holds_alternative<get_server_list_request>(request)) {
    out.push_back(answer(who, s, server_list_answer{options_.servers}));
  } else if (std::holds_alternative<search_user_request>(request)) {
    // Who else is here is nobody's business.
    out.push_back(answer(who, s, users_list_answer{}));
  }
}

void server_core::take_offers(party_id who, session& s, const offer_files_request& request,
                              server_effects& out) {
  bool full = false;
  for (const auto& entry : request.files) {
    const bool partial = entry.id == partial_marker_id && entry.port == partial_marker_port;
    const file_key file{entry.hash, entry.size()};
    if (!partial) wanted_.satisfy(file, who);
    const auto outcome =
        index_.enter_offer(who, {file, entry.name(), entry.type(), !partial, &entry.tags});
    if (outcome == offer_outcome::taken) push_source(file, who, out);
    full = full || outcome == offer_outcome::party_full || outcome == offer_outcome::index_full;
  }
  if (full && !s.warned) {
    s.warned = true;
    out.push_back(
        answer(who, s,
               server_message_answer{"WARNING : you offer more files than this server takes (" +
                                     std::to_string(options_.index.max_files_per_party) + ")"}));
  }
}

void server_core::give_sources(party_id who, session& s, const get_sources_request& request,
                               instant now, server_effects& out) {
  const auto hash = request.file.hash;
  const auto file = request.file.size ? std::optional(file_key{hash, *request.file.size})
                                      : index_.find_file(hash);
  found_sources_answer found{{hash, {}}, request.obfuscated};
  if (file) {
    const bool asker_is_low = index_.find_party(who)->id.is_low();
    found.found.sources =
        entries(index_.sources(*file, who, limits::max_sources_per_answer, asker_is_low));
  }
  out.push_back(answer(who, s, std::move(found)));
  if (file && wanted_.ask(*file, who, now)) demand(*file, out);
}

std::vector<source_entry> server_core::entries(const std::vector<party_id>& parties) const {
  std::vector<source_entry> out;
  for (const auto who : parties) {
    const auto* p = index_.find_party(who);
    source_entry e{p->id, p->port, p->crypt, {}};
    if (p->crypt != 0) e.user_hash = p->user_hash;
    out.push_back(e);
  }
  return out;
}

void server_core::give_results(party_id who, session& s, server_effects& out) {
  search_result_answer result;
  while (!s.more.empty() && result.files.size() < limits::max_results_per_answer) {
    if (auto entry = index_.describe(s.more.back())) result.files.push_back(std::move(*entry));
    s.more.pop_back();
  }
  result.more = !s.more.empty();
  out.push_back(answer(who, s, std::move(result)));
}

void server_core::call_back(party_id who, const callback_request& request, server_effects& out) {
  const auto& s = sessions_.at(who);
  const auto* asker = index_.find_party(who);
  const auto target = low_ids_.find(request.low_id.value);
  // Two low ids cannot reach each other.
  if (target == low_ids_.end() || asker->id.is_low()) {
    out.push_back(answer(who, s, callback_failed_answer{}));
    return;
  }
  callback_requested_answer call{{s.address, asker->port}, {}, {}};
  if (asker->crypt != 0) {
    call.crypt = asker->crypt;
    call.user_hash = asker->user_hash;
  }
  out.push_back(answer(target->second, sessions_.at(target->second), call));
}

void server_core::demand(const file_key& file, server_effects& out) const {
  const auto now_there = counts(file);
  if (now_there.seekers == 0 || now_there.sources >= options_.few_sources) return;
  out.push_back(tell_demand{file, now_there.sources, now_there.seekers});
}

swarm_counts server_core::counts(const file_key& file) const {
  const auto offered = index_.counts(file);
  const auto asking = wanted_.seekers(file);
  // Who offers a part seeks the rest, and mostly has asked for it too.
  const auto seekers = std::max<std::size_t>(asking, offered.partial);
  return {offered.known || asking > 0, offered.complete, static_cast<std::uint32_t>(seekers)};
}

server_effects server_core::announce(const file_key& file, std::string_view name, bool complete) {
  server_effects out;
  if (!can_announce()) return out;
  const auto outcome = index_.enter_offer(own_party, {file, name, {}, complete, nullptr});
  if (outcome == offer_outcome::taken) push_source(file, own_party, out);
  return out;
}

/// A client that got an answer without sources would ask again in a quarter of an hour; it takes
/// this one meanwhile.
void server_core::push_source(const file_key& file, party_id source, server_effects& out) const {
  const auto offered = index_.counts(file);
  if (source != own_party && offered.complete + offered.partial > limits::max_pushed_sources)
    return;
  const bool source_is_low = index_.find_party(source)->id.is_low();
  for (const auto who : wanted_.seeking(file)) {
    const auto* seeker = index_.find_party(who);
    if (who == source || seeker == nullptr || (source_is_low && seeker->id.is_low())) continue;
    found_sources_answer found{{file.hash, entries({source})}, false};
    out.push_back(answer(who, sessions_.at(who), std::move(found)));
  }
}

void server_core::withdraw(const file_key& file) { index_.withdraw_offer(own_party, file); }

std::vector<party> server_core::find(const file_key& file, std::size_t want, instant now,
                                     server_effects& effects) {
  std::vector<party> out;
  for (const auto who : index_.sources(file, own_party, want, false)) {
    const auto& p = *index_.find_party(who);
    out.push_back(p);
    if (!p.id.is_low()) continue;
    auto& s = sessions_.at(who);
    if (s.called && now - *s.called < own_callback_gap) continue;
    s.called = now;
    effects.push_back(answer(who, s, callback_requested_answer{own_.address, {}, {}}));
  }
  return out;
}

} // namespace interswarm::ed2k
