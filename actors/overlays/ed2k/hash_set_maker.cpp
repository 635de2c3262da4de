#include "actors/overlays/ed2k/hash_set_maker.hpp"

#include "schema/ed2k/geometry.hpp"

namespace interswarm::ed2k {

namespace {

constexpr std::uint64_t piece_bytes = 2u << 20;
constexpr std::size_t pieces_in_flight = 3;

std::uint64_t piece_count(const byte_range& part) {
  return (part.size() + piece_bytes - 1) / piece_bytes;
}

} // namespace

hash_set_maker::hash_set_maker(std::uint64_t size, hooks h, callback done)
    : size_(size), hooks_(std::move(h)), done_(std::move(done)), digests_(part_count(size)),
      self_(std::make_shared<hash_set_maker*>(this)) {}

hash_set_maker::~hash_set_maker() { *self_ = nullptr; }

void hash_set_maker::start() {
  pieces_.assign(piece_count(part_range(size_, part_)), {});
  next_piece_ = arrived_ = 0;
  read_more();
}

void hash_set_maker::read_more() {
  const auto part = part_range(size_, part_);
  while (in_flight_ < pieces_in_flight && next_piece_ < pieces_.size()) {
    const auto piece = next_piece_++;
    const auto begin = part.begin + piece * piece_bytes;
    ++in_flight_;
    hooks_.read({begin, std::min(part.end, begin + piece_bytes)},
                [self = self_, piece](result<slice> data) {
                  if (*self != nullptr) (*self)->got(piece, std::move(data));
                });
  }
}

void hash_set_maker::got(std::uint64_t piece, result<slice> data) {
  --in_flight_;
  if (!done_) return;
  if (!data) return finish(tl::unexpected(data.error()));
  pieces_[piece] = std::move(*data);
  if (++arrived_ < pieces_.size()) return read_more();
  const auto part = part_;
  ++hashing_;
  hooks_.hash(std::move(pieces_), [self = self_, part](const md4_digest& digest) {
    if (*self != nullptr) (*self)->hashed(part, digest);
  });
  pieces_.clear();
  ++part_;
  // One part is hashed while the next is read, not more.
  if (part_ < digests_.size() && hashing_ < 2) start();
}

void hash_set_maker::hashed(std::uint64_t part, const md4_digest& digest) {
  digests_[part] = digest;
  const bool was_waiting = hashing_ == 2;
  --hashing_;
  if (part_ < digests_.size()) {
    if (was_waiting) start();
  } else if (hashing_ == 0) {
    finish(std::move(digests_));
  }
}

void hash_set_maker::finish(result<std::vector<md4_digest>> outcome) {
  if (!done_) return;
  const auto done = std::exchange(done_, nullptr);
  done(std::move(outcome));
}

} // namespace interswarm::ed2k
