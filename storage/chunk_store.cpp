#include "storage/chunk_store.hpp"

#include "schema/base/encoding.hpp"

#include <algorithm>
#include <unordered_map>

namespace interswarm {

namespace {

struct name_hash {
  std::size_t operator()(const chunk_name& n) const noexcept {
    std::size_t out = 0;
    std::memcpy(&out, n.data(), sizeof out);
    return out;
  }
};

chunk_head head_of(byte_view data) {
  return {static_cast<std::uint32_t>(data.size()), bep52_leaves(data)};
}

std::uint64_t head_bytes(std::uint32_t size) {
  return chunk_head::fixed_bytes + (size + bep52_leaf_size - 1) / bep52_leaf_size * 32;
}

std::uint64_t image_bytes(std::uint32_t size) { return head_bytes(size) + size; }

result<std::string> holder_text(byte_view holder) {
  if (holder.empty() || holder.size() > limits::holder_bytes) {
    return fail(errc::malformed, "a holder of chunks has a name of 1 to " +
                                     std::to_string(limits::holder_bytes) + " bytes");
  }
  return to_hex(holder);
}

tl::unexpected<error> damaged(const chunk_name& name) {
  return fail(errc::refuted, "chunk " + to_hex(name) + " is damaged on this node's disk");
}

} // namespace

result<std::unique_ptr<chunk_store>> chunk_store::open(std::unique_ptr<chunk_backend> backend,
                                                       const std::string& index_path,
                                                       std::uint64_t quota_bytes, std::int64_t now,
                                                       std::uint64_t max_chunks) {
  auto index = chunk_index::open(index_path);
  if (!index) return tl::unexpected(index.error());
  std::unique_ptr<chunk_store> out(
      new chunk_store(std::move(backend), std::move(*index), quota_bytes, max_chunks));
  if (auto ok = out->reconcile(now); !ok) return tl::unexpected(ok.error());
  return out;
}

result<void> chunk_store::reconcile(std::int64_t now) {
  std::unordered_map<chunk_name, std::uint64_t, name_hash> there;
  auto listed = backend_->each([&](const chunk_name& name, std::uint64_t size) {
    there.emplace(name, size);
    used_ += size;
  });
  if (!listed) return listed;
  if (there.size() > max_chunks_) return fail(errc::too_large, "too many chunks in one store");
  chunks_ = there.size();
  std::vector<chunk_name> lost;
  std::optional<chunk_name> after;
  for (;;) {
    const auto page = index_->list(after, limits::chunk_listing);
    if (!page) return tl::unexpected(page.error());
    for (const auto& s : *page) {
      if (there.erase(s.name) == 0 && s.condition != chunk_condition::lost) lost.push_back(s.name);
    }
    if (page->size() < limits::chunk_listing) break;
    after = page->back().name;
  }
  for (const auto& name : lost) {
    if (auto ok = index_->set_condition(name, chunk_condition::lost, {}); !ok)
      return tl::unexpected(ok.error());
  }
  // Written, but the process ended before the index heard of it; or the index was lost.
  std::vector<chunk_state> adopted;
  for (const auto& [name, size] : there) {
    const auto image = backend_->read(name, 0, chunk_head::max_bytes);
    if (!image) return tl::unexpected(image.error());
    const auto head = chunk_head::decode(*image, name);
    if (!head || head->image_bytes() != size) {
      // Never acknowledged, so nobody misses it.
      if (auto ok = backend_->erase(name); !ok) return ok;
      used_ -= size;
      --chunks_;
      continue;
    }
    adopted.push_back({name, head->size, now, 0, chunk_condition::good, now});
    if (adopted.size() < limits::chunk_listing) continue;
    if (auto ok = index_->add_all(adopted); !ok) return ok;
    adopted.clear();
  }
  return index_->add_all(adopted);
}

void chunk_store::note(const chunk_name& name, chunk_condition c) const {
  // If this cannot be written down now, the next scrub finds it again.
  static_cast<void>(index_->set_condition(name, c, {}));
}

result<void> chunk_store::write(const chunk_name& name, const chunk_head& head, byte_view data) {
  const auto size = head.image_bytes();
  if (used_.fetch_add(size) + size > quota_ || chunks_.load() >= max_chunks_) {
    used_ -= size;
    return fail(errc::no_room, "this storage node is full (quota " + std::to_string(quota_) +
                                   " bytes); raise the quota or add a node");
  }
  const auto encoded = head.encode();
  const std::array<byte_view, 2> image{encoded, data};
  auto written = backend_->write(name, image);
  if (!written) used_ -= size;
  return written;
}

result<void> chunk_store::put(const chunk_name& name, byte_view data, byte_view holder,
                              std::int64_t now) {
  if (data.empty() || data.size() > chunk_bytes)
    return fail(errc::malformed, "a chunk has 1 to 4194304 bytes");
  const auto who = holder_text(holder);
  if (!who) return tl::unexpected(who.error());
  const auto head = head_of(data);
  if (bep52_root(head.leaves, chunk_leaves) != name)
    return fail(errc::refuted, "these bytes are not chunk " + to_hex(name));
  const std::lock_guard lock(stripe(name));
  const auto known = index_->find(name);
  if (!known) return tl::unexpected(known.error());
  if (*known && (*known)->condition == chunk_condition::good) {
    const auto missing = index_->hold({name}, *who);
    if (!missing) return tl::unexpected(missing.error());
    if (missing->empty()) return {};
  }
  const chunk_state fresh{name, head.size, now, now, chunk_condition::good, 0};
  if (auto ok = write(name, head, data); !ok) return ok;
  // The image whose place this takes was counted too.
  if (*known && (*known)->condition != chunk_condition::lost)
    used_ -= image_bytes((*known)->size);
  else
    ++chunks_;
  auto entered = index_->add(fresh, *who);
  if (!entered && !*known && backend_->erase(name)) {
    used_ -= head.image_bytes();
    --chunks_;
  }
  return entered;
}

result<std::vector<chunk_name>> chunk_store::hold(const std::vector<chunk_name>& names,
                                                  byte_view holder) {
  if (names.size() > limits::chunk_batch)
    return fail(errc::too_large, "too many chunks in one request");
  const auto who = holder_text(holder);
  if (!who) return tl::unexpected(who.error());
  return index_->hold(names, *who);
}

result<std::uint64_t> chunk_store::release(byte_view holder, std::int64_t now) {
  const auto who = holder_text(holder);
  if (!who) return tl::unexpected(who.error());
  return index_->release(*who, now);
}

result<void> chunk_store::remove(const std::vector<chunk_name>& names, std::int64_t now) {
  if (names.size() > limits::chunk_batch)
    return fail(errc::too_large, "too many chunks in one request");
  return index_->release_all(names, now);
}

result<std::vector<bytes>> chunk_store::holders(byte_view after, std::size_t limit) const {
  const auto found = index_->holders(to_hex(after), std::min(limit, limits::chunk_listing));
  if (!found) return tl::unexpected(found.error());
  std::vector<bytes> out;
  for (const auto& text : *found) out.push_back(from_hex(text).value_or(bytes{}));
  return out;
}

result<slice> chunk_store::get(const chunk_name& name, byte_range range) const {
  return read(name, [&](std::uint64_t) { return range; });
}

result<slice> chunk_store::get_all(const chunk_name& name) const {
  return read(name, [](std::uint64_t size) { return byte_range{0, size}; });
}

result<slice> chunk_store::get_unchecked(const chunk_name& name,
                                         std::optional<byte_range> range) const {
  const auto known = index_->find(name);
  if (!known) return tl::unexpected(known.error());
  if (!*known) return fail(errc::not_found, "this chunk is not stored here");
  const auto size = (*known)->size;
  const auto wanted = range.value_or(byte_range{0, size});
  if (wanted.begin > wanted.end || wanted.end > size)
    return fail(errc::malformed, "the range passes the end of the chunk");
  auto data = backend_->read(name, head_bytes(size) + wanted.begin, wanted.size());
  if (!data || data->size() == wanted.size()) return data;
  note(name, chunk_condition::damaged);
  return damaged(name);
}

result<bytes> chunk_store::leaves(const chunk_name& name) const {
  auto found = head(name);
  if (!found) return tl::unexpected(found.error());
  return std::move(found->leaves);
}

result<chunk_head> chunk_store::head(const chunk_name& name) const {
  const auto image = backend_->read(name, 0, chunk_head::max_bytes);
  if (!image) return tl::unexpected(image.error());
  auto out = chunk_head::decode(*image, name);
  if (out) return out;
  note(name, chunk_condition::damaged);
  return damaged(name);
}

template <class Range>
result<slice> chunk_store::read(const chunk_name& name, Range wanted) const {
  const auto found = head(name);
  if (!found) return tl::unexpected(found.error());
  const byte_range range = wanted(found->size);
  if (range.begin > range.end || range.end > found->size)
    return fail(errc::malformed, "the range passes the end of the chunk");
  // Whole leaves can be checked.
  const auto from = range.begin / bep52_leaf_size * bep52_leaf_size;
  const auto to = std::min<std::uint64_t>(found->size, (range.end + bep52_leaf_size - 1) /
                                                           bep52_leaf_size * bep52_leaf_size);
  if (range.empty()) return slice{};
  auto data = backend_->read(name, found->encoded_bytes() + from, to - from);
  if (!data) return data;
  if (data->size() != to - from || !found->matches(from, *data)) {
    note(name, chunk_condition::damaged);
    return damaged(name);
  }
  return data->sub(range.begin - from, range.size());
}

result<std::optional<chunk_state>> chunk_store::find(const chunk_name& name) const {
  return index_->find(name);
}

result<std::vector<chunk_state>> chunk_store::list(const std::optional<chunk_name>& after,
                                                   std::size_t limit) const {
  return index_->list(after, std::min(limit, limits::chunk_listing));
}

result<chunk_condition> chunk_store::check(const chunk_name& name, std::int64_t now) {
  const std::lock_guard lock(stripe(name));
  const auto known = index_->find(name);
  if (!known) return tl::unexpected(known.error());
  if (!*known) return fail(errc::not_found, "this chunk is not stored here");
  const auto data = get_all(name);
  auto found = chunk_condition::good;
  if (!data) {
    const auto code = data.error().code;
    if (code != errc::refuted && code != errc::not_found && code != errc::malformed &&
        code != errc::io) // what the disk cannot read is lost too
      return tl::unexpected(data.error());
    found = code == errc::not_found ? chunk_condition::lost : chunk_condition::damaged;
  }
  if (found == chunk_condition::lost && (*known)->condition != chunk_condition::lost) {
    used_ -= image_bytes((*known)->size);
    --chunks_;
  }
  const auto ok = index_->set_condition(name, found, now);
  return ok ? result<chunk_condition>(found) : tl::unexpected(ok.error());
}

result<std::vector<chunk_state>> chunk_store::least_checked(std::size_t limit) const {
  return index_->least_checked(std::min(limit, limits::chunk_listing));
}

result<std::vector<chunk_state>> chunk_store::not_good(std::size_t limit) const {
  return index_->not_good(std::min(limit, limits::chunk_listing));
}

result<std::uint64_t> chunk_store::collect(std::int64_t before, std::size_t limit) {
  const auto names = index_->unheld(before, std::min(limit, limits::chunk_listing));
  if (!names) return tl::unexpected(names.error());
  std::uint64_t removed = 0;
  for (const auto& name : *names) {
    const std::lock_guard lock(stripe(name));
    const auto known = index_->find(name);
    if (!known) return tl::unexpected(known.error());
    // The row first: an image without a row is adopted, a row without an image would be a loss.
    const auto gone = index_->forget_unheld(name, before);
    if (!gone) return tl::unexpected(gone.error());
    if (!*gone) continue;
    if (auto ok = backend_->erase(name); !ok) return tl::unexpected(ok.error());
    if (*known && (*known)->condition != chunk_condition::lost) {
      used_ -= image_bytes((*known)->size);
      --chunks_;
    }
    ++removed;
  }
  return removed;
}

result<chunk_usage> chunk_store::usage() const {
  const auto bad = index_->count_not_good();
  if (!bad) return tl::unexpected(bad.error());
  return chunk_usage{quota_, used_.load(), chunks_.load(), *bad};
}

} // namespace interswarm
