#include "schema/ppsp/chunk_address.hpp"

#include "schema/ppsp/limits.hpp"

#include <algorithm>
#include <bit>

namespace interswarm::ppsp {

namespace {

constexpr std::uint64_t none = ~std::uint64_t{0};
constexpr std::uint64_t chunks_of_32_bits = std::uint64_t{1} << 32;
/// 32-bit bins: the leaf of chunk i is 2i.
constexpr std::uint64_t leaves_of_32_bits = std::uint64_t{1} << 31;

std::uint64_t chunks_in(std::uint64_t size, std::uint32_t chunk_bytes) {
  return size / chunk_bytes + (size % chunk_bytes != 0 ? 1 : 0);
}

std::optional<chunk_range> of_bytes(std::uint64_t first, std::uint64_t last,
                                    const chunk_address& a) {
  if (last < first || last == none || a.chunk_bytes == 0) return std::nullopt;
  const auto end = last + 1;
  if (first % a.chunk_bytes != 0) return std::nullopt;
  const bool whole = end % a.chunk_bytes == 0;
  // Only the content's last chunk may be shorter; where that is is not always known.
  if (!whole && a.content_bytes && end != *a.content_bytes) return std::nullopt;
  const auto chunks = chunks_in(end, a.chunk_bytes);
  if (chunks > limits::max_chunks) return std::nullopt;
  return chunk_range{first / a.chunk_bytes, chunks};
}

std::optional<chunk_range> checked(std::uint64_t first, std::uint64_t last) {
  if (last < first || last >= limits::max_chunks) return std::nullopt;
  return chunk_range{first, last + 1};
}

/// 32-bit "none" is all ones too.
std::uint64_t widened(std::uint32_t bin) { return bin == ~std::uint32_t{0} ? none : bin; }

} // namespace

std::uint64_t address_limit(chunk_addressing a, std::uint32_t chunk_bytes) {
  switch (a) {
  case chunk_addressing::bins_32: return leaves_of_32_bits;
  case chunk_addressing::chunk_ranges_32: return chunks_of_32_bits;
  case chunk_addressing::byte_ranges_64:
    return std::min(limits::max_chunks, none / std::max<std::uint32_t>(1, chunk_bytes));
  case chunk_addressing::bins_64:
  case chunk_addressing::chunk_ranges_64: return limits::max_chunks;
  }
  return 0;
}

std::optional<std::uint64_t> bin_of(const chunk_range& r) {
  const auto size = r.size();
  if (!std::has_single_bit(size) || r.begin % size != 0 || r.end > limits::max_chunks)
    return std::nullopt;
  return 2 * r.begin + size - 1;
}

std::optional<chunk_range> chunks_of(std::uint64_t bin) {
  const auto layer = std::countr_one(bin);
  if (layer > 62) return std::nullopt;
  const auto size = std::uint64_t{1} << layer;
  const auto begin = (bin - (size - 1)) / 2;
  if (begin + size > limits::max_chunks) return std::nullopt;
  return chunk_range{begin, begin + size};
}

std::vector<chunk_range> addressable(const chunk_range& r, const chunk_address& a) {
  std::vector<chunk_range> out;
  const auto end = std::min(r.end, address_limit(a.method, a.chunk_bytes));
  auto begin = r.begin;
  if (!is_bins(a.method)) {
    if (begin < end) out.push_back({begin, end});
    return out;
  }
  while (begin < end) {
    // The largest node that begins here and does not go too far.
    const auto fits = std::bit_floor(end - begin);
    const auto aligned = begin == 0 ? fits : begin & (~begin + 1);
    const auto size = std::min(fits, aligned);
    out.push_back({begin, begin + size});
    begin += size;
  }
  return out;
}

void append_address(bytes& out, const chunk_range& r, const chunk_address& a) {
  big_endian_writer to(out);
  switch (a.method) {
  case chunk_addressing::bins_32:
    to.u32(static_cast<std::uint32_t>(bin_of(r).value_or(none)));
    break;
  case chunk_addressing::bins_64: to.u64(bin_of(r).value_or(none)); break;
  case chunk_addressing::chunk_ranges_32:
    to.u32(static_cast<std::uint32_t>(r.begin)).u32(static_cast<std::uint32_t>(r.end - 1));
    break;
  case chunk_addressing::chunk_ranges_64: to.u64(r.begin).u64(r.end - 1); break;
  case chunk_addressing::byte_ranges_64: {
    const auto end = r.end * a.chunk_bytes;
    to.u64(r.begin * a.chunk_bytes)
        .u64((a.content_bytes ? std::min(end, *a.content_bytes) : end) - 1);
    break;
  }
  }
}

std::optional<chunk_range> read_address(big_endian_reader& in, const chunk_address& a) {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  switch (a.method) {
  case chunk_addressing::bins_32: first = widened(in.u32()); break;
  case chunk_addressing::bins_64: first = in.u64(); break;
  case chunk_addressing::chunk_ranges_32:
    first = in.u32();
    second = in.u32();
    break;
  case chunk_addressing::byte_ranges_64:
  case chunk_addressing::chunk_ranges_64:
    first = in.u64();
    second = in.u64();
    break;
  }
  if (in.failed()) return std::nullopt;
  if (is_bins(a.method)) return chunks_of(first);
  if (a.method == chunk_addressing::byte_ranges_64) return of_bytes(first, second, a);
  return checked(first, second);
}

} // namespace interswarm::ppsp
