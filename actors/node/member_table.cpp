#include "actors/node/member_table.hpp"

#include "schema/base/encoding.hpp"

#include <algorithm>

namespace interswarm {

namespace {

constexpr std::size_t max_id_bytes = 63;
constexpr std::size_t max_text_bytes = 512;
constexpr std::size_t max_doors = 64;

bool sound(const msg::member& m) {
  const auto clean = [](const std::string& text, std::size_t most) {
    return text.size() <= most && printable(text, text.size()) == text;
  };
  return !m.id.empty() && clean(m.id, max_id_bytes) && clean(m.address, max_text_bytes) &&
         m.doors.size() <= max_doors && m.roles.size() <= 8 &&
         std::all_of(m.doors.begin(), m.doors.end(), [&](const msg::door& d) {
           return clean(d.overlay, max_id_bytes) && clean(d.address, max_text_bytes) &&
                  clean(d.kind, max_id_bytes);
         });
}

} // namespace

bool has_role(const msg::member& m, msg::role role) {
  return std::find(m.roles.begin(), m.roles.end(), role) != m.roles.end();
}

result<void> member_table::heard(const std::vector<msg::member>& told, instant now) {
  if (told.empty() || !std::all_of(told.begin(), told.end(), sound))
    return fail(errc::malformed, "the members told are none");
  if (told.size() > max_members) return fail(errc::too_large, "a cluster has at most 1000 members");
  const auto& caller = told.front();
  const auto known = others_.find(caller.id);
  const bool taken = caller.id == own_.id ? caller.instance != own_.instance
                                          : known != others_.end() &&
                                                known->second.member.instance != caller.instance &&
                                                now - known->second.grew_at < timing_.alive;
  if (taken)
    return fail(errc::conflict, "another living process of the cluster has the id \"" + caller.id +
                                    "\"; give each node a [node] domain of its own");
  if (known != others_.end() && known->second.member.instance != caller.instance)
    others_.erase(known);
  for (const auto& m : told) take(m, now);
  return {};
}

bool member_table::is_echo(const msg::member& m) const {
  const auto at = forgotten_.find(m.id);
  if (at == forgotten_.end()) return false;
  const auto& last = at->second.member;
  return m.instance == last.instance ? m.beat <= last.beat : m.instance < last.instance;
}

void member_table::take(const msg::member& m, instant now) {
  if (m.id == own_.id || is_echo(m)) return;
  forgotten_.erase(m.id);
  const auto known = others_.find(m.id);
  if (known == others_.end()) {
    if (others_.size() + 1 < max_members) others_.emplace(m.id, entry{m, now});
    return;
  }
  auto& e = known->second;
  // Word of a former life of a member may come later than the member itself: the newer one began
  // later, and instances grow with time.
  const bool newer =
      m.instance == e.member.instance ? m.beat > e.member.beat : m.instance > e.member.instance;
  if (newer) e = {m, now};
}

std::vector<std::string> member_table::forget_silent(instant now) {
  std::vector<std::string> out;
  for (const auto& [id, e] : others_)
    if (now - e.grew_at > timing_.silence) out.push_back(id);
  std::erase_if(forgotten_, [&](const auto& f) { return now - f.second.grew_at > timing_.memory; });
  for (const auto& id : out) {
    if (forgotten_.size() < max_members) forgotten_.insert_or_assign(id, others_.at(id));
    others_.erase(id);
  }
  return out;
}

std::vector<msg::member> member_table::all() const {
  std::vector<msg::member> out{own_};
  for (const auto& [id, e] : others_) out.push_back(e.member);
  return out;
}

const msg::member* member_table::find(const std::string& id) const {
  if (id == own_.id) return &own_;
  const auto at = others_.find(id);
  return at == others_.end() ? nullptr : &at->second.member;
}

std::string member_table::leader(msg::role role) const {
  std::string out;
  for (const auto& m : all())
    if (has_role(m, role) && (out.empty() || m.id < out)) out = m.id;
  return out;
}

} // namespace interswarm
