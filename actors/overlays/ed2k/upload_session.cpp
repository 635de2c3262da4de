#include "actors/overlays/ed2k/upload_session.hpp"

#include "actors/overlays/ed2k/limits.hpp"
#include "schema/ed2k/geometry.hpp"

#include <algorithm>

namespace interswarm::ed2k {

namespace {

constexpr int compression_level = 1;
/// After this many blocks that did not shrink only each so-manieth is tried.
constexpr std::size_t give_up_after = 2;
constexpr std::size_t retry_each = 32;

/// eMule's cut of a block: equal packets of about 10,240 bytes, the remainder goes with the last.
template <class Each>
void for_each_packet(std::uint64_t total, Each each) {
  auto step =
      total > limits::data_packet_bytes ? total / (total / limits::data_packet_bytes) : total;
  for (std::uint64_t at = 0; at < total;) {
    const auto left = total - at;
    if (left < 2 * step) step = left;
    each(at, step);
    at += step;
  }
}

/// Appends [offset, offset + count) of the concatenated `data`.
void append_cut(std::vector<slice>& out, const std::vector<slice>& data, std::uint64_t offset,
                std::uint64_t count) {
  for (const auto& piece : data) {
    if (offset >= piece.size()) {
      offset -= piece.size();
      continue;
    }
    const auto take = std::min<std::uint64_t>(count, piece.size() - offset);
    out.push_back(piece.sub(offset, take));
    count -= take;
    offset = 0;
    if (count == 0) return;
  }
}

} // namespace

std::size_t upload_session::request(const part_request& r) {
  std::size_t added = 0;
  for (const auto& range : r.ranges) {
    if (range.empty() || range.end > size_ || range.size() > limits::max_requested_range_bytes)
      continue;
    if (asked_.contains(range) || queue_.size() >= limits::max_requested_blocks) continue;
    if (asked_.size() >= limits::max_sent_ranges) asked_.clear();
    asked_.insert(range);
    queue_.push_back(range);
    ++added;
  }
  return added;
}

std::optional<byte_range> upload_session::next_block() {
  if (queue_.empty()) return std::nullopt;
  const auto out = queue_.front();
  queue_.pop_front();
  const auto part = out.begin / part_bytes;
  if (part_ != part) {
    part_before_ = part_;
    part_ = part;
  }
  return out;
}

std::optional<byte_range> upload_session::peek(std::size_t ahead) const {
  if (ahead >= queue_.size()) return std::nullopt;
  return queue_[ahead];
}

std::optional<std::uint64_t> upload_session::next_part() const {
  if (!part_) return std::nullopt;
  const bool in_order = part_before_ ? *part_before_ + 1 == *part_ : *part_ == 0;
  if (!in_order || part_range(size_, *part_ + 1).empty()) return std::nullopt;
  return *part_ + 1;
}

bool upload_session::worth_compressing() {
  if (!compress_) return false;
  if (skip_ == 0) return true;
  --skip_;
  return false;
}

std::vector<slice> upload_session::encode(const byte_range& block, const std::vector<slice>& data) {
  if (worth_compressing()) {
    bytes plain;
    plain.reserve(block.size());
    for (const auto& piece : data) append(plain, piece);
    auto packed = deflate_all(plain, compression_level);
    if (packed.size() < plain.size()) {
      incompressible_ = 0;
      return encode_packed(block, slice(std::move(packed)));
    }
    if (++incompressible_ >= give_up_after) skip_ = retry_each;
  }
  return encode_plain(block, data);
}

std::vector<slice> upload_session::encode_plain(const byte_range& block,
                                                const std::vector<slice>& data) const {
  const bool wide = needs_64_bit(size_);
  bytes headers;
  std::vector<std::size_t> ends;
  for_each_packet(block.size(), [&](std::uint64_t at, std::uint64_t count) {
    append_sending_part_header(headers, file_, {block.begin + at, block.begin + at + count}, wide);
    ends.push_back(headers.size());
  });
  const slice all(std::move(headers));
  std::vector<slice> out;
  std::size_t begin = 0;
  std::size_t packet = 0;
  for_each_packet(block.size(), [&](std::uint64_t at, std::uint64_t count) {
    out.push_back(all.sub(begin, ends[packet] - begin));
    begin = ends[packet++];
    append_cut(out, data, at, count);
  });
  return out;
}

std::vector<slice> upload_session::encode_packed(const byte_range& block, slice stream) const {
  const bool wide = needs_64_bit(size_);
  std::vector<slice> out;
  for_each_packet(stream.size(), [&](std::uint64_t at, std::uint64_t count) {
    bytes header;
    append_compressed_part_header(header, file_, block.begin,
                                  static_cast<std::uint32_t>(stream.size()), count, wide);
    out.emplace_back(std::move(header));
    out.push_back(stream.sub(at, count));
  });
  return out;
}

} // namespace interswarm::ed2k
