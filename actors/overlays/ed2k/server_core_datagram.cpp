#include "actors/overlays/ed2k/server_core.hpp"

#include "schema/ed2k/limits.hpp"

#include <algorithm>

namespace interswarm::ed2k {

namespace {

constexpr std::uint32_t our_udp_flags = udp_flag::ext_get_sources | udp_flag::ext_get_files |
                                        udp_flag::new_tags | udp_flag::unicode |
                                        udp_flag::get_sources_2 | udp_flag::large_files;

std::size_t size_of(const udp_answer& answer) {
  bytes wire;
  append_udp_answer(wire, answer);
  return wire.size();
}

/// Bytes that a list of `n` sources adds to a datagram, its header included.
constexpr std::size_t list_entry_bytes = 6;
constexpr std::size_t list_bytes(std::size_t n) { return 2 + 16 + 1 + list_entry_bytes * n; }

} // namespace

std::optional<udp_answer> server_core::answer_search(const udp_search_request& request) const {
  udp_search_answer found;
  std::size_t size = 0;
  for (const auto& file : index_.search(request.expression, limits::max_results_per_answer)) {
    auto entry = index_.describe(file);
    if (!entry) continue;
    size += size_of(udp_search_answer{{*entry}});
    if (size > limits::max_udp_answer_bytes) break;
    found.files.push_back(std::move(*entry));
  }
  if (found.files.empty()) return std::nullopt;
  return found;
}

std::optional<udp_answer> server_core::answer_sources(const udp_get_sources_request& request) {
  udp_found_sources_answer found;
  std::size_t size = 0;
  for (const auto& asked : request.files) {
    const auto file = asked.size ? std::optional(file_key{asked.hash, *asked.size})
                                 : index_.find_file(asked.hash);
    if (!file || size + list_bytes(1) > limits::max_udp_answer_bytes) continue;
    const auto room = (limits::max_udp_answer_bytes - size - list_bytes(0)) / list_entry_bytes;
    // Only our own users can be told to call back.
    auto sources =
        entries(index_.sources(*file, 0, std::min(room, limits::max_sources_per_answer), true));
    if (sources.empty()) continue;
    size += list_bytes(sources.size());
    found.found.push_back({asked.hash, std::move(sources)});
  }
  if (found.found.empty()) return std::nullopt;
  return found;
}

udp_status_answer server_core::answer_status(const udp_status_request& request) const {
  const auto now_here = status();
  const auto max_files = static_cast<std::uint32_t>(options_.index.max_files_per_party);
  return {request.challenge, now_here.users,
          now_here.files,    static_cast<std::uint32_t>(options_.max_users),
          max_files,         max_files,
          our_udp_flags,     static_cast<std::uint32_t>(low_users_)};
}

server_effects server_core::datagram(const endpoint& from, const udp_request& request,
                                     instant now) {
  // A forged sender's victim gets at most two datagrams of ours a second, each below an MTU.
  if (!from.address.is_v4() || from.port == 0 || !datagrams_.take(from.address, 1, now)) return {};
  if (const auto* status_asked = std::get_if<udp_status_request>(&request)) {
    return {send_datagram{from, answer_status(*status_asked)}};
  }
  if (const auto* search = std::get_if<udp_search_request>(&request)) {
    auto found = answer_search(*search);
    if (found) return {send_datagram{from, std::move(*found)}};
  } else if (const auto* sources = std::get_if<udp_get_sources_request>(&request)) {
    auto found = answer_sources(*sources);
    if (found) return {send_datagram{from, std::move(*found)}};
  } else if (const auto* call = std::get_if<udp_callback_request>(&request)) {
    const auto target = low_ids_.find(call->low_id.value);
    if (target == low_ids_.end())
      return {send_datagram{from, udp_invalid_low_id_answer{call->low_id}}};
    // Only towards the asker itself: else anybody could aim our clients at anybody.
    if (call->caller.address != from.address || call->caller.port == 0) return {};
    return {answer(target->second, sessions_.at(target->second),
                   callback_requested_answer{call->caller, {}, {}})};
  } else if (std::holds_alternative<udp_server_list_request>(request)) {
    return {send_datagram{from, udp_server_list_answer{options_.servers}}};
  } else if (const auto* about = std::get_if<udp_description_request>(&request)) {
    const bool tagged =
        about->challenge && (*about->challenge & 0xFFFF) == new_description_challenge;
    return {send_datagram{from, udp_description_answer{tagged ? about->challenge : std::nullopt,
                                                       options_.name, options_.description}}};
  }
  return {};
}

} // namespace interswarm::ed2k
