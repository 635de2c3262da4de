#include "actors/overlays/bittorrent/serve.hpp"

#include "actors/overlays/bittorrent/peer_limits.hpp"
#include "actors/overlays/bittorrent/serve_plugin.hpp"
#include "actors/overlays/bittorrent/serve_torrent.hpp"
#include "actors/overlays/bittorrent/session_settings.hpp"
#include "actors/overlays/bittorrent/source_disk.hpp"

#include <libtorrent/add_torrent_params.hpp>
#include <libtorrent/session.hpp>
#include <libtorrent/session_handle.hpp>
#include <libtorrent/torrent_info.hpp>

#include <atomic>
#include <mutex>

namespace interswarm::bittorrent {
namespace lt = libtorrent;

/// State of the session; members without a note belong to the network thread.
struct serve_session::core : std::enable_shared_from_this<serve_session::core> {
  explicit core(peer_options o) : shared(std::make_shared<serve_shared>(std::move(o))) {}

  std::shared_ptr<serve_shared> shared;
  std::unique_ptr<lt::session> session;  // start and end only
  lt::session_handle handle;             // stays good on the network thread while the session ends
  std::vector<endpoint> listening;       // set once
  std::atomic<std::uint64_t> next_id{1}; // any thread
  std::map<bytes, std::shared_ptr<serve_torrent>> by_info; // by the info dictionary's SHA-256
  std::uint32_t next_number = 1;
  std::atomic<std::size_t> count{0}; // offers, any thread

  std::mutex mutex;
  std::map<bytes, std::weak_ptr<serve_counters>> counters; // any thread, under `mutex`

  std::shared_ptr<serve_counters> counters_of(const bytes& info);
  void offer(const bytes& key, const std::shared_ptr<const torrent_metadata>& metadata,
             std::shared_ptr<serve_counters> counts, std::unique_ptr<offered_file> o);
  void withdraw(const bytes& info, std::uint64_t id);
  void changed(const bytes& info, std::uint64_t id, range_set have);
  void dial(const bytes& info, const endpoint& client);
  void enter(serve_torrent& t);
  void leave(serve_torrent& t);
  void replace(std::shared_ptr<serve_torrent>& t, std::shared_ptr<const torrent_metadata> merged);
};

namespace {

/// What the caller holds.
class serving_handle final : public serving {
public:
  serving_handle(std::weak_ptr<network_thread> network, std::shared_ptr<serve_counters> counters,
                 std::function<void()> withdraw, std::function<void(endpoint)> dial)
      : network_(std::move(network)), counters_(std::move(counters)),
        withdraw_(std::move(withdraw)), dial_(std::move(dial)) {}
  ~serving_handle() override { post(withdraw_); }

