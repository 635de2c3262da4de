#include "tests/integration/bittorrent_peer/stock.hpp"

#include "actors/overlays/bittorrent/session_settings.hpp"

#include <libtorrent/bencode.hpp>
#include <libtorrent/entry.hpp>
#include <libtorrent/magnet_uri.hpp>

#include <fstream>
#include <random>
#include <unistd.h>

namespace interswarm::bittorrent::testing {

namespace fs = std::filesystem;

scratch::scratch() {
  std::string pattern = (fs::temp_directory_path() / "interswarm-test-XXXXXX").string();
  path = ::mkdtemp(pattern.data());
}

scratch::~scratch() {
  std::error_code ec;
  fs::remove_all(path, ec);
}

bytes content(std::size_t size, std::uint32_t seed) {
  bytes out(size);
  std::mt19937 random(seed);
  for (std::size_t i = 0; i + 4 <= size; i += 4) {
    const auto r = static_cast<std::uint32_t>(random());
    std::memcpy(&out[i], &r, 4);
  }
  return out;
}

bytes read_file(const fs::path& p) {
  std::ifstream in(p, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

torrent_name made_torrent::name(std::uint32_t file) const {
  const auto h = info->info_hashes();
  torrent_name out;
  if (h.has_v1())
    out.info_hash.assign(h.v1.begin(), h.v1.end());
  else
    out.info_hash.assign(h.v2.begin(), h.v2.end());
  out.file = file;
  return out;
}

std::shared_ptr<const torrent_metadata> made_torrent::metadata(std::uint32_t file) const {
  const auto raw = info->info_section();
  std::vector<known_layer> layers;
  const auto all = describe_torrent(info);
  if (file < all->map.files().size()) {
    const auto first = all->map.pieces_of(file, {0, all->map.files()[file].length}).begin;
    layers.push_back({all->map.piece_length(), all->proof.layer(first)});
  }
  const auto out = parse_metadata(
      name(file), {reinterpret_cast<const byte*>(raw.data()), static_cast<std::size_t>(raw.size())},
      layers);
  return out.value();
}

made_torrent make_torrent(const fs::path& folder, const std::string& name,
                          const std::vector<std::pair<std::string, bytes>>& files, kind k,
                          int piece_length, bool is_private) {
  const bool single = files.size() == 1;
  lt::file_storage storage;
  for (const auto& [path, data] : files) {
    const auto relative = single ? fs::path(path) : fs::path(name) / path;
    fs::create_directories((folder / relative).parent_path());
    std::ofstream(folder / relative, std::ios::binary)
        .write(reinterpret_cast<const char*>(data.data()),
               static_cast<std::streamsize>(data.size()));
    storage.add_file(relative.string(), static_cast<std::int64_t>(data.size()));
  }
  lt::create_flags_t flags{};
  if (k == kind::v1) flags = lt::create_torrent::v1_only;
  if (k == kind::v2) flags = lt::create_torrent::v2_only;
  lt::create_torrent t(storage, piece_length, flags);
  t.set_priv(is_private);
  lt::set_piece_hashes(t, folder.string());
  std::vector<char> buffer;
  lt::bencode(std::back_inserter(buffer), t.generate());
  made_torrent out;
  out.torrent.assign(buffer.begin(), buffer.end());
  out.info = std::make_shared<lt::torrent_info>(buffer, lt::from_span);
  return out;
}

namespace {

lt::settings_pack stock_settings() {
  lt::settings_pack p;
  using pack = lt::settings_pack;
  p.set_str(pack::listen_interfaces, "127.0.0.1:0");
  for (const auto off :
       {pack::enable_dht, pack::enable_lsd, pack::enable_upnp, pack::enable_natpmp})
    p.set_bool(off, false);
  p.set_bool(pack::allow_multiple_connections_per_ip, true);
  p.set_bool(pack::enable_outgoing_utp, false);
  p.set_int(pack::alert_mask, lt::alert_category::error | lt::alert_category::status);
  return p;
}

} // namespace

stock::stock() : session_(lt::session_params(stock_settings())) {
  (void)wait_until_listening(session_, 1);
}

endpoint stock::at() const { return {*ip_address::parse("127.0.0.1"), session_.listen_port()}; }

lt::torrent_handle stock::add(const made_torrent& t, const fs::path& folder, bool seed) {
  lt::add_torrent_params p;
  p.ti = t.info;
  p.save_path = folder.string();
  p.flags &= ~(lt::torrent_flags::auto_managed | lt::torrent_flags::paused);
  if (seed) p.flags |= lt::torrent_flags::seed_mode;
  return session_.add_torrent(std::move(p));
}

lt::torrent_handle stock::add_magnet(const lt::info_hash_t& hash, const fs::path& folder) {
  lt::add_torrent_params p;
  p.info_hashes = hash;
  p.save_path = folder.string();
  p.flags &= ~(lt::torrent_flags::auto_managed | lt::torrent_flags::paused);
  return session_.add_torrent(std::move(p));
}

bool wait_for(const std::function<bool()>& what, std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!what()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

memory_source::memory_source(bytes data) : data_(std::move(data)) {
  have_.add({0, data_.size()});
  thread_ = std::thread([this] { loop(); });
}

memory_source::~memory_source() {
  {
    const std::lock_guard guard(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void memory_source::read(byte_range range, std::uint32_t, bool, reply<slice> done) {
  ++reads;
  const std::lock_guard guard(mutex_);
  jobs_.push_back({std::chrono::steady_clock::now() + std::chrono::milliseconds(delay_ms), range,
                   std::move(done)});
  most_waiting = std::max(most_waiting.load(), static_cast<int>(jobs_.size()));
  wake_.notify_all();
}

void memory_source::judge(byte_range, bool good) { ++(good ? judged_good : judged_bad); }

void memory_source::watch(std::function<void(range_set)> changed) {
  range_set have;
  {
    const std::lock_guard guard(mutex_);
    changed_ = changed;
    have = have_;
  }
  changed(have);
}

void memory_source::set_have(range_set have) {
  std::function<void(range_set)> changed;
  {
    const std::lock_guard guard(mutex_);
    have_ = have;
    changed = changed_;
  }
  if (changed) changed(std::move(have));
}

void memory_source::loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return stop_ || !jobs_.empty(); });
    if (stop_) return;
    auto next = std::move(jobs_.front());
    jobs_.pop_front();
    if (next.due > std::chrono::steady_clock::now())
      wake_.wait_until(lock, next.due, [&] { return stop_; });
    lock.unlock();
    if (fails || next.range.end > data_.size()) {
      next.done(fail(errc::unavailable, "nobody has it"));
    } else if (lies) {
      const auto whole = data_.sub(next.range.begin, next.range.size());
      bytes wrong(whole.view().begin(), whole.view().end());
      wrong[wrong.size() / 2] ^= 1;
      next.done(slice(std::move(wrong)));
    } else {
      bytes_read += next.range.size();
      next.done(data_.sub(next.range.begin, next.range.size()));
    }
    next.done = {};
    lock.lock();
  }
}

} // namespace interswarm::bittorrent::testing
