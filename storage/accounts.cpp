#include "storage/accounts.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace interswarm {

result<std::vector<msg::account>> accounts::list(const query& q, const account_period& when,
                                                 std::int64_t now) const {
  const auto limit = std::clamp<std::size_t>(q.limit, 1, limits::listing);
  const bool of_tenants = q.kind == msg::account_kind::tenant;
  // A party learns what it took, not what others are charged for.
  if (of_tenants && !q.scope.party.empty()) return std::vector<msg::account>{};
  const auto takers = served_.names(q.kind, when, q.scope, q.after, limit);
  if (!takers) return tl::unexpected(takers.error());
  std::set<std::string> names(takers->begin(), takers->end());
  if (of_tenants) {
    const auto keepers = kept_.names(q.scope.tenant, q.after, limit);
    if (!keepers) return tl::unexpected(keepers.error());
    names.insert(keepers->begin(), keepers->end());
  }
  std::map<std::string, msg::account> found;
  for (const auto& name : names) {
    if (found.size() == limit) break;
    auto& one = found[name];
    one.kind = q.kind;
    one.name = name;
  }
  if (found.empty()) return std::vector<msg::account>{};
  const account_range who{q.scope, q.after, found.rbegin()->first};
  const auto sent = served_.sums(q.kind, when, who);
  if (!sent) return tl::unexpected(sent.error());
  for (const auto& s : *sent)
    if (const auto at = found.find(s.name); at != found.end())
      at->second.served.push_back({s.overlay, s.bytes});
  if (of_tenants) {
    const auto sums = kept_.sums(when, who);
    if (!sums) return tl::unexpected(sums.error());
    for (const auto& s : *sums) {
      const auto at = found.find(s.tenant);
      if (at == found.end()) continue;
      at->second.byte_seconds_high = s.sum.high;
      at->second.byte_seconds_low = s.sum.low;
    }
    for (auto& [name, one] : found) {
      const auto usage = contents_.usage(name, now);
      if (!usage) return tl::unexpected(usage.error());
      one.stored_bytes = usage->bytes;
      one.publications = usage->publications;
    }
  }
  std::vector<msg::account> out;
  out.reserve(found.size());
  for (auto& [name, one] : found) out.push_back(std::move(one));
  return out;
}

result<std::uint64_t> accounts::prune(std::int64_t before) {
  auto sent = served_.prune(before, false);
  if (!sent) return sent;
  auto kept = kept_.prune(before);
  if (!kept) return kept;
  return *sent + *kept;
}

} // namespace interswarm
