#pragma once

#include "schema/base/bytes.hpp"
#include "schema/base/range.hpp"
#include "schema/base/result.hpp"

#include <memory>

namespace interswarm::ed2k {

/// One requested block while its bytes come in, plain or as one zlib stream. Never holds more than
/// the block.
class download_block {
public:
  explicit download_block(const byte_range& range);
  ~download_block();
  download_block(download_block&&) noexcept;
  download_block& operator=(download_block&&) noexcept;

  const byte_range& range() const { return range_; }
  /// Payload bytes in place, from the block's begin on.
  std::uint64_t filled() const { return filled_; }
  /// All bytes are there and a zlib stream came to its end with a right checksum.
  bool complete() const;

  /// Plain data at `begin`. Bytes that are there already are passed over; a gap, or data beyond the
  /// block, is `drop`. Gives the payload bytes that were new.
  decoded<std::uint64_t> add_plain(std::uint64_t begin, byte_view data);
  /// The next piece of a stream of `stream_bytes`. Fails with `drop` on a broken stream, one longer
  /// than it said, one that inflates beyond the block or ends before it.
  decoded<std::uint64_t> add_compressed(std::uint32_t stream_bytes, byte_view piece);
  /// The bytes; only when `complete()`.
  bytes take();

private:
  struct inflater;

  bool full() const { return filled_ == range_.size(); }

  byte_range range_;
  bytes data_;
  std::uint64_t filled_ = 0;
  std::uint64_t stream_taken_ = 0;
  std::unique_ptr<inflater> inflater_;
};

} // namespace interswarm::ed2k
