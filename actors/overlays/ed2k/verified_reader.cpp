#include "actors/overlays/ed2k/verified_reader.hpp"

#include "schema/base/hash.hpp"

#include <algorithm>

namespace interswarm::ed2k {

namespace {

constexpr std::uint64_t piece_bytes = 2u << 20;
constexpr std::size_t pieces_in_flight = 4;
/// Small units are read in runs of about this much.
constexpr std::uint64_t run_bytes = 1u << 20;
/// Wrong bytes are read again so often before the content counts as refuted.
constexpr int attempts = 3;

bool is_right(const checked_hash_list& list, const byte_range& range,
              const std::vector<slice>& pieces) {
  const auto& grid = list.grid();
  if (pieces.size() == 1) return list.verify_range(range, pieces.front()).has_value();
  if (list.algorithm() == msg::hash_algorithm::md4 &&
      grid.unit(grid.index_of(range.begin)) == range) {
    hasher all(hash_algorithm::md4);
    for (const auto& p : pieces) all.update(p);
    return equal(all.finish(), list.digest(grid.index_of(range.begin)));
  }
  bytes joined;
  joined.reserve(range.size());
  for (const auto& p : pieces) append(joined, p);
  return list.verify_range(range, joined).has_value();
}

} // namespace

struct verified_reader::request {
  byte_range range;
  callback done;
  std::size_t missing = 0;
  bool failed = false;
};

struct verified_reader::region {
  byte_range range;
  region_pool::key key = 0;
  blocks pieces;
  std::size_t next_piece = 0;
  std::size_t in_flight = 0;
  std::size_t arrived = 0;
  int tries = 0;
  bool ready = false;
  std::optional<error> failure;
  std::vector<std::shared_ptr<request>> waiting;