  serving_state state() const override {
    const auto last = counters_->last_request_ms.load();
    const auto now = steady_ms();
    return {counters_->clients, counters_->bytes_sent, now > last ? now - last : 0,
            counters_->completed};
  }
  void dial(const endpoint& client) override {
    post([d = dial_, client] { d(client); });
  }

private:
  void post(std::function<void()> f) const {
    if (const auto network = network_.lock()) network->post(std::move(f));
  }
  std::weak_ptr<network_thread> network_;
  std::shared_ptr<serve_counters> counters_;
  std::function<void()> withdraw_;
  std::function<void(endpoint)> dial_;
};

bytes info_key(const torrent_metadata& m) {
  const auto digest = sha256(m.raw);
  return {digest.begin(), digest.end()};
}

} // namespace

std::shared_ptr<serve_counters> serve_session::core::counters_of(const bytes& info) {
  const std::lock_guard guard(mutex);
  std::erase_if(counters, [](const auto& c) { return c.second.expired(); });
  auto out = counters[info].lock();
  if (!out) {
    out = std::make_shared<serve_counters>();
    out->last_request_ms = steady_ms();
    counters[info] = out;
  }
  return out;
}

void serve_session::core::offer(const bytes& key,
                                const std::shared_ptr<const torrent_metadata>& metadata,
                                std::shared_ptr<serve_counters> counts,
                                std::unique_ptr<offered_file> o) {
  auto& torrent = by_info[key];
  if (!torrent) {
    torrent = std::make_shared<serve_torrent>(next_number++, metadata, shared, std::move(counts));
    shared->torrents[torrent->number()] = torrent;
  }
  if (auto merged = merge_layers(torrent->metadata_pointer(), metadata);
      merged != torrent->metadata_pointer())
    replace(torrent, std::move(merged));
  const auto id = o->id;
  const auto source = o->source;
  torrent->add_offer(std::move(o));
  source->watch([weak = weak_from_this(), key, id](range_set have) {
    if (const auto self = weak.lock())
      self->shared->network->post([weak, key, id, have = std::move(have)]() mutable {
        if (const auto c = weak.lock()) c->changed(key, id, std::move(have));
      });
  });
}

void serve_session::core::changed(const bytes& info, std::uint64_t id, range_set have) {
  const auto at = by_info.find(info);
  if (at == by_info.end()) return;
  const auto torrent = at->second;
  torrent->set_have(id, std::move(have));
  if (!torrent->handle().is_valid()) enter(*torrent);
}

void serve_session::core::enter(serve_torrent& t) {
  lt::add_torrent_params p;
  p.ti = std::make_shared<lt::torrent_info>(*t.metadata().info);
  p.ti->clear_trackers();
  p.save_path = "/" + std::to_string(t.number()); // never opened: tells our disk which torrent
  add_extensions(p, shared->options, false);
  p.extensions.emplace_back(
      [plugin = std::make_shared<serve_plugin>(t.shared_from_this())](
          const lt::torrent_handle&, lt::client_data_t) -> std::shared_ptr<lt::torrent_plugin> {
        return plugin;
      });
  const auto pieces = t.metadata().map.piece_count();
  auto have = t.obtainable();
  p.have_pieces.resize(static_cast<int>(pieces), false);
  for (const auto piece : have) p.have_pieces.set_bit(lt::piece_index_t(static_cast<int>(piece)));
  p.piece_priorities.assign(pieces, lt::dont_download);
  lt::error_code ec;
  auto torrent = handle.add_torrent(std::move(p), ec);
  if (!ec) t.added(std::move(torrent), std::move(have));
}

void serve_session::core::withdraw(const bytes& info, std::uint64_t id) {
  --count;
  const auto at = by_info.find(info);
  if (at == by_info.end() || !at->second->remove_offer(id)) return;
  const auto torrent = std::move(at->second);
  by_info.erase(at);
  leave(*torrent);
}

void serve_session::core::leave(serve_torrent& t) {
  shared->torrents.erase(t.number());
  t.stop();
  if (t.handle().is_valid()) handle.remove_torrent(t.handle());
}

void serve_session::core::replace(std::shared_ptr<serve_torrent>& t,
                                  std::shared_ptr<const torrent_metadata> merged) {
  // libtorrent takes piece layers only with the torrent: it is entered anew, and its clients
  // dialled.
  const auto old = t;
  t = std::make_shared<serve_torrent>(next_number++, std::move(merged), shared, old->counters());
  shared->torrents[t->number()] = t;
  auto clients = old->clients();
  for (auto& o : old->take_offers()) t->add_offer(std::move(o));
  const bool entered = old->handle().is_valid();
  leave(*old);
  if (!entered) return;
  enter(*t);
  if (t->handle().is_valid()) t->carry(std::move(clients));
}

void serve_session::core::dial(const bytes& info, const endpoint& client) {
  const auto at = by_info.find(info);
  if (at != by_info.end()) at->second->dial(to_libtorrent(client));
}

serve_session::serve_session(std::shared_ptr<core> c) : core_(std::move(c)) {}

serve_session::~serve_session() {
  core_->session.reset(); // ends the network thread; its disk closes the way there
}

result<std::unique_ptr<serve_session>>
serve_session::start(peer_options options, std::shared_ptr<runtime::worker_pool> workers) {
  auto c = std::make_shared<core>(std::move(options));
  c->shared->workers = std::move(workers);
  auto params = serve_settings(c->shared->options);
  params.disk_io_constructor = [shared = c->shared](lt::io_context& io,
                                                    const lt::settings_interface&, lt::counters&) {
    return std::make_unique<source_disk>(io, shared);
  };
  c->session = std::make_unique<lt::session>(std::move(params));
  c->handle = *c->session;
  auto open = wait_until_listening(*c->session, c->shared->options.listen.size());
  if (!open) return tl::unexpected(open.error());
  c->listening = std::move(*open);
  return std::unique_ptr<serve_session>(new serve_session(std::move(c)));
}

result<std::unique_ptr<serving>>
serve_session::serve(const torrent_name& name, std::shared_ptr<const torrent_metadata> metadata,
                     std::shared_ptr<content_source> source) {
  if (metadata->is_private) return fail(errc::denied, "a private torrent is never offered");
  const auto pieces = metadata->map.pieces_of(name.file, {0, ~std::uint64_t{0}});
  if (pieces.size() == 0) return fail(errc::malformed, "the file is empty: nothing to offer");
  if (!metadata->proof.knows(pieces.begin))
    return fail(errc::malformed, "no piece hashes: a v2 torrent needs its piece layer");
  if (core_->count >= max_torrents) return fail(errc::overloaded, "too many contents on offer");
  ++core_->count;
  auto o = std::make_unique<offered_file>();
  const auto id = o->id = core_->next_id++;
  o->file = name.file;
  o->source = std::move(source);
  const auto key = info_key(*metadata);
  auto counters = core_->counters_of(key);
  core_->shared->network->post(
      [c = core_, key, metadata, counters,
       o = std::make_shared<std::unique_ptr<offered_file>>(std::move(o))]() mutable {
        c->offer(key, metadata, counters, std::move(*o));
      });
  const std::weak_ptr<core> weak = core_;
  return std::make_unique<serving_handle>(
      core_->shared->network, counters,
      [weak, key, id] {
        if (const auto c = weak.lock()) c->withdraw(key, id);
      },
      [weak, key](const endpoint& client) {
        if (const auto c = weak.lock()) c->dial(key, client);
      });
}

std::vector<endpoint> serve_session::listening() const { return core_->listening; }

} // namespace interswarm::bittorrent
