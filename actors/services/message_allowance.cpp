#include "actors/services/message_allowance.hpp"

#include "schema/base/encoding.hpp"

#include <algorithm>

namespace interswarm::services {

namespace {

using namespace std::chrono_literals;

/// An entry of a list costs this even if it is empty.
constexpr std::size_t entry_bytes = 64;
constexpr auto sweep_every = 1s;
constexpr std::chrono::nanoseconds interval = std::chrono::nanoseconds(1s) / messages_per_second;
constexpr std::chrono::nanoseconds burst = interval * messages_at_once;

std::size_t size_of(const msg::name& n) { return n.overlay.size() + n.key.size(); }

std::size_t size_of(const std::vector<msg::name_record>& records) {
  std::size_t out = 0;
  for (const auto& r : records) {
    out += entry_bytes + size_of(r.name) + r.content_id.size() + r.title.size() + r.uri.size() +
           r.metadata.size();
    for (const auto& h : r.hashes) out += entry_bytes + h.hashes.size();
  }
  return out;
}

} // namespace

std::size_t size_of(const msg::message& m) {
  std::size_t out = m.domain.size() + m.find.seeking.size() + size_of(m.find.records) +
                    size_of(m.publish.records) + m.settle.size() * entry_bytes;
  for (const auto& n : m.names.names) out += entry_bytes + size_of(n);
  return out;
}

result<void> message_allowance::begin(const std::string& party, std::size_t bytes, instant now) {
  if (bytes > max_message_bytes)
    return fail(errc::too_large,
                "a message has at most " + std::to_string(max_message_bytes) + " bytes");
  forget_quiet(now);
  auto& a = by_party_[party];
  if (a.in_work >= max_messages_in_work)
    return fail(errc::overloaded, printable(party) + " has " +
                                      std::to_string(max_messages_in_work) +
                                      " messages unanswered; wait for one");
  const auto due = std::max(a.due, now) + interval;
  if (due - now > burst)
    return fail(errc::overloaded, printable(party) + " sends more than " +
                                      std::to_string(messages_per_second) + " messages a second");
  a.due = due;
  ++a.in_work;
  return {};
}

void message_allowance::end(const std::string& party) {
  const auto at = by_party_.find(party);
  if (at != by_party_.end() && at->second.in_work > 0) --at->second.in_work;
}

void message_allowance::forget_quiet(instant now) {
  if (now - swept_at_ < sweep_every) return;
  swept_at_ = now;
  std::erase_if(by_party_,
                [&](const auto& a) { return a.second.in_work == 0 && a.second.due <= now; });
}

} // namespace interswarm::services
