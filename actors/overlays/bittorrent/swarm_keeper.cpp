#include "actors/overlays/bittorrent/swarm_keeper.hpp"

#include "actors/overlays/bittorrent/udp_front.hpp"
#include "actors/runtime/wall_clock.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace interswarm::bittorrent {

namespace {

using namespace std::chrono_literals;

constexpr auto shortest_pause = 3s;
/// Saving takes at most this share of a core: a pause is so many times as long as the last save.
constexpr int pause_share = 50;
constexpr std::uint64_t max_file_bytes = std::uint64_t{2} << 30;

struct descriptor {
  int fd;
  ~descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

bool write_all(int fd, byte_view data) {
  while (!data.empty()) {
    const auto n = ::write(fd, data.data(), data.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    data = data.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

} // namespace

std::optional<swarm_keeper::kept> swarm_keeper::load(const std::string& file) {
  const descriptor in{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  if (in.fd < 0) return std::nullopt;
  kept out;
  struct stat info {};
  bytes data;
  if (::fstat(in.fd, &info) == 0 && static_cast<std::uint64_t>(info.st_size) <= max_file_bytes)
    data.resize(static_cast<std::size_t>(info.st_size));
  std::size_t got = 0;
  while (got < data.size()) {
    const auto n = ::read(in.fd, data.data() + got, data.size() - got);
    if (n <= 0) break;
    got += static_cast<std::size_t>(n);
  }
  const auto header = read_snapshot(data, [&](const saved_swarm& s) { out.swarms.push_back(s); });
  if (header) {
    out.header = *header;
  } else {
    out.warning = file + ": " + header.error().text + "; the tracker begins without swarms";
  }
  return out;
}

void swarm_keeper::restore(const kept& k, swarm_store& store, std::uint64_t now_ms,
                           std::uint64_t now_s) {
  const auto away = now_s > k.header.saved_at_s ? now_s - k.header.saved_at_s : 0;
  for (auto s : k.swarms) {
    for (auto& p : s.peers)
      p.age_s = static_cast<std::uint32_t>(std::min<std::uint64_t>(p.age_s + away, 0xFFFFFFFF));
    store.restore(s, now_ms);
  }
}

swarm_keeper::swarm_keeper(std::string file, const swarm_store& store)
    : file_(std::move(file)), store_(store), saved_changes_(store.changes()),
      thread_([this] { run(); }) {}

swarm_keeper::~swarm_keeper() {
  {
    const std::lock_guard guard(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

std::string swarm_keeper::take_trouble() {
  const std::lock_guard guard(mutex_);
  return std::exchange(untold_, {});
}

void swarm_keeper::run() {
  std::chrono::steady_clock::duration pause = shortest_pause;
  for (bool last = false; !last;) {
    {
      std::unique_lock guard(mutex_);
      last = wake_.wait_for(guard, pause, [this] { return stop_; });
    }
    const auto began = std::chrono::steady_clock::now();
    save();
    pause = std::max<std::chrono::steady_clock::duration>(
        shortest_pause, pause_share * (std::chrono::steady_clock::now() - began));
  }
}

void swarm_keeper::save() {
  const auto changes = store_.changes();
  if (changes == saved_changes_) return;
  const auto done = write();
  if (done) saved_changes_ = changes;
  note(done ? "" : done.error().text);
}

void swarm_keeper::note(const std::string& trouble) {
  const std::lock_guard guard(mutex_);
  if (trouble == last_trouble_) return;
  last_trouble_ = trouble;
  untold_ = trouble.empty() ? file_ + ": swarms are saved again" : trouble;
}

result<void> swarm_keeper::write() {
  const auto draft = file_ + ".new";
  const descriptor out{
      ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (out.fd < 0) return fail(errc::io, draft + ": " + std::strerror(errno));
  int failure = 0;
  snapshot_writer writer({static_cast<std::uint64_t>(runtime::unix_seconds()), store_.secret()},
                         [&](byte_view data) {
                           if (failure == 0 && !write_all(out.fd, data)) failure = errno;
                         });
  for (std::size_t shard = 0; shard < store_.shards(); ++shard) {
    store_.save(shard, tracker_now_ms(), [&](const saved_swarm& s) { writer.add(s); });
    writer.flush();
  }
  writer.finish();
  // No fsync: after a power cut the check sum tells what is not whole, and clients announce again.
  if (failure == 0 && ::rename(draft.c_str(), file_.c_str()) != 0) failure = errno;
  if (failure == 0) return {};
  ::unlink(draft.c_str());
  return fail(errc::io, file_ + ": swarms cannot be saved: " + std::strerror(failure));
}

} // namespace interswarm::bittorrent
