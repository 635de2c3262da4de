#include "storage/hash_lanes.hpp"

#include "storage/digest_context.hpp"

#include <algorithm>
#include <functional>
#include <mutex>

namespace interswarm {

namespace {

/// Digests by index, written from several threads.
class digest_sink {
public:
  explicit digest_sink(std::size_t digest_bytes) : digest_bytes_(digest_bytes) {}

  void put(std::uint64_t index, byte_view digests) {
    const std::lock_guard lock(mutex_);
    const auto at = index * digest_bytes_;
    if (data_.size() < at + digests.size()) data_.resize(at + digests.size());
    std::copy(digests.begin(), digests.end(), data_.begin() + static_cast<std::ptrdiff_t>(at));
  }
  bytes take() { return std::move(data_); }

private:
  std::mutex mutex_;
  std::size_t digest_bytes_;
  bytes data_;
};

/// One digest over the whole content.
class whole_lane final : public hash_lane {
public:
  using store = std::function<void(content_hashes&, byte_view)>;
  whole_lane(hash_algorithm a, store s) : context_(a), store_(std::move(s)) {}

  bool in_order() const override { return true; }
  void consume(std::uint64_t, byte_view block) override { context_.update(block); }
  void finish(content_hashes& out) override {
    bytes digest(context_.size());
    context_.finish(digest.data());
    store_(out, digest);
  }

private:
  digest_context context_;
  store store_;
};

struct unit_layout {
  hash_algorithm algorithm;
  std::uint64_t unit;
  std::uint64_t period; // units start anew after it; no bound when never
};

/// Digests of consecutive units: those whose index is `phase` modulo `stride`. The lane of phase 0
/// stores the list.
class unit_lane final : public hash_lane {
public:
  using store = std::function<void(content_hashes&, bytes)>;
  unit_lane(unit_layout layout, unsigned phase, unsigned stride, std::shared_ptr<digest_sink> sink,
            store s)
      : layout_(layout), phase_(phase), stride_(stride), sink_(std::move(sink)),
        store_(std::move(s)), context_(layout.algorithm) {}

  bool in_order() const override { return true; }

  void consume(std::uint64_t, byte_view block) override {
    while (!block.empty()) {
      const auto left = std::min(layout_.unit - in_unit_, layout_.period - in_period_);
      const auto part =
          block.first(static_cast<std::size_t>(std::min<std::uint64_t>(left, block.size())));
      block = block.subspan(part.size());
      if (index_ % stride_ == phase_) context_.update(part);
      in_unit_ += part.size();
      in_period_ += part.size();
      if (part.size() == left) close_unit();
    }
  }

  void finish(content_hashes& out) override {
    if (in_unit_ != 0) close_unit();
    // Lanes are finished in the order they were made, so the last phase sees a complete list.
    if (phase_ + 1 == stride_) store_(out, sink_->take());
  }

private:
  void close_unit() {
    if (index_ % stride_ == phase_) {
      byte digest[32];
      context_.finish(digest);
      sink_->put(index_, byte_view(digest, context_.size()));
    }
    ++index_;
    in_unit_ = 0;
    if (in_period_ == layout_.period) in_period_ = 0;
  }

  unit_layout layout_;
  unsigned phase_;
  unsigned stride_;
  std::shared_ptr<digest_sink> sink_;
  store store_;
  digest_context context_;
  std::uint64_t index_ = 0;
  std::uint64_t in_unit_ = 0;
  std::uint64_t in_period_ = 0;
};

class bep52_lane final : public hash_lane {
public:
  bool in_order() const override { return false; }
  void consume(std::uint64_t offset, byte_view block) override {
    static_assert(block_size % bep52_leaf_size == 0);
    leaves_.put(offset / bep52_leaf_size, bep52_leaves(block));
  }
  void finish(content_hashes& out) override {
    out.bep52_leaves = leaves_.take();
    out.content_id = bep52_root(out.bep52_leaves);
  }

private:
  digest_sink leaves_{32};
};

/// RFC 7574 tree over 1 KiB chunks, folded to one node for each 64 KiB as the chunks come.
class ppspp_lane final : public hash_lane {
public:
  ppspp_lane(hash_algorithm a, std::optional<ppspp_tree> content_hashes::*where)
      : algorithm_(a), nodes_(digest_size(a)), where_(where) {}

  bool in_order() const override { return false; }

