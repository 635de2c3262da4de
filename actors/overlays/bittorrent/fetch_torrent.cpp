#include "actors/overlays/bittorrent/fetch_torrent.hpp"

#include "actors/overlays/bittorrent/fetch_plugin.hpp"
#include "actors/overlays/bittorrent/peer_limits.hpp"
#include "actors/overlays/bittorrent/serve_torrent.hpp"
#include "actors/overlays/bittorrent/session_settings.hpp"

#include <libtorrent/add_torrent_params.hpp>
#include <libtorrent/torrent_info.hpp>
#include <libtorrent/torrent_status.hpp>

#include <algorithm>

namespace interswarm::bittorrent {
namespace lt = libtorrent;
namespace {

constexpr std::uint64_t tick_ms = 100;
constexpr std::uint64_t availability_every_ms = 200;

lt::piece_index_t to_piece(std::uint32_t p) { return lt::piece_index_t(static_cast<int>(p)); }

} // namespace

std::shared_ptr<spool_store> fetch_shared::store_of(std::uint32_t torrent) {
  const auto at = torrents.find(torrent);
  const auto t = at == torrents.end() ? nullptr : at->second.lock();
  return t ? t->store() : nullptr;
}

void fetch_shared::arm_timer() {
  auto* io = network->io();
  if (armed || ended || io == nullptr) return;
  if (!timer) timer = std::make_unique<boost::asio::steady_timer>(*io);
  armed = true;
  timer->expires_after(std::chrono::milliseconds(tick_ms));
  timer->async_wait([weak = weak_from_this()](boost::system::error_code ec) {
    const auto self = weak.lock();
    if (ec || !self) return;
    self->armed = false;
    std::vector<std::shared_ptr<fetch_torrent>> all;
    for (const auto& [number, t] : self->torrents)
      if (auto torrent = t.lock()) all.push_back(std::move(torrent));
    bool busy = false;
    for (const auto& t : all) busy |= t->tick();
    if (busy) self->arm_timer();
  });
}

fetch_torrent::fetch_torrent(std::uint32_t number, torrent_name name,
                             std::shared_ptr<const torrent_metadata> metadata,
                             std::shared_ptr<peer_finder> finder,
                             std::shared_ptr<fetch_shared> shared)
    : number_(number), name_(std::move(name)), metadata_(std::move(metadata)),
      finder_(std::move(finder)), shared_(std::move(shared)) {}

std::shared_ptr<spool_store> fetch_torrent::store() {
  if (store_) return store_;
  auto file = sparse_file::create(shared_->options.spool_directory);
  if (!file) {
    failure_ = file.error();
    return nullptr;
  }
  store_ = std::make_shared<spool_store>(std::move(*file), shared_->network, shared_->workers,
                                         [weak = weak_from_this()](const error& why) {
                                           if (const auto self = weak.lock())
                                             self->spool_failed(why);
                                         });
  return store_;
}

void fetch_torrent::enter() {
  lt::add_torrent_params p;
  if (metadata_) {
    p.ti = std::make_shared<lt::torrent_info>(*metadata_->info);
    p.ti->clear_trackers();
    if (!held_.empty()) {
      p.have_pieces.resize(static_cast<int>(held_.size()), false);
      for (std::uint32_t i = 0; i < held_.size(); ++i)
        if (held_[i]) p.have_pieces.set_bit(to_piece(i));
    }
  } else {
    p.info_hashes = name_.to_libtorrent();
  }
  p.save_path = "/" + std::to_string(number_); // never opened: tells our disk which torrent
  add_extensions(p, shared_->options, true);
  p.flags |= lt::torrent_flags::default_dont_download;
  p.extensions.emplace_back(
      [plugin = std::make_shared<fetch_plugin>(weak_from_this())](
          const lt::torrent_handle&, lt::client_data_t) -> std::shared_ptr<lt::torrent_plugin> {
        return plugin;
      });
  ready_ = false;
  applied_.clear();
  lt::error_code ec;
  handle_ = shared_->session.add_torrent(std::move(p), ec);
  if (ec) fail_all({errc::internal, "libtorrent did not take the torrent: " + ec.message()});
}

void fetch_torrent::demand() {
  demand_ms_ = steady_ms();
  if (failure_ || !resting_ || demand_ms_ < spool_retry_ms_) return;
  resting_ = false;
  fruitless_finds_ = 0;
  find_ms_ = 0;
  enter();
  find_peers(demand_ms_);
  shared_->arm_timer();
}

void fetch_torrent::ready_soon() {
  shared_->network->post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->on_ready();
  });
}

