#include "actors/overlays/bittorrent/spool_store.hpp"

#include <algorithm>

namespace interswarm::bittorrent {

void spool_store::write(std::uint64_t offset, byte_view data,
                        std::function<void(result<void>)> done) {
  auto copy = std::make_shared<const bytes>(data.begin(), data.end());
  pending_bytes_ += copy->size();
  pending_[offset] = copy;
  collected_.push_back({offset, std::move(copy), std::move(done)});
}

void spool_store::flush() {
  const auto workers = workers_.lock();
  if (collected_.empty() || !workers) return;
  auto batch = std::make_shared<std::vector<block>>(std::move(collected_));
  collected_.clear();
  workers->run([self = shared_from_this(), batch, held = network_->hold()] {
    auto results = std::make_shared<std::vector<result<void>>>();
    for (const auto& b : *batch) results->push_back(self->file_->write(b.offset, *b.data));
    // The handlers hold libtorrent's objects: they are called and destroyed on the network thread.
    auto* network = self->network_.get();
    network->post([self, batch, results] {
      for (std::size_t i = 0; i < batch->size(); ++i) {
        auto& b = (*batch)[i];
        self->pending_bytes_ -= b.data->size();
        const auto at = self->pending_.find(b.offset);
        if (at != self->pending_.end() && at->second == b.data) self->pending_.erase(at);
        std::exchange(b.done, nullptr)((*results)[i]);
      }
      const auto bad = std::find_if(results->begin(), results->end(), [](auto& r) { return !r; });
      if (bad != results->end() && self->failed_) self->failed_(bad->error());
    });
  });
}

void spool_store::with_bytes(byte_range range, std::function<void(result<slice>)> job) {
  const auto workers = workers_.lock();
  if (!workers) return;
  std::vector<std::pair<std::uint64_t, std::shared_ptr<const bytes>>> fresh;
  auto at = pending_.upper_bound(range.begin);
  if (at != pending_.begin()) --at;
  for (; at != pending_.end() && at->first < range.end; ++at)
    if (at->first + at->second->size() > range.begin) fresh.emplace_back(*at);
  workers->run([file = file_, range, fresh = std::move(fresh), job = std::move(job)] {
    bytes out(range.size());
    std::uint64_t done = range.begin;
    const auto from_file = [&](std::uint64_t end) {
      const auto part = std::span(out).subspan(done - range.begin, end - done);
      return done < end ? file->read(done, part) : result<void>{};
    };
    for (const auto& [offset, data] : fresh) {
      const auto begin = std::max(offset, done);
      const auto end = std::min(range.end, offset + data->size());
      if (begin >= end) continue;
      if (auto r = from_file(begin); !r) return job(tl::unexpected(r.error()));
      std::copy_n(data->begin() + static_cast<std::ptrdiff_t>(begin - offset), end - begin,
                  out.begin() + static_cast<std::ptrdiff_t>(begin - range.begin));
      done = end;
    }
    if (auto r = from_file(range.end); !r) return job(tl::unexpected(r.error()));
    job(slice(std::move(out)));
  });
}

} // namespace interswarm::bittorrent