  void consume(std::uint64_t offset, byte_view block) override {
    constexpr auto group_bytes = ppspp_tree::group_chunks * ppspp_chunk_size;
    static_assert(block_size % group_bytes == 0);
    const auto size = digest_size(algorithm_);
    bytes leaves((block.size() + ppspp_chunk_size - 1) / ppspp_chunk_size * size);
    digest_context context(algorithm_);
    auto* out = leaves.data();
    for (auto rest = block; !rest.empty(); out += size) {
      const auto chunk = rest.first(std::min<std::size_t>(rest.size(), ppspp_chunk_size));
      rest = rest.subspan(chunk.size());
      context.update(chunk);
      context.finish(out);
    }
    const auto open_chunks = leaves.size() / size % ppspp_tree::group_chunks;
    if (open_chunks != 0)
      tail_.assign(leaves.end() - static_cast<std::ptrdiff_t>(open_chunks * size), leaves.end());
    // Every level has an even number of whole pairs but for the content's very end, which zeroes
    // pad.
    for (auto width = ppspp_tree::group_chunks; width > 1; width /= 2)
      leaves = ppspp_parents(algorithm_, leaves);
    nodes_.put(offset / group_bytes, leaves);
  }

  void finish(content_hashes& out) override {
    if (out.size == 0) return;
    const auto chunks = (out.size + ppspp_chunk_size - 1) / ppspp_chunk_size;
    out.*where_ = ppspp_tree{algorithm_, chunks, nodes_.take(), std::move(tail_)};
  }

private:
  hash_algorithm algorithm_;
  digest_sink nodes_;
  bytes tail_; // written by the one block that ends the content
  std::optional<ppspp_tree> content_hashes::*where_;
};

using lanes = std::vector<std::unique_ptr<hash_lane>>;

template <class Digest>
void add_whole(lanes& out, hash_algorithm a, std::optional<Digest> content_hashes::*where) {
  out.push_back(std::make_unique<whole_lane>(a, [where](content_hashes& h, byte_view digest) {
    std::copy(digest.begin(), digest.end(), (h.*where).emplace().begin());
  }));
}

void add_units(lanes& out, const unit_layout& layout, unsigned stride, const unit_lane::store& s) {
  const auto sink = std::make_shared<digest_sink>(digest_size(layout.algorithm));
  for (unsigned phase = 0; phase < stride; ++phase) {
    out.push_back(std::make_unique<unit_lane>(layout, phase, stride, sink, s));
  }
}

} // namespace

std::vector<std::unique_ptr<hash_lane>> make_hash_lanes(const hash_plan& plan, unsigned stride) {
  constexpr auto never = ~std::uint64_t{0};
  lanes out;
  // The slowest sequential functions first: among lanes equally far behind the scheduler takes the
  // first.
  if (plan.md5) add_whole(out, hash_algorithm::md5, &content_hashes::md5);
  if (plan.sha256) add_whole(out, hash_algorithm::sha256, &content_hashes::sha256);
  if (plan.sha1) add_whole(out, hash_algorithm::sha1, &content_hashes::sha1);
  if (plan.ed2k) {
    add_units(out, {hash_algorithm::md4, ed2k_part_size, never}, stride,
              [](content_hashes& h, bytes parts) {
                h.ed2k_red = ed2k_hash(parts, h.size, ed2k_variant::red);
                h.ed2k_blue = ed2k_hash(parts, h.size, ed2k_variant::blue);
                h.ed2k_parts = std::move(parts);
              });
  }
  for (const auto length : plan.v1_piece_lengths) {
    add_units(
        out, {hash_algorithm::sha1, length, never}, stride,
        [length](content_hashes& h, bytes pieces) { h.v1_pieces[length] = std::move(pieces); });
  }
  if (plan.aich) {
    add_units(out, {hash_algorithm::sha1, aich_leaf_size, ed2k_part_size}, stride,
              [](content_hashes& h, bytes leaves) {
                h.aich_root = aich_root(leaves, h.size);
                h.aich_leaves = std::move(leaves);
              });
  }
  if (plan.bep52) out.push_back(std::make_unique<bep52_lane>());
  if (plan.ppspp_sha1)
    out.push_back(std::make_unique<ppspp_lane>(hash_algorithm::sha1, &content_hashes::ppspp_sha1));
  if (plan.ppspp_sha256) {
    out.push_back(
        std::make_unique<ppspp_lane>(hash_algorithm::sha256, &content_hashes::ppspp_sha256));
  }
  return out;
}

} // namespace interswarm
