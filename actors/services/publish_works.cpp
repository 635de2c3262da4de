#include "actors/services/storage_service.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>
#include <openssl/rand.h>
#include <stdexcept>

namespace interswarm::services {

namespace {

constexpr std::size_t random_bytes = 16;
constexpr std::size_t holder_size = 1 + 8 + random_bytes;

} // namespace

result<void> publish_works::admit(const std::string& tenant) const {
  const auto own = std::count_if(works_.begin(), works_.end(),
                                 [&](const auto& w) { return w.second.tenant == tenant; });
  if (works_.size() >= max_works || static_cast<std::size_t>(own) >= max_works_per_tenant)
    return fail(errc::overloaded, "too many publications are at work here; try again later");
  return {};
}

void publish_works::add(const slice& id, entry e) { works_[to_hex(id)] = std::move(e); }

publish_works::entry* publish_works::find(const slice& id, const std::string& tenant) {
  const auto at = works_.find(to_hex(id));
  return at == works_.end() || at->second.tenant != tenant ? nullptr : &at->second;
}

slice publish_works::find_upload(const slice& identity, const std::string& tenant) const {
  const auto at = std::find_if(works_.begin(), works_.end(), [&](const auto& w) {
    return w.second.uploading && w.second.tenant == tenant && w.second.identity == identity;
  });
  return at == works_.end() ? slice() : slice(from_hex(at->first).value_or(bytes{}));
}

void publish_works::forget(const slice& id) { works_.erase(to_hex(id)); }

void publish_works::sweep(std::chrono::steady_clock::time_point now) {
  std::erase_if(works_, [&](const auto& w) { return now - w.second.touched > ctx_.linger; });
}

std::vector<std::pair<slice, publish_works::entry>> publish_works::pulls() const {
  std::vector<std::pair<slice, entry>> out;
  for (const auto& [id, e] : works_)
    if (!e.uploading) out.emplace_back(slice(from_hex(id).value_or(bytes{})), e);
  return out;
}

slice new_upload_holder(std::int64_t now) {
  bytes out{'u'};
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<byte>(now >> shift));
  out.resize(holder_size);
  if (RAND_bytes(out.data() + holder_size - random_bytes, random_bytes) != 1)
    throw std::runtime_error("the system gives no random bytes");
  return slice(std::move(out));
}

std::optional<std::int64_t> upload_begun(byte_view holder) {
  if (holder.size() != holder_size || holder[0] != 'u') return std::nullopt;
  std::uint64_t out = 0;
  for (std::size_t i = 1; i < 9; ++i) out = (out << 8) | holder[i];
  return static_cast<std::int64_t>(out);
}

} // namespace interswarm::services
