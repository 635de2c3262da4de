#include "actors/overlays/ed2k/upload_queue.hpp"

#include "actors/overlays/ed2k/limits.hpp"

#include <algorithm>

namespace interswarm::ed2k {

void upload_queue::start(entry& e, instant now) {
  e.uploading = true;
  e.started = now;
  e.sent_bytes = 0;
  ++uploading_;
}

bool upload_queue::flooding(entry& e, instant now) {
  if (e.asks == 0 || now - e.window_from >= limits::flood_window) {
    e.window_from = now;
    e.asks = 0;
  }
  return ++e.asks > limits::max_asks_in_window;
}

std::size_t upload_queue::queued_from(const ip_address& address) const {
  return static_cast<std::size_t>(
      std::count_if(entries_.begin(), entries_.end(),
                    [&](const auto& item) { return item.second.who.contact.address == address; }));
}

upload_queue::verdict upload_queue::ask(const client& who, bool may_start, instant now) {
  if (is_banned(who.user_hash, now)) return {answer::banned, 0};
  auto found = entries_.find(who.user_hash);
  if (found == entries_.end()) {
    if (waiting() >= limits::max_waiting_clients ||
        queued_from(who.contact.address) >= limits::max_queued_per_address) {
      return {answer::full, 0};
    }
    found = entries_.emplace(who.user_hash, entry{}).first;
    found->second.since = now;
  }
  auto& e = found->second;
  if (flooding(e, now)) {
    leave(who.user_hash);
    if (banned_.size() < limits::max_banned_clients)
      banned_[who.user_hash] = now + limits::ban_time;
    return {answer::banned, 0};
  }
  e.who = who;
  e.asked_at = now;
  if (e.uploading) return {answer::accepted, 0};
  const bool first_in_line = rank(who.user_hash) == 1 || uploading_ + waiting() <= slots_;
  if (may_start && uploading_ < slots_ && first_in_line) {
    start(e, now);
    return {answer::accepted, 0};
  }
  return {answer::queued, rank(who.user_hash)};
}

void upload_queue::sent(const md4_digest& user, std::uint64_t count) {
  const auto found = entries_.find(user);
  if (found != entries_.end()) found->second.sent_bytes += count;
}

bool upload_queue::session_over(const md4_digest& user, instant now) const {
  const auto found = entries_.find(user);
  if (found == entries_.end() || !found->second.uploading) return true;
  if (waiting() == 0 || uploading_ < slots_) return false;
  const auto& e = found->second;
  return e.sent_bytes >= limits::session_bytes || now - e.started >= limits::session_time;
}

void upload_queue::requeue(const md4_digest& user, instant now) {
  const auto found = entries_.find(user);
  if (found == entries_.end() || !found->second.uploading) return;
  found->second.uploading = false;
  found->second.since = now;
  found->second.asked_at = now;
  --uploading_;
}

void upload_queue::leave(const md4_digest& user) {
  const auto found = entries_.find(user);
  if (found == entries_.end()) return;
  if (found->second.uploading) --uploading_;
  entries_.erase(found);
}

bool upload_queue::has_slot(const md4_digest& user) const {
  const auto found = entries_.find(user);
  return found != entries_.end() && found->second.uploading;
}

bool upload_queue::is_banned(const md4_digest& user, instant now) const {
  const auto found = banned_.find(user);
  return found != banned_.end() && now < found->second;
}

std::uint16_t upload_queue::rank(const md4_digest& user) const {
  const auto found = entries_.find(user);
  if (found == entries_.end() || found->second.uploading) return 0;
  const auto before = std::count_if(entries_.begin(), entries_.end(), [&](const auto& item) {
    return !item.second.uploading && item.second.since < found->second.since;
  });
  return static_cast<std::uint16_t>(std::min<std::ptrdiff_t>(before + 1, 0xFFFF));
}

std::optional<md4_digest> upload_queue::find_waiting(const ip_address& address,
                                                     const md4_digest& file) const {
  for (const auto& [user, e] : entries_) {
    if (!e.uploading && e.who.contact.address == address && e.who.file == file) return user;
  }
  return std::nullopt;
}

void upload_queue::touch(const md4_digest& user, instant now) {
  const auto found = entries_.find(user);
  if (found != entries_.end()) found->second.asked_at = now;
}

void upload_queue::expire(instant now) {
  std::erase_if(entries_, [&](const auto& item) {
    return !item.second.uploading && now - item.second.asked_at >= limits::waiting_lease;
  });
  std::erase_if(banned_, [&](const auto& item) { return now >= item.second; });
}

} // namespace interswarm::ed2k
