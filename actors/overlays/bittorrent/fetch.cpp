#include "actors/overlays/bittorrent/fetch.hpp"

#include "actors/overlays/bittorrent/fetch_torrent.hpp"
#include "actors/overlays/bittorrent/peer_limits.hpp"
#include "actors/overlays/bittorrent/session_settings.hpp"

#include <libtorrent/session.hpp>
#include <libtorrent/torrent_info.hpp>

#include <atomic>

namespace interswarm::bittorrent {
namespace lt = libtorrent;

/// State of the session; members without a note belong to the network thread.
struct fetch_session::core {
  explicit core(peer_options o) : shared(std::make_shared<fetch_shared>(std::move(o))) {}

  struct entry {
    std::shared_ptr<fetch_torrent> torrent;
    std::size_t handles = 0;
  };
  std::shared_ptr<fetch_shared> shared;
  std::unique_ptr<lt::session> session; // start and end only
  std::map<bytes, entry> by_hash;
  std::uint32_t next_number = 1;
  std::atomic<std::uint64_t> next_owner{1}; // any thread
  std::atomic<std::size_t> count{0};        // any thread

  void open(const bytes& key, const torrent_name& name,
            const std::shared_ptr<const torrent_metadata>& metadata,
            const std::shared_ptr<peer_finder>& finder) {
    auto& e = by_hash[key];
    ++e.handles;
    if (e.torrent) return;
    e.torrent = std::make_shared<fetch_torrent>(next_number++, name, metadata, finder, shared);
    shared->torrents[e.torrent->number()] = e.torrent;
  }
  void close(const bytes& key, std::uint64_t owner) {
    --count;
    const auto at = by_hash.find(key);
    if (at == by_hash.end()) return;
    at->second.torrent->unwatch(owner);
    if (--at->second.handles > 0) return;
    const auto torrent = at->second.torrent;
    by_hash.erase(at);
    torrent->stop();
    shared->torrents.erase(torrent->number());
  }
  std::shared_ptr<fetch_torrent> find(const bytes& key) const {
    const auto at = by_hash.find(key);
    return at == by_hash.end() ? nullptr : at->second.torrent;
  }
};

namespace {

/// What the caller holds: sends everything to the network thread.
template <class Core>
class fetching_handle final : public fetching {
public:
  fetching_handle(std::weak_ptr<Core> core, bytes key, std::uint32_t file, std::uint64_t owner)
      : core_(std::move(core)), key_(std::move(key)), file_(file), owner_(owner) {}
  ~fetching_handle() override {
    if (const auto core = core_.lock())
      core->shared->network->post([weak = core_, key = key_, owner = owner_] {
        if (const auto c = weak.lock()) c->close(key, owner);
      });
  }

  void state(reply<fetch_state> done) override {
    with([file = file_, done](fetch_torrent& t) { done(t.state(file)); });
  }
  void read(byte_range range, std::uint32_t deadline_ms, bool urgent, reply<slice> done) override {
    with([=, file = file_](fetch_torrent& t) { t.read(file, range, deadline_ms, urgent, done); });
  }
  void judge(byte_range range, bool good) override {
    if (!good) with([file = file_, range](fetch_torrent& t) { t.judge_bad(file, range); });
  }
  void genuine(byte_range range, std::uint32_t deadline_ms, reply<genuine_answer> done) override {
    with([=, file = file_](fetch_torrent& t) { t.genuine(file, range, deadline_ms, done); });
  }
  void watch(std::function<void(std::uint64_t)> changed) override {
    with([owner = owner_, changed = std::move(changed)](fetch_torrent& t) {
      t.watch(owner, changed);
    });
  }

private:
  /// A reply inside `f` answers `cancelled` when the session has ended.
  void with(std::function<void(fetch_torrent&)> f) {
    if (const auto core = core_.lock())
      core->shared->network->post([weak = core_, key = key_, f = std::move(f)] {
        const auto c = weak.lock();
        if (!c) return;
        if (const auto t = c->find(key)) f(*t);
      });
  }
  std::weak_ptr<Core> core_;
  bytes key_;
  std::uint32_t file_;
  std::uint64_t owner_;
};

} // namespace

fetch_session::fetch_session(std::shared_ptr<core> c) : core_(std::move(c)) {}

fetch_session::~fetch_session() { core_->session.reset(); }

result<std::unique_ptr<fetch_session>>
fetch_session::start(peer_options options, std::shared_ptr<runtime::worker_pool> workers) {
  auto c = std::make_shared<core>(std::move(options));
  c->shared->workers = std::move(workers);
  auto params = fetch_settings(c->shared->options);
  params.disk_io_constructor = [shared = c->shared](lt::io_context& io,
                                                    const lt::settings_interface&, lt::counters&) {
    return std::make_unique<spool_disk>(io, shared->network, shared);
  };
  c->session = std::make_unique<lt::session>(std::move(params));
  c->shared->session = *c->session;
  auto open = wait_until_listening(*c->session, c->shared->options.listen.empty() ? 0 : 1);
  if (!open) return tl::unexpected(open.error());
  return std::unique_ptr<fetch_session>(new fetch_session(std::move(c)));
}

result<std::unique_ptr<fetching>>
fetch_session::fetch(const torrent_name& name, std::shared_ptr<const torrent_metadata> metadata,
                     std::shared_ptr<peer_finder> finder) {
  if (metadata && metadata->is_private)
    return fail(errc::denied, "a private torrent is never fetched for others");
  if (core_->count >= max_torrents) return fail(errc::overloaded, "too many contents are fetched");
  ++core_->count;
  bytes key = name.info_hash;
  if (metadata && metadata->info->info_hashes().has_v1()) {
    // Both names of a hybrid torrent are one torrent.
    const auto v1 = metadata->info->info_hashes().v1;
    key.assign(v1.begin(), v1.end());
  }
  const auto owner = core_->next_owner++;
  const auto file = name.file;
  core_->shared->network->post([weak = std::weak_ptr<core>(core_), key, name,
                                metadata = std::move(metadata), finder = std::move(finder)] {
    if (const auto c = weak.lock()) c->open(key, name, metadata, finder);
  });
  return std::make_unique<fetching_handle<core>>(core_, key, file, owner);
}

} // namespace interswarm::bittorrent