void fetch_torrent::on_ready() {
  if (!handle_.is_valid() || failure_) return;
  if (!metadata_) {
    const auto info = handle_.torrent_file();
    if (!info || !info->is_valid()) return;
    if (info->priv()) return fail_all({errc::denied, "the torrent is private"});
    metadata_ = describe_torrent(info);
    changed();
  }
  const auto& map = metadata_->map;
  if (held_.empty()) held_.assign(map.piece_count(), false);
  offered_.assign(map.piece_count(), false);
  window_ = fetch_window(map.piece_length(), shared_->options.read_ahead_bytes);
  ready_ = true;
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    at->placed = false;
    at = place(*at) && !answer_if_held(*at) ? std::next(at) : waiting_.erase(at);
  }
  availability_stale_ = true;
  apply_later();
}

byte_range fetch_torrent::space(std::uint32_t file, byte_range range) const {
  const auto offset = metadata_->map.files()[file].offset;
  return {range.begin + offset, range.end + offset};
}

bool fetch_torrent::place(waiting_read& r) {
  const auto& files = metadata_->map.files();
  if (r.file >= files.size()) {
    r.done(fail(errc::not_found, "the torrent has no file " + std::to_string(r.file)));
    return false;
  }
  if (r.range.end > files[r.file].length) {
    r.done(fail(errc::malformed, "the range passes the end of the content"));
    return false;
  }
  r.pieces = metadata_->map.pieces_of(r.file, r.range);
  r.placed = true;
  window_.begin(r.id, space(r.file, r.range), files[r.file].offset + files[r.file].length, r.urgent,
                steady_ms());
  return true;
}

bool fetch_torrent::held(piece_run pieces) const {
  for (auto p = pieces.begin; p < pieces.end; ++p)
    if (p >= held_.size() || !held_[p]) return false;
  return true;
}

bool fetch_torrent::answer_if_held(waiting_read& r) {
  if (!r.placed || !held(r.pieces)) return false;
  window_.end(r.id);
  const auto spool = store();
  if (spool)
    spool->with_bytes(space(r.file, r.range),
                      [done = r.done](result<slice> data) { done(std::move(data)); });
  return true;
}

void fetch_torrent::read(std::uint32_t file, byte_range range, std::uint32_t deadline_ms,
                         bool urgent, reply<slice> done) {
  if (failure_) return done(tl::unexpected(*failure_));
  if (steady_ms() < spool_retry_ms_) return done(tl::unexpected(spool_failure_));
  if (range.empty() || range.size() > max_source_read_bytes)
    return done(fail(errc::malformed, "a read is 1 to 4194304 bytes"));
  if (waiting_.size() >= max_waiting_reads)
    return done(fail(errc::overloaded, "too many reads are waiting"));
  demand();
  const auto now = steady_ms();
  waiting_read r{next_read_++, file, range,          now, now + deadline_ms, urgent,
                 false,        {},   std::move(done)};
  if (ready_ && (!place(r) || answer_if_held(r))) {
    apply_later(); // the reader went on: so does what is wanted ahead of it
    return;
  }
  waiting_.push_back(std::move(r));
  find_for_reader(waiting_.back(), now);
  shared_->arm_timer();
  if (ready_) apply_later();
}

void fetch_torrent::on_piece(std::uint32_t piece) {
  if (piece >= held_.size() || held_[piece]) return;
  held_[piece] = true;
  applied_.erase(piece);
  changed();
  for (auto at = waiting_.begin(); at != waiting_.end();)
    at = at->pieces.begin <= piece && piece < at->pieces.end && answer_if_held(*at)
             ? waiting_.erase(at)
             : std::next(at);
}

void fetch_torrent::apply_later() {
  if (std::exchange(apply_pending_, true)) return;
  shared_->network->post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      self->apply_pending_ = false;
      self->apply();
    }
  });
}

