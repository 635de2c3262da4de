#include "actors/overlays/bittorrent/serve_torrent.hpp"

#include "actors/overlays/bittorrent/peer_limits.hpp"
#include "actors/overlays/bittorrent/serve_plugin.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <chrono>

namespace interswarm::bittorrent {
namespace lt = libtorrent;
namespace {

/// Hands blocks of one piece to libtorrent without copying; goes with the last block.
class shared_piece final : public lt::buffer_allocator_interface {
public:
  static lt::disk_buffer_holder block(const slice& piece, int start, int length) {
    auto* owner = new shared_piece(piece);
    // libtorrent copies before it encrypts, so nobody writes through this pointer.
    auto* data = const_cast<char*>(reinterpret_cast<const char*>(owner->piece_.data()));
    return {*owner, data + start, length};
  }
  void free_disk_buffer(char*) override { delete this; }

private:
  explicit shared_piece(slice piece) : piece_(std::move(piece)) {}
  ~shared_piece() = default;
  slice piece_;
};

lt::storage_error read_error(boost::system::error_code code) {
  return {code, lt::operation_t::file_read};
}

constexpr std::uint64_t prefetch_unused_ms = 1000;
constexpr std::uint32_t retry_tick_ms = 100;
constexpr std::size_t announce_step = 32;
/// A piece that failed its hashes this often in a row waits for a source's next change.
constexpr std::uint32_t max_attempts = 6;

} // namespace

std::uint64_t steady_ms() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

void serve_shared::admit_waiting() {
  while (const auto k = cache.next()) {
    const auto at = torrents.find(static_cast<std::uint32_t>(*k >> 32));
    const auto torrent = at == torrents.end() ? nullptr : at->second.lock();
    if (torrent)
      torrent->start_load(static_cast<std::uint32_t>(*k));
    else
      cache.drop(*k);
  }
}

void serve_shared::arm_timer() {
  auto* io = network->io();
  if (armed || io == nullptr) return;
  if (!timer) timer = std::make_unique<boost::asio::steady_timer>(*io);
  armed = true;
  timer->expires_after(std::chrono::milliseconds(retry_tick_ms));
  timer->async_wait([weak = weak_from_this()](boost::system::error_code ec) {
    const auto self = weak.lock();
    if (ec || !self) return;
    self->armed = false;
    std::vector<std::shared_ptr<serve_torrent>> busy;
    for (const auto& [number, t] : self->torrents)
      if (auto torrent = t.lock(); torrent && torrent->busy()) busy.push_back(std::move(torrent));
    for (const auto& t : busy) t->tick();
    if (!busy.empty()) self->arm_timer();
  });
}

serve_torrent::serve_torrent(std::uint32_t number, std::shared_ptr<const torrent_metadata> metadata,
                             std::shared_ptr<serve_shared> shared,
                             std::shared_ptr<serve_counters> counters)
    : number_(number), metadata_(std::move(metadata)), shared_(std::move(shared)),
      counters_(std::move(counters)) {}

void serve_torrent::add_offer(std::unique_ptr<offered_file> offer) {
  offers_.push_back(std::move(offer));
}

bool serve_torrent::remove_offer(std::uint64_t id) {
  std::erase_if(offers_, [&](const auto& o) { return o->id == id; });
  return offers_.empty();
}

std::set<lt::tcp::endpoint> serve_torrent::clients() const {
  // Those of a former entry may not have been reached yet.
  auto out = carried_;
  for (const auto& weak : peers_)
    if (const auto peer = weak.lock())
      if (const auto at = peer->listens_at(); at.port() != 0) out.insert(at);
  return out;
}

void serve_torrent::carry(std::set<lt::tcp::endpoint> clients) {
  carried_ = std::move(clients);
  for (const auto& c : carried_) handle_.connect_peer(c);
}

void serve_torrent::set_have(std::uint64_t id, range_set have) {
  for (auto& o : offers_)
    if (o->id == id) {
      o->have = std::move(have);
      o->rest_until_ms = 0;
    }
  if (!handle_.is_valid() || stopped_) return;
  for (const auto piece : obtainable())
    if (announced_.count(piece) == 0) to_announce_.insert(piece);
  announce_new();
  const auto now = steady_ms();
  for (auto& [piece, l] : loading_)
    if (l.load == nullptr && l.admitted) l.retry_ms = std::min(l.retry_ms, now);
  tick();
}

bool serve_torrent::obtainable(std::uint32_t piece) const {
  if (!metadata_->proof.knows(piece)) return false;
  const auto parts = metadata_->map.segments(piece);
  return std::all_of(parts.begin(), parts.end(), [&](const auto& s) {
    return std::any_of(offers_.begin(), offers_.end(), [&](const auto& o) {
      return o->file == s.file && o->have.contains(s.range);
    });
  });
}

std::set<std::uint32_t> serve_torrent::obtainable() const {
  std::set<std::uint32_t> out;
  for (std::uint32_t p = 0; p < metadata_->map.piece_count(); ++p)
    if (obtainable(p)) out.insert(out.end(), p);
  return out;
}

void serve_torrent::added(lt::torrent_handle handle, std::set<std::uint32_t> announced) {
  handle_ = std::move(handle);
  announced_ = std::move(announced);
  for (const auto& client : std::exchange(to_dial_, {})) handle_.connect_peer(client);
}

void serve_torrent::dial(const lt::tcp::endpoint& client) {
  if (handle_.is_valid())
    handle_.connect_peer(client);
  else if (to_dial_.size() < max_found_peers)
    to_dial_.push_back(client);
}

void serve_torrent::ready() {
  ready_ = true;
  announce_new();
}

void serve_torrent::announce_new() {
  // libtorrent takes no pieces before it has checked the torrent.
  if (!ready_ || announcing_ || to_announce_.empty()) return;
  announcing_ = true;
  shared_->network->post([self = shared_from_this()] {
    self->announcing_ = false;
    if (self->stopped_) return;
    // The session takes our word for hashes and our disk ignores writes, so a piece of any bytes
    // makes libtorrent enter it and tell the clients.
    std::vector<std::uint32_t> batch;
    while (batch.size() < announce_step && !self->to_announce_.empty()) {
      const auto piece = *self->to_announce_.begin();
      self->to_announce_.erase(self->to_announce_.begin());
      if (!self->announced_.insert(piece).second) continue;
      self->handle_.add_piece(lt::piece_index_t(static_cast<int>(piece)),
                              std::vector<char>(self->metadata_->map.piece_size(piece)));
      batch.push_back(piece);
    }
    // libtorrent says HAVE at once but enters a piece into its bitfield when the writes were
    // answered: whoever shook hands in between would never hear of it.
    self->shared_->network->post([self, batch = std::move(batch)] {
      for (const auto& weak : self->peers_)
        if (const auto peer = weak.lock()) peer->say_have(batch);
    });
    self->announce_new();
  });
}

void serve_torrent::read(const lt::peer_request& r, read_handler handler) {
  const auto piece = static_cast<std::uint32_t>(static_cast<int>(r.piece));
  const auto now = steady_ms();
  waiting_block block{r, std::move(handler), now + shared_->options.source_deadline_ms};
  const auto key = piece_cache::key_of(number_, piece);
  if (const auto* data = shared_->cache.find(key, now)) {
    give(block, *data);
    return;
  }
  if (stopped_) {
    block.handler({}, read_error(boost::asio::error::operation_aborted));
    return;
  }
  const auto [at, fresh] = loading_.try_emplace(piece);
  at->second.blocks.push_back(std::move(block));
  shared_->arm_timer();
  if (fresh && shared_->cache.admit(key, metadata_->map.piece_size(piece))) start_load(piece);
}

void serve_torrent::expect(std::uint32_t piece) {
  const auto key = piece_cache::key_of(number_, piece);
  if (stopped_ || piece >= metadata_->map.piece_count() || loading_.count(piece) != 0 ||
      shared_->cache.known(key) || announced_.count(piece) == 0)
    return;
  if (!shared_->cache.admit_early(key, metadata_->map.piece_size(piece), steady_ms(),
                                  prefetch_unused_ms))
    return;
  loading_.try_emplace(piece);
  start_load(piece);
}

void serve_torrent::start_load(std::uint32_t piece) {
  const auto at = loading_.find(piece);
  if (at == loading_.end()) { // everyone who asked has gone
    shared_->cache.drop(piece_cache::key_of(number_, piece));
    return;
  }
  auto& l = at->second;
  l.admitted = true;
  const auto now = steady_ms();
  std::vector<piece_load::part> parts;
  for (const auto& s : metadata_->map.segments(piece)) {
    auto* offer = choose_offer(offers_, s, now);
    if (offer == nullptr) {
      retry_later(piece, l);
      return;
    }
    parts.push_back({s, offer->id, offer->source});
  }
  std::uint64_t deadline = now + shared_->options.source_deadline_ms;
  for (const auto& b : l.blocks) deadline = std::min(deadline, b.deadline_ms);
  l.load = std::make_shared<piece_load>(
      metadata_, piece, std::move(parts), shared_->network, shared_->workers,
      [weak = weak_from_this(), piece](auto how, slice data, const auto& failed) {
        if (const auto self = weak.lock()) self->loaded(piece, how, std::move(data), failed);
      });
  l.load->start(static_cast<std::uint32_t>(deadline > now ? deadline - now : 1), !l.blocks.empty());
}

void serve_torrent::loaded(std::uint32_t piece, piece_load::outcome how, slice data,
                           const std::vector<std::uint64_t>& failed_offers) {
  const auto at = loading_.find(piece);
  if (at == loading_.end() || stopped_) return;
  auto& l = at->second;
  const auto load = std::exchange(l.load, nullptr);
  const auto now = steady_ms();
  const auto key = piece_cache::key_of(number_, piece);
  if (how != piece_load::outcome::failed && load) load->judge(how == piece_load::outcome::good);
  for (auto& o : offers_) {
    const bool failed = std::count(failed_offers.begin(), failed_offers.end(), o->id) > 0;
    if (failed || (how == piece_load::outcome::bad && load && load->used(o->id)))
      o->rest_until_ms = now + rest_ms(++o->failures);
    else if (how == piece_load::outcome::good && load && load->used(o->id))
      o->failures = 0;
  }
  if (how != piece_load::outcome::good) {
    ++l.attempts;
    retry_later(piece, l);
    return;
  }
  auto blocks = std::move(l.blocks);
  loading_.erase(at);
  shared_->cache.store(key, data, now);
  for (const auto& b : blocks) give(b, data);
  shared_->admit_waiting();
}

void serve_torrent::retry_later(std::uint32_t piece, loading& l) {
  if (l.blocks.empty()) { // only expected: the client will ask
    loading_.erase(piece);
    shared_->cache.drop(piece_cache::key_of(number_, piece));
    shared_->admit_waiting();
    return;
  }
  l.retry_ms = steady_ms() + rest_ms(std::clamp(l.attempts, 1u, max_attempts));
}

void serve_torrent::give(const waiting_block& b, const slice& data) {
  if (b.request.start < 0 || b.request.length < 0 ||
      static_cast<std::size_t>(b.request.start) + static_cast<std::size_t>(b.request.length) >
          data.size()) {
    b.handler({}, read_error(boost::asio::error::invalid_argument));
    return;
  }
  b.handler(shared_piece::block(data, b.request.start, b.request.length), {});
}

void serve_torrent::tick() {
  const auto now = steady_ms();
  std::vector<waiting_block> late;
  std::vector<std::uint32_t> again;
  std::vector<std::uint32_t> unwanted;
  for (auto& [piece, l] : loading_) {
    const auto before = l.blocks.size();
    const auto first_late = std::stable_partition(
        l.blocks.begin(), l.blocks.end(), [&](const auto& b) { return b.deadline_ms > now; });
    std::move(first_late, l.blocks.end(), std::back_inserter(late));
    l.blocks.erase(first_late, l.blocks.end());
    if (before > 0 && l.blocks.empty() && l.load == nullptr)
      unwanted.push_back(piece);
    else if (l.load == nullptr && l.admitted && l.retry_ms <= now)
      again.push_back(piece);
  }
  for (const auto piece : unwanted) {
    loading_.erase(piece);
    shared_->cache.drop(piece_cache::key_of(number_, piece));
  }
  for (const auto piece : again) start_load(piece);
  // A rejected request is asked again once the client hears HAVE again.
  for (const auto& b : late) b.handler({}, read_error(boost::asio::error::timed_out));
  if (!unwanted.empty()) shared_->admit_waiting();
  std::erase_if(peers_, [](const auto& p) { return p.expired(); });
  for (const auto& weak : peers_)
    if (const auto peer = weak.lock()) peer->offer_again(*this, now);
}

void serve_torrent::stop() {
  stopped_ = true;
  auto waiting = std::move(loading_);
  loading_.clear();
  for (auto& [piece, l] : waiting)
    for (auto& b : l.blocks) b.handler({}, read_error(boost::asio::error::operation_aborted));
  offers_.clear();
  shared_->cache.drop_torrent(number_);
  shared_->admit_waiting();
}

} // namespace interswarm::bittorrent
