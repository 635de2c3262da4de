#include "actors/services/payer_book.hpp"

#include <algorithm>

namespace interswarm::services {

namespace {

bytes payer_key_of(const slice& id) { return {id.view().begin(), id.view().end()}; }

} // namespace

const msg::publication* payer_of(const std::vector<msg::publication>& all) {
  const auto open = std::find_if(all.begin(), all.end(), [](const auto& p) { return p.open; });
  if (open != all.end()) return &*open;
  return all.empty() ? nullptr : &all.front();
}

void payer_book::note(const slice& content_id, const std::string& tenant) {
  const std::lock_guard guard(mutex_);
  const auto key = payer_key_of(content_id);
  if (tenants_.size() >= max_contents_ && !tenants_.contains(key)) tenants_.erase(tenants_.begin());
  tenants_.insert_or_assign(key, tenant);
}

std::string payer_book::of(const slice& content_id) const {
  const std::lock_guard guard(mutex_);
  const auto found = tenants_.find(payer_key_of(content_id));
  return found == tenants_.end() ? std::string() : found->second;
}

} // namespace interswarm::services