  std::size_t piece_count() const { return (range.size() + piece_bytes - 1) / piece_bytes; }
  byte_range piece(std::size_t i) const {
    const auto begin = range.begin + i * piece_bytes;
    return {begin, std::min(range.end, begin + piece_bytes)};
  }
};

verified_reader::verified_reader(checked_hash_list list, std::uint64_t period, std::uint64_t size,
                                 std::shared_ptr<region_pool> pool, hooks h)
    : list_(std::move(list)), size_(size), period_(period == 0 ? size : period),
      region_bytes_(list_.grid().unit_size() *
                    std::max<std::uint64_t>(1, run_bytes / list_.grid().unit_size())),
      pool_(std::move(pool)), hooks_(std::move(h)),
      self_(std::make_shared<verified_reader*>(this)) {}

verified_reader::~verified_reader() {
  *self_ = nullptr;
  for (auto& [begin, r] : regions_) pool_->release(r.key);
}

byte_range verified_reader::region_of(std::uint64_t offset) const {
  // Units start anew after each period, and so do regions.
  const auto period_begin = offset / period_ * period_;
  const auto begin = period_begin + (offset - period_begin) / region_bytes_ * region_bytes_;
  return {begin, std::min({begin + region_bytes_, period_begin + period_, size_})};
}

void verified_reader::prefetch(std::uint64_t offset) {
  if (offset < size_) load(offset);
}

void verified_reader::read(const byte_range& range, callback done) {
  auto r = std::make_shared<request>();
  r->range = range;
  r->done = std::move(done);
  // Held back while the regions are looked up, so that it is answered once.
  r->missing = 1;
  for (auto offset = range.begin; offset < range.end;) {
    auto& there = load(offset);
    offset = there.range.end;
    if (there.ready) continue;
    ++r->missing;
    there.waiting.push_back(r);
  }
  if (--r->missing == 0) answer(r);
}

verified_reader::region& verified_reader::load(std::uint64_t offset) {
  const auto range = region_of(offset);
  auto [at, is_new] = regions_.try_emplace(range.begin);
  auto& r = at->second;
  if (!is_new) return r;
  r.range = range;
  r.key = pool_->make_key();
  const auto begin = range.begin;
  pool_->take(r.key, range.size(), [self = self_, begin] {
    if (*self != nullptr) (*self)->start(begin);
  });
  return r;
}

void verified_reader::start(std::uint64_t begin) {
  auto& r = regions_.at(begin);
  r.pieces.assign(r.piece_count(), {});
  r.next_piece = r.arrived = 0;
  next_pieces(begin);
}

void verified_reader::next_pieces(std::uint64_t begin) {
  auto& r = regions_.at(begin);
  while (r.in_flight < pieces_in_flight && r.next_piece < r.piece_count()) {
    ++r.in_flight;
    read_piece(begin, r.next_piece++);
  }
}

void verified_reader::read_piece(std::uint64_t begin, std::size_t piece) {
  hooks_.read(regions_.at(begin).piece(piece), [self = self_, begin, piece](result<slice> data) {
    if (*self != nullptr) (*self)->got(begin, piece, std::move(data));
  });
}

void verified_reader::got(std::uint64_t begin, std::size_t piece, result<slice> data) {
  const auto found = regions_.find(begin);
  if (found == regions_.end()) return;
  auto& r = found->second;
  --r.in_flight;
  if (data && data->size() != r.piece(piece).size())
    data = fail(errc::malformed, "a source gave another length");
  if (!data && !r.failure) r.failure = data.error();
  if (r.failure) {
    if (r.in_flight == 0) settle(begin, tl::unexpected(*r.failure));
    return;
  }
  r.pieces[piece] = std::move(*data);
  if (++r.arrived == r.piece_count()) {
    check(begin);
  } else {
    next_pieces(begin);
  }
}

void verified_reader::check(std::uint64_t begin) {
  auto& r = regions_.at(begin);
  // The work outlives this object when need be: it holds copies of what it looks at.
  auto work = [list = list_, range = r.range, pieces = r.pieces] {
    return is_right(list, range, pieces);
  };
  hooks_.check(std::move(work), [self = self_, begin](bool good) {
    if (*self == nullptr) return;
    auto& me = **self;
    const auto found = me.regions_.find(begin);
    if (found == me.regions_.end()) return;
    if (good) return me.settle(begin, {});
    me.hooks_.blame(found->second.range);
    if (++found->second.tries < attempts) return me.start(begin);
    me.settle(begin, fail(errc::refuted, "the source's bytes do not match their name's hashes"));
  });
}

void verified_reader::settle(std::uint64_t begin, result<void> outcome) {
  auto& r = regions_.at(begin);
  auto waiting = std::move(r.waiting);
  r.waiting.clear();
  const auto key = r.key;
  r.ready = outcome.has_value();
  for (const auto& w : waiting) {
    if (w->failed) continue;
    if (!outcome) {
      w->failed = true;
      w->done(tl::unexpected(outcome.error()));
    } else if (--w->missing == 0) {
      answer(w);
    }
  }
  if (!outcome) {
    regions_.erase(begin);
    pool_->release(key);
    return;
  }
  pool_->keep(key, [self = self_, begin] {
    if (*self != nullptr) (*self)->regions_.erase(begin);
  });
}

void verified_reader::answer(const std::shared_ptr<request>& r) {
  blocks out;
  for (auto offset = r->range.begin; offset < r->range.end;) {
    const auto found = regions_.find(region_of(offset).begin);
    if (found == regions_.end() || !found->second.ready) {
      // Evicted between the first and the last region of this read: begin anew.
      return read(r->range, std::move(r->done));
    }
    auto& there = found->second;
    const auto part = intersection(r->range, there.range);
    for (std::size_t i = 0; i < there.pieces.size(); ++i) {
      const auto piece = there.piece(i);
      const auto cut = intersection(part, piece);
      if (!cut.empty()) out.push_back(there.pieces[i].sub(cut.begin - piece.begin, cut.size()));
    }
    // The most recently used goes last.
    pool_->use(there.key);
    pool_->keep(there.key, [self = self_, begin = there.range.begin] {
      if (*self != nullptr) (*self)->regions_.erase(begin);
    });
    offset = part.end;
  }
  r->done(std::move(out));
}

} // namespace interswarm::ed2k