// By priorities only: libtorrent's deadlines cancel what was asked for before, and Transmission 3
// gives no reject for a cancelled request, so that libtorrent's queue for it stays full.
void fetch_torrent::apply() {
  if (!ready_ || !handle_.is_valid() || failure_) return;
  auto wanted = window_.wanted(steady_ms());
  std::erase_if(wanted, [&](const auto& w) { return w.first >= held_.size() || held_[w.first]; });
  std::vector<std::pair<lt::piece_index_t, lt::download_priority_t>> changes;
  for (const auto& [piece, level] : wanted) {
    const auto at = applied_.find(piece);
    if (at == applied_.end() || at->second != level)
      changes.emplace_back(to_piece(piece), lt::download_priority_t(level));
  }
  for (const auto& [piece, level] : applied_)
    if (wanted.count(piece) == 0) changes.emplace_back(to_piece(piece), lt::dont_download);
  applied_ = std::move(wanted);
  if (!changes.empty()) handle_.prioritize_pieces(changes);
}

void fetch_torrent::expire(std::uint64_t now) {
  bool dropped = false;
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    if (at->deadline_ms > now) {
      ++at;
      continue;
    }
    bool offered = at->placed;
    for (auto p = at->pieces.begin; offered && p < at->pieces.end; ++p)
      offered = held_[p] || offered_[p];
    at->done(offered ? fail(errc::timed_out, "the peers did not deliver in time")
                     : fail(errc::unavailable, "no peer has these bytes"));
    window_.end(at->id);
    at = waiting_.erase(at);
    dropped = true;
  }
  if (dropped) apply_later();
}

void fetch_torrent::rest() {
  // Out of the session and back with what it holds: a paused torrent forgets less than one would
  // like, such as which peers it need not dial while it wants nothing.
  if (handle_.is_valid()) shared_->session.remove_torrent(handle_);
  handle_ = {};
  ready_ = false;
  resting_ = true;
  window_.forget_readers();
  applied_.clear();
  offered_.assign(offered_.size(), false);
  changed();
}

bool fetch_torrent::tick() {
  if (resting_ || failure_) return false;
  const auto now = steady_ms();
  if (availability_stale_ && now >= availability_ms_ + availability_every_ms) {
    availability_ms_ = now;
    refresh_availability();
  }
  expire(now);
  apply(); // quiet readers get nothing ahead any more
  if (version_ != told_version_) {
    told_version_ = version_;
    for (const auto& [owner, f] : watchers_) f(version_);
  }
  if (waiting_.empty() && now > demand_ms_ + shared_->options.idle_ms) {
    rest();
    return false;
  }
  find_peers(now);
  return true;
}

void fetch_torrent::learn_layers() {
  if (!metadata_->info->info_hashes().has_v2() || !handle_.is_valid()) return;
  const auto with = handle_.torrent_file_with_hashes();
  if (!with || !with->is_valid() || !with->v2_piece_hashes_verified()) return;
  metadata_ = describe_torrent(with);
}

fetch_state fetch_torrent::state(std::uint32_t file) {
  demand();
  fetch_state out;
  out.failure = failure_;
  out.peers = peers_;
  out.version = version_;
  if (!metadata_) return out;
  out.metadata = metadata_;
  if (file >= metadata_->map.files().size()) {
    out.failure = error{errc::not_found, "the torrent has no file " + std::to_string(file)};
    return out;
  }
  if (held_.empty()) return out;
  if (availability_stale_) refresh_availability();
  out.version = version_;
  out.held_bytes = metadata_->map.file_ranges(file, [&](auto p) { return bool(held_[p]); }).bytes();
  out.have = metadata_->map.file_ranges(file, [&](auto p) { return held_[p] || offered_[p]; });
  out.received_bytes = received_bytes_;
  if (handle_.is_valid())
    out.bytes_per_second =
        static_cast<std::uint64_t>(handle_.status(lt::status_flags_t{}).download_payload_rate);
  return out;
}

void fetch_torrent::watch(std::uint64_t owner, std::function<void(std::uint64_t)> f) {
  watchers_[owner] = std::move(f);
}

void fetch_torrent::fail_all(error why) {
  failure_ = std::move(why);
  auto waiting = std::move(waiting_);
  waiting_.clear();
  for (const auto& r : waiting) r.done(tl::unexpected(*failure_));
  changed();
  for (const auto& [owner, f] : watchers_) f(version_);
  if (handle_.is_valid()) shared_->session.remove_torrent(handle_);
  handle_ = {};
  ready_ = false;
}

void fetch_torrent::stop() {
  watchers_.clear();
  fail_all({errc::cancelled, "the fetch was let go"});
}

} // namespace interswarm::bittorrent
