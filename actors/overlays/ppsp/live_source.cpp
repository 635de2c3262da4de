#include "actors/overlays/ppsp/live_source.hpp"

#include <algorithm>
#include <bit>

namespace interswarm::ppsp {

result<live_source> live_source::make(const swarm_terms& terms, live_signer signer,
                                      const options& o) {
  if (!is_live(terms.integrity) || terms.id != signer.swarm_id() || terms.chunk_bytes == 0)
    return fail(errc::configuration, "a live source's terms are not those of its key");
  if (o.munro_chunks < 2 || o.munro_chunks > live_book::max_munro_chunks ||
      !std::has_single_bit(o.munro_chunks))
    return fail(errc::configuration, "chunks per signature must be a power of two, 2 to 4096");
  auto own = o;
  if (terms.integrity == integrity_method::sign_all) own.munro_chunks = 1;
  if (o.first_chunk > address_limit(terms.addressing, terms.chunk_bytes) - own.munro_chunks)
    return fail(errc::configuration, "a live source's chunks cannot be named any more");
  return live_source(terms, std::move(signer), own);
}

live_source::live_source(const swarm_terms& terms, live_signer signer, const options& o)
    : terms_(terms), signer_(std::move(signer)), options_(o),
      next_((o.first_chunk + o.munro_chunks - 1) / o.munro_chunks * o.munro_chunks) {}

result<std::vector<live_batch>> live_source::push(byte_view more, unix_time now) {
  append(waiting_, more);
  const auto whole = static_cast<std::size_t>(options_.munro_chunks * terms_.chunk_bytes);
  std::vector<live_batch> out;
  std::size_t at = 0;
  for (; waiting_.size() - at >= whole; at += whole) {
    auto batch = sign(byte_view(waiting_).subspan(at, whole), now);
    if (!batch) {
      waiting_.clear();
      return tl::unexpected(batch.error());
    }
    out.push_back(std::move(*batch));
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(at));
  return out;
}

result<std::optional<live_batch>> live_source::flush(unix_time now) {
  if (waiting_.empty()) return std::optional<live_batch>{};
  const auto rest = std::exchange(waiting_, {});
  auto batch = sign(rest, now);
  if (!batch) return tl::unexpected(batch.error());
  return std::optional<live_batch>(std::move(*batch));
}

result<live_batch> live_source::sign(byte_view payload, unix_time now) {
  const auto count = options_.munro_chunks;
  if (next_ + count > address_limit(terms_.addressing, terms_.chunk_bytes))
    return fail(errc::too_large, "a live source's chunks cannot be named any more");
  live_batch out;
  for (std::size_t at = 0; at < payload.size(); at += terms_.chunk_bytes) {
    const auto part =
        payload.subspan(at, std::min<std::size_t>(terms_.chunk_bytes, payload.size() - at));
    out.chunks.emplace_back(part.begin(), part.end());
  }
  auto& m = out.munro;
  m.chunks = {next_, next_ + count};
  // A clock that was set back does not undo what was signed before.
  last_ = std::max(now, last_ + unix_time(1));
  m.at = last_;
  m.signed_at = signed_time(options_.form, m.at);
  m.hash = tree_digest(terms_.hash);
  if (count > 1) {
    std::vector<tree_digest> layer;
    for (const auto& c : out.chunks) layer.push_back(chunk_hash(terms_.hash, c));
    layer.resize(count, tree_digest(terms_.hash));
    for (std::uint64_t width = 1;; width *= 2) {
      for (std::size_t i = 0; i < layer.size(); ++i)
        out.nodes.push_back({{next_ + i * width, next_ + (i + 1) * width}, layer[i]});
      if (layer.size() == 1) break;
      for (std::size_t i = 0; i < layer.size() / 2; ++i)
        layer[i] = parent_hash(terms_.hash, layer[2 * i], layer[2 * i + 1]);
      layer.resize(layer.size() / 2);
    }
    m.hash = layer.front();
  }
  const byte_view what = count > 1 ? m.hash.view() : byte_view(out.chunks.front());
  auto signature = signer_.sign(
      signed_bytes(options_.form, m.chunks, terms_.speech().address, m.signed_at, what));
  if (!signature) return tl::unexpected(signature.error());
  m.signature = std::move(*signature);
  next_ += count;
  return out;
}

} // namespace interswarm::ppsp
