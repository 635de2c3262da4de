#include "actors/overlays/bittorrent/fetch_torrent.hpp"

#include "actors/overlays/bittorrent/serve_torrent.hpp"

namespace interswarm::bittorrent {

// What a fetch does about bytes that are wrong, and about a spool that takes none.

namespace {

constexpr std::uint64_t spool_pause_ms = 5000;

} // namespace

void fetch_torrent::spool_failed(const error& why) {
  const auto now = steady_ms();
  if (failure_ || now < spool_retry_ms_) return;
  spool_failure_ = why;
  spool_retry_ms_ = now + spool_pause_ms;
  auto waiting = std::move(waiting_);
  waiting_.clear();
  for (const auto& r : waiting) {
    window_.end(r.id);
    r.done(tl::unexpected(why));
  }
  // libtorrent stops at a disk error: the torrent is entered anew with what is held.
  if (!resting_) rest();
}

void fetch_torrent::genuine(std::uint32_t file, byte_range range, std::uint32_t deadline_ms,
                            reply<genuine_answer> done) {
  if (!ready_ || file >= metadata_->map.files().size())
    return done(fail(errc::unavailable, "the torrent's metadata is not known yet"));
  const auto pieces = metadata_->map.pieces_of(file, range);
  const auto whole = metadata_->map.file_range(file, pieces);
  const auto finish = [weak = weak_from_this(), pieces, whole, done] {
    const auto self = weak.lock();
    if (!self) return;
    self->recheck(pieces, [weak, whole, done](std::vector<std::uint32_t> bad) {
      if (const auto torrent = weak.lock(); torrent && !bad.empty()) torrent->fetch_again(bad);
      done(genuine_answer{whole, bad.empty()});
    });
  };
  if (held(pieces)) return finish();
  // Reading a byte of each end and waiting for the pieces is enough: they are verified whole.
  const auto parts = std::make_shared<std::size_t>(0);
  std::vector<byte_range> cuts;
  for (auto p = pieces.begin; p < pieces.end; ++p) {
    const auto here = metadata_->map.file_range(file, {p, p + 1});
    cuts.push_back({here.begin, here.begin + 1});
  }
  *parts = cuts.size();
  for (const auto& cut : cuts)
    read(file, cut, deadline_ms, true,
         reply<slice>([network = shared_->network, parts, finish, done](result<slice> r) {
           network->post([parts, finish, done, r = std::move(r)] {
             if (!r) return done(tl::unexpected(r.error()));
             if (--*parts == 0) finish();
           });
         }));
}

void fetch_torrent::recheck(piece_run pieces, std::function<void(std::vector<std::uint32_t>)> bad) {
  const auto spool = store();
  if (!spool || pieces.size() == 0) return bad({});
  const auto left = std::make_shared<std::uint32_t>(pieces.size());
  const auto found = std::make_shared<std::vector<std::uint32_t>>();
  for (auto p = pieces.begin; p < pieces.end; ++p) {
    const auto begin = std::uint64_t{p} * metadata_->map.piece_length();
    spool->with_bytes({begin, begin + metadata_->map.piece_size(p)},
                      [metadata = metadata_, network = shared_->network, p, left, found,
                       bad](result<slice> data) {
                        const bool good =
                            data && (!metadata->proof.knows(p) || metadata->proof.check(p, *data));
                        network->post([=] {
                          if (!good) found->push_back(p);
                          if (--*left == 0) bad(*found);
                        });
                      });
  }
}

void fetch_torrent::judge_bad(std::uint32_t file, byte_range range) {
  if (!ready_ || file >= metadata_->map.files().size()) return;
  auto pieces = metadata_->map.pieces_of(file, range);
  if (!held(pieces)) return;
  // The torrent's own hashes decide: bytes that still pass them would come again as they are.
  recheck(pieces, [weak = weak_from_this()](const std::vector<std::uint32_t>& bad) {
    if (const auto self = weak.lock(); self && !bad.empty()) self->fetch_again(bad);
  });
}

void fetch_torrent::fetch_again(const std::vector<std::uint32_t>& pieces) {
  if (failure_ || !handle_.is_valid()) return;
  for (const auto p : pieces)
    if (p < held_.size()) held_[p] = false;
  changed();
  // libtorrent never lets go of a piece it verified: the torrent is entered anew without these.
  rest();
  demand();
}

} // namespace interswarm::bittorrent
