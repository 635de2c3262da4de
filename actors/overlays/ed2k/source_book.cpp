#include "actors/overlays/ed2k/source_book.hpp"

#include "actors/overlays/ed2k/limits.hpp"

#include <algorithm>
#include <array>

namespace interswarm::ed2k {

namespace {

constexpr instant first_retry = std::chrono::seconds(5);
constexpr instant named_again_retry = std::chrono::seconds(2);
constexpr instant longest_retry = std::chrono::minutes(10);
/// After a source broke off while it gave.
constexpr instant lost_slot_retry = std::chrono::seconds(2);
constexpr instant longest_lost_slot_retry = std::chrono::seconds(10);
/// A source that did not answer so often in a row is given up until somebody names it again.
constexpr std::size_t give_up_after = 6;
/// eMule bans who asks six times for files that it does not have.
constexpr std::array<instant, 2> named_again_lacks{std::chrono::seconds(10),
                                                   std::chrono::seconds(40)};

} // namespace

std::optional<source_id> source_book::add(const endpoint& contact, client_id low, instant now) {
  for (auto& [id, e] : entries_) {
    const bool same =
        contact.port != 0 ? e.contact == contact : e.contact.port == 0 && e.low == low;
    if (!same) continue;
    // Whoever names it has seen it lately.
    if (e.lacks > 0 && e.lacks <= named_again_lacks.size())
      e.lacks_until = std::min(e.lacks_until, e.lacked_at + named_again_lacks[e.lacks - 1]);
    if (e.now == state::idle && e.failures > 0) {
      e.failures = e.failures >= give_up_after ? 0 : e.failures;
      e.try_at = std::min(e.try_at, now + named_again_retry);
    }
    return std::nullopt;
  }
  if (entries_.size() >= limits::max_sources) return std::nullopt;
  entry e;
  e.id = next_id_++;
  e.contact = contact;
  e.low = low;
  e.try_at = now;
  entries_.emplace(e.id, e);
  return e.id;
}

std::vector<source_book::entry> source_book::due(instant now) {
  std::vector<entry> out;
  auto busy = count(state::dialling) + count(state::connected);
  for (auto& [id, e] : entries_) {
    if (busy >= limits::max_connected_sources) break;
    if (e.now != state::idle || e.contact.port == 0 || e.failures >= give_up_after ||
        now < std::max({e.try_at, e.not_before, e.lacks_until}))
      continue;
    e.now = state::dialling;
    out.push_back(e);
    ++busy;
  }
  return out;
}

std::optional<source_id> source_book::recognise(const md4_digest& user_hash, client_id id,
                                                const endpoint& contact) const {
  for (const auto& [key, e] : entries_) {
    if (e.now == state::banned) continue;
    if (e.user_hash && *e.user_hash == user_hash) return key;
    if (e.contact.port != 0 ? e.contact == contact : id.is_low() && e.low == id) return key;
  }
  return std::nullopt;
}

void source_book::connected(source_id id, const md4_digest& user_hash) {
  auto* e = get(id);
  if (e == nullptr) return;
  e->now = state::connected;
  e->user_hash = user_hash;
}

void source_book::ended(source_id id, end how, instant now) {
  auto* e = get(id);
  if (e == nullptr || e->now == state::banned) return;
  e->now = state::idle;
  switch (how) {
  case end::giving:
    e->failures = 0;
    e->lacks = 0;
    e->slot_lost = true;
    e->try_at = now + lost_slot_retry;
    return;
  case end::queued:
    e->failures = 0;
    // One that queued us dials when it is our turn; we ask again when etiquette allows.
    e->try_at = std::max(now + first_retry,
                         e->slot_asked_at ? *e->slot_asked_at + limits::min_reask_time : now);
    return;
  case end::useless:
    // A question for a slot that was never answered (aMule was restarted meanwhile) does not count.
    e->slot_asked_at.reset();
    ++e->failures;
    const auto longest = e->slot_lost ? longest_lost_slot_retry : longest_retry;
    e->try_at = now + std::min(longest, first_retry * (1 << std::min<std::size_t>(e->failures, 7)));
  }
}

void source_book::lacks_file(source_id id, instant now) {
  auto* e = get(id);
  if (e == nullptr) return;
  ++e->lacks;
  e->lacked_at = now;
  e->lacks_until = now + limits::min_reask_time;
}

void source_book::postpone(source_id id, instant until) {
  if (auto* e = get(id)) e->not_before = until;
}

bool source_book::strike(source_id id) {
  auto* e = get(id);
  if (e == nullptr) return false;
  if (++e->strikes >= limits::max_strikes) e->now = state::banned;
  return e->now == state::banned;
}

void source_book::ban(source_id id) {
  if (auto* e = get(id)) e->now = state::banned;
}

void source_book::slot_asked(source_id id, instant now) {
  auto* e = get(id);
  if (e == nullptr) return;
  e->slot_asked_at = now;
  e->slot_lost = false;
}

bool source_book::may_ask_slot(source_id id, instant now) const {
  const auto* e = find(id);
  return e != nullptr &&
         (!e->slot_asked_at || e->slot_lost || now - *e->slot_asked_at >= limits::min_reask_time);
}

void source_book::sources_asked(source_id id, instant now) {
  if (auto* e = get(id)) e->sources_asked_at = now;
}

bool source_book::may_ask_sources(source_id id, instant now) const {
  const auto* e = find(id);
  return e != nullptr &&
         (!e->sources_asked_at || now - *e->sources_asked_at >= limits::source_exchange_interval);
}

source_book::entry* source_book::get(source_id id) {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second;
}

const source_book::entry* source_book::find(source_id id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second;
}

std::size_t source_book::count(state s) const {
  return static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(),
                                                [&](const auto& e) { return e.second.now == s; }));
}

std::size_t source_book::hopeful() const {
  return static_cast<std::size_t>(
      std::count_if(entries_.begin(), entries_.end(), [](const auto& e) {
        const bool lacks = e.second.lacks > 0 && e.second.now == state::idle;
        return e.second.now != state::banned && e.second.failures < give_up_after && !lacks;
      }));
}

} // namespace interswarm::ed2k
