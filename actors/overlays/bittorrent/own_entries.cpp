#include "actors/overlays/bittorrent/own_entries.hpp"

#include "actors/overlays/bittorrent/udp_responder.hpp"
#include "schema/base/encoding.hpp"

namespace interswarm::bittorrent {

result<void> own_entries::announce(const info_hash& name, std::uint64_t left, announce_event event,
                                   std::uint64_t now_ms) {
  announce_request r;
  r.hash = name;
  r.id = own_.id;
  r.key = own_.key;
  r.left = left;
  r.event = event;
  r.want = 0;
  for (const auto& at : own_.listen) {
    if (at.port == 0) continue;
    r.port = at.port;
    const auto a = store_->announce(r, {at.address, true}, now_ms, 0, {}, {});
    if (a.what == swarm_store::verdict::full)
      return fail(errc::overloaded, std::string(refusal_text(a.what)));
    if (a.what != swarm_store::verdict::accepted)
      return fail(errc::denied, std::string(refusal_text(a.what)));
  }
  return {};
}

result<void> own_entries::enter(const info_hash& name, std::uint64_t left, std::uint64_t now_ms) {
  const std::lock_guard lock(mutex_);
  const auto known = entries_.find(name);
  const bool finished = known != entries_.end() && known->second.left > 0 && left == 0;
  if (auto ok = announce(name, left, finished ? announce_event::completed : announce_event::started,
                         now_ms);
      !ok)
    return ok;
  auto& e = entries_[name];
  ++e.holders;
  e.left = left;
  return {};
}

void own_entries::withdraw(const info_hash& name, std::uint64_t now_ms) {
  const std::lock_guard lock(mutex_);
  const auto known = entries_.find(name);
  if (known == entries_.end() || --known->second.holders > 0) return;
  (void)announce(name, known->second.left, announce_event::stopped, now_ms);
  entries_.erase(known);
}

void own_entries::refresh(std::uint64_t now_ms) {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, e] : entries_) (void)announce(name, e.left, announce_event::none, now_ms);
}

bool own_entries::is_in(const info_hash& name) const {
  const std::lock_guard lock(mutex_);
  return entries_.contains(name);
}

result<std::vector<info_hash>> parse_hash_list(std::string_view text) {
  std::vector<info_hash> out;
  std::size_t number = 0;
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text = end == text.npos ? std::string_view{} : text.substr(end + 1);
    ++number;
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    const auto raw = from_hex(line);
    if (!raw || raw->size() != 20)
      return fail(errc::configuration,
                  "line " + std::to_string(number) +
                      " is not an info-hash of 40 hexadecimal digits: " + printable(line, 60));
    if (out.size() >= tracker_limits::listed_names)
      return fail(errc::too_large, "the list is too long");
    std::copy(raw->begin(), raw->end(), out.emplace_back().begin());
  }
  return out;
}

} // namespace interswarm::bittorrent
