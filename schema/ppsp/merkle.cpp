#include "schema/ppsp/merkle.hpp"

#include <bit>
#include <openssl/evp.h>
#include <stdexcept>

namespace interswarm::ppsp {

namespace {

/// Fetched once, and never freed: OpenSSL's own exit handler may run first.
const EVP_MD* function_of(merkle_hash f) {
  static const std::array<EVP_MD*, 5> known{
      EVP_MD_fetch(nullptr, "SHA1", nullptr), EVP_MD_fetch(nullptr, "SHA224", nullptr),
      EVP_MD_fetch(nullptr, "SHA256", nullptr), EVP_MD_fetch(nullptr, "SHA384", nullptr),
      EVP_MD_fetch(nullptr, "SHA512", nullptr)};
  const auto* const found = known.at(static_cast<std::size_t>(f));
  if (found == nullptr) throw std::runtime_error("OpenSSL lacks a hash function of RFC 7574");
  return found;
}

} // namespace

std::optional<tree_digest> tree_digest::from_bytes(merkle_hash f, byte_view raw) {
  tree_digest out(f);
  if (raw.size() != out.size_) return std::nullopt;
  std::copy(raw.begin(), raw.end(), out.bytes_.begin());
  return out;
}

tree_digest chunk_hash(merkle_hash f, byte_view chunk) {
  tree_digest out(f);
  if (EVP_Digest(chunk.data(), chunk.size(), out.raw().data(), nullptr, function_of(f), nullptr) !=
      1)
    throw std::runtime_error("OpenSSL digest failed");
  return out;
}

tree_digest parent_hash(merkle_hash f, const tree_digest& left, const tree_digest& right) {
  if (left.is_zero() && right.is_zero()) return tree_digest(f);
  std::array<byte, 128> both{};
  const auto size = hash_bytes(f);
  std::copy_n(left.view().begin(), size, both.begin());
  std::copy_n(right.view().begin(), size, both.begin() + static_cast<std::ptrdiff_t>(size));
  return chunk_hash(f, byte_view(both).first(2 * size));
}

std::vector<chunk_range> peaks_of(std::uint64_t chunks) {
  std::vector<chunk_range> out;
  for (std::uint64_t begin = 0; begin < chunks;) {
    const auto size = std::bit_floor(chunks - begin);
    out.push_back({begin, begin + size});
    begin += size;
  }
  return out;
}

chunk_range peak_above(std::uint64_t chunk, std::uint64_t chunks) {
  for (std::uint64_t begin = 0;;) {
    const auto size = std::bit_floor(chunks - begin);
    if (chunk < begin + size || size == 0) return {begin, begin + size};
    begin += size;
  }
}

std::vector<chunk_range> uncles_of(std::uint64_t chunk, const chunk_range& top) {
  std::vector<chunk_range> out;
  auto at = top;
  while (at.size() > 1) {
    const auto middle = at.begin + at.size() / 2;
    const chunk_range left{at.begin, middle};
    const chunk_range right{middle, at.end};
    out.push_back(chunk < middle ? right : left);
    at = chunk < middle ? left : right;
  }
  return out;
}

std::optional<tree_digest> root_of(merkle_hash f, const std::vector<tree_node>& peaks) {
  if (peaks.empty()) return std::nullopt;
  std::uint64_t next = 0;
  std::uint64_t before = ~std::uint64_t{0};
  for (const auto& p : peaks) {
    const auto size = p.chunks.size();
    if (p.chunks.begin != next || !std::has_single_bit(size) || size >= before) return std::nullopt;
    next = p.chunks.end;
    before = size;
  }
  // From the right: what is there is lifted beside zeroes until it is as wide as the peak on its
  // left.
  const tree_digest zero(f);
  auto node = peaks.back().hash;
  auto width = peaks.back().chunks.size();
  for (auto i = peaks.size() - 1; i-- > 0;) {
    for (; width < peaks[i].chunks.size(); width *= 2) node = parent_hash(f, node, zero);
    node = parent_hash(f, peaks[i].hash, node);
    width *= 2;
  }
  return node;
}

} // namespace interswarm::ppsp
