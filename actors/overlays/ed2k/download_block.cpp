#include "actors/overlays/ed2k/download_block.hpp"

#include <new>
#include <zlib.h>

namespace interswarm::ed2k {

struct download_block::inflater {
  z_stream z{};
  bool ended = false;

  inflater() {
    if (inflateInit(&z) != Z_OK) throw std::bad_alloc();
  }
  ~inflater() { inflateEnd(&z); }
  inflater(const inflater&) = delete;
  inflater& operator=(const inflater&) = delete;
};

download_block::download_block(const byte_range& range) : range_(range) {}
download_block::~download_block() = default;
download_block::download_block(download_block&&) noexcept = default;
download_block& download_block::operator=(download_block&&) noexcept = default;

bool download_block::complete() const { return full() && (!inflater_ || inflater_->ended); }

decoded<std::uint64_t> download_block::add_plain(std::uint64_t begin, byte_view data) {
  if (inflater_) return drop("plain data within a compressed block");
  if (begin < range_.begin || begin + data.size() > range_.end)
    return drop("data beyond the requested block");
  const auto offset = begin - range_.begin;
  if (offset > filled_) return drop("a gap within a block");
  const auto known = filled_ - offset;
  if (known >= data.size()) return std::uint64_t{0};
  const auto fresh = data.subspan(known);
  if (data_.capacity() < range_.size()) data_.reserve(range_.size());
  append(data_, fresh);
  filled_ += fresh.size();
  return std::uint64_t{fresh.size()};
}

decoded<std::uint64_t> download_block::add_compressed(std::uint32_t stream_bytes, byte_view piece) {
  if (!inflater_) {
    if (filled_ != 0) return drop("compressed data within a plain block");
    inflater_ = std::make_unique<inflater>();
    data_.resize(range_.size());
  }
  stream_taken_ += piece.size();
  if (stream_taken_ > stream_bytes) return drop("compressed block longer than announced");
  auto& z = inflater_->z;
  z.next_in = const_cast<byte*>(piece.data());
  z.avail_in = static_cast<uInt>(piece.size());
  const auto before = filled_;
  // One spare byte catches a stream that goes on behind the block.
  byte spare = 0;
  while (!inflater_->ended) {
    const bool no_room = full();
    z.next_out = no_room ? &spare : data_.data() + filled_;
    z.avail_out = no_room ? 1 : static_cast<uInt>(range_.size() - filled_);
    const auto room = z.avail_out;
    const int state = inflate(&z, Z_NO_FLUSH);
    const auto made = room - z.avail_out;
    if (no_room && made != 0) return drop("compressed block inflates beyond its range");
    if (!no_room) filled_ += made;
    if (state == Z_STREAM_END) {
      inflater_->ended = true;
    } else if (state == Z_BUF_ERROR || (state == Z_OK && z.avail_in == 0 && z.avail_out != 0)) {
      break;
    } else if (state != Z_OK) {
      return drop("broken compressed block");
    }
  }
  if (inflater_->ended && (z.avail_in != 0 || !full()))
    return drop("compressed block of another length");
  if (stream_taken_ == stream_bytes && !complete()) return drop("compressed block ends too early");
  return filled_ - before;
}

bytes download_block::take() { return std::move(data_); }

} // namespace interswarm::ed2k
