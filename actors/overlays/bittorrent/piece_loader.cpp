#include "actors/overlays/bittorrent/piece_loader.hpp"

#include "actors/overlays/bittorrent/peer_limits.hpp"

#include <algorithm>

namespace interswarm::bittorrent {

std::uint64_t rest_ms(std::uint32_t failures) {
  if (failures == 0) return 0;
  return std::min<std::uint64_t>(8000, std::uint64_t{250} << std::min(failures - 1, 10u));
}

offered_file* choose_offer(std::vector<std::unique_ptr<offered_file>>& offers,
                           const piece_segment& segment, std::uint64_t now_ms) {
  offered_file* best = nullptr;
  const auto better = [&](const offered_file& a, const offered_file& b) {
    const bool a_rests = a.rest_until_ms > now_ms;
    const bool b_rests = b.rest_until_ms > now_ms;
    if (a_rests != b_rests) return b_rests;
    return a.failures < b.failures;
  };
  for (const auto& o : offers)
    if (o->file == segment.file && o->have.contains(segment.range) &&
        (best == nullptr || better(*o, *best)))
      best = o.get();
  return best;
}

piece_load::piece_load(std::shared_ptr<const torrent_metadata> torrent, std::uint32_t piece,
                       std::vector<part> parts, std::shared_ptr<network_thread> network,
                       std::weak_ptr<runtime::worker_pool> workers, done_function done)
    : torrent_(std::move(torrent)), piece_(piece), parts_(std::move(parts)),
      network_(std::move(network)), workers_(std::move(workers)), done_(std::move(done)) {}

void piece_load::start(std::uint32_t deadline_ms, bool urgent) {
  for (std::size_t p = 0; p < parts_.size(); ++p) {
    const auto& s = parts_[p].segment;
    for (auto begin = s.range.begin; begin < s.range.end;) {
      const auto end = std::min<std::uint64_t>(s.range.end, begin + max_source_read_bytes);
      chunks_.push_back(
          {p, {begin, end}, static_cast<std::uint32_t>(s.at + (begin - s.range.begin)), {}});
      begin = end;
    }
  }
  missing_ = chunks_.size();
  if (missing_ == 0) {
    check(); // nothing but padding
    return;
  }
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    const auto& c = chunks_[i];
    parts_[c.part].source->read(
        c.range, deadline_ms, urgent, reply<slice>([self = shared_from_this(), i](result<slice> r) {
          auto* network = self->network_.get();
          network->post([self, i, r = std::move(r)]() mutable { self->arrived(i, std::move(r)); });
        }));
  }
}

void piece_load::judge(bool good) const {
  for (const auto& p : parts_) p.source->judge(p.segment.range, good);
}

bool piece_load::used(std::uint64_t offer) const {
  return std::any_of(parts_.begin(), parts_.end(), [&](const auto& p) { return p.offer == offer; });
}

void piece_load::arrived(std::size_t index, result<slice> data) {
  auto& c = chunks_[index];
  if (data && data->size() == c.range.size())
    c.data = std::move(*data);
  else
    failed_offers_.push_back(parts_[c.part].offer);
  if (--missing_ > 0) return;
  if (failed_offers_.empty()) {
    check();
    return;
  }
  chunks_.clear();
  std::exchange(done_, nullptr)(outcome::failed, {}, std::move(failed_offers_));
}

void piece_load::check() {
  const auto workers = workers_.lock();
  if (!workers) return;
  workers->run([self = shared_from_this()] {
    const auto size = self->torrent_->map.piece_size(self->piece_);
    slice whole;
    if (self->chunks_.size() == 1 && self->chunks_.front().data.size() == size) {
      whole = self->chunks_.front().data;
    } else {
      bytes out(size);
      for (const auto& c : self->chunks_)
        std::copy_n(c.data.data(), c.data.size(), out.begin() + c.at);
      whole = slice(std::move(out));
    }
    const bool good = self->torrent_->proof.check(self->piece_, whole);
    if (!good) whole = {};
    self->network_->post([self, good, whole = std::move(whole)]() mutable {
      self->chunks_.clear();
      std::exchange(self->done_, nullptr)(good ? outcome::good : outcome::bad, std::move(whole),
                                          {});
    });
  });
}

} // namespace interswarm::bittorrent
