#include "actors/overlays/ppsp/live_book.hpp"

#include "schema/ppsp/limits.hpp"

#include <bit>

namespace interswarm::ppsp {

live_book::live_book(const swarm_terms& terms, live_verifier source, const options& o)
    : terms_(terms), source_(std::move(source)), options_(o) {}

bool live_book::hear(live_heard& from, const chunk_range& at, byte_view hash) {
  const auto bin = bin_of(at);
  const auto digest = tree_digest::from_bytes(terms_.hash, hash);
  if (!bin || !digest || at.size() > max_munro_chunks) return false;
  if (at.end <= floor_) return true;
  if (const auto* known = nodes_.find(at)) return *known == *digest;
  from.hashes.hear(*bin, *digest);
  return true;
}

bool live_book::is_timely(const live_munro& m, unix_time now) const {
  if (m.at > now + options_.max_ahead) return false;
  if (munros_.empty()) return m.at + options_.max_age >= now;
  const auto after = munros_.upper_bound(m.chunks.begin);
  if (after != munros_.end() && after->second.at < m.at) return false;
  return after == munros_.begin() || std::prev(after)->second.at <= m.at;
}

bool live_book::is_signed(const live_munro& m, byte_view what) const {
  const auto text =
      signed_bytes(options_.form, m.chunks, terms_.speech().address, m.signed_at, what);
  return source_.verify(text, m.signature);
}

live_book::verdict live_book::hear(live_heard& from, const signed_integrity& s, unix_time now) {
  live_munro m{s.chunks, tree_digest(terms_.hash), s.signed_at,
               time_of_signed(options_.form, s.signed_at, now),
               bytes(s.signature.begin(), s.signature.end())};
  const auto size = m.chunks.size();
  if (!bin_of(m.chunks) || size > max_munro_chunks || (size == 1) != signs_all())
    return verdict::refuted;
  if (m.chunks.end <= floor_) return verdict::known;
  if (const auto* known = munro_above(m.chunks.begin); known != nullptr)
    return known->chunks == m.chunks ? verdict::known : verdict::refuted;
  if (!is_timely(m, now)) return verdict::untimely;
  if (signs_all()) {
    from.signatures.insert_or_assign(m.chunks.begin, std::move(m));
    if (from.signatures.size() > live_heard::max_signatures)
      from.signatures.erase(from.signatures.begin());
    return verdict::accepted;
  }
  const auto* hash = from.hashes.find(*bin_of(m.chunks));
  if (hash == nullptr) return verdict::hashless;
  m.hash = *hash;
  if (munro_chunks_ != 0 && size != munro_chunks_) return verdict::refuted;
  if (!is_signed(m, m.hash.view())) return verdict::refuted;
  from.hashes.erase(*bin_of(m.chunks));
  nodes_.add({m.chunks, m.hash});
  take(std::move(m));
  return verdict::accepted;
}

judgement live_book::judge(live_heard& from, std::uint64_t chunk, byte_view payload,
                           unix_time now) {
  if (chunk < floor_) return judgement::unproved;
  if (signs_all()) {
    // One that is proved already is not told apart from it again: its bytes are not kept here.
    const auto claimed = from.signatures.find(chunk);
    if (claimed == from.signatures.end()) return judgement::unproved;
    auto m = std::move(claimed->second);
    from.signatures.erase(claimed);
    if (!is_signed(m, payload)) return judgement::refuted;
    if (!is_timely(m, now)) return judgement::unproved;
    take(std::move(m));
    return judgement::good;
  }
  const auto* munro = munro_above(chunk);
  if (munro == nullptr) return judgement::unproved;
  std::vector<tree_node> learned;
  const auto out = nodes_.judge(terms_.hash, from.hashes, chunk, payload, munro->chunks, &learned);
  for (const auto& n : learned)
    if (n.hash.is_zero()) absent_.add({n.chunks.begin, n.chunks.end});
  return out;
}

void live_book::add(const live_munro& m, const std::vector<tree_node>& nodes) {
  for (const auto& n : nodes) {
    nodes_.add(n);
    if (n.hash.is_zero()) absent_.add({n.chunks.begin, n.chunks.end});
  }
  take(m);
}

/// It is proved; the window moves on with the newest.
void live_book::take(live_munro m) {
  munro_chunks_ = m.chunks.size();
  munros_.insert_or_assign(m.chunks.begin, std::move(m));
  const auto window = terms_.live_window.value_or(everything);
  if (edge() <= window) return;
  floor_ = std::max(floor_, edge() - window);
  while (!munros_.empty() && munros_.begin()->second.chunks.end <= floor_) {
    if (!signs_all()) nodes_.forget(munros_.begin()->second.chunks);
    munros_.erase(munros_.begin());
  }
  absent_.remove({0, floor_});
}

const live_munro* live_book::munro_above(std::uint64_t chunk) const {
  auto after = munros_.upper_bound(chunk);
  if (after == munros_.begin()) return nullptr;
  const auto& m = std::prev(after)->second;
  return m.chunks.contains(chunk) ? &m : nullptr;
}

const live_munro* live_book::newest() const {
  return munros_.empty() ? nullptr : &munros_.rbegin()->second;
}

} // namespace interswarm::ppsp
