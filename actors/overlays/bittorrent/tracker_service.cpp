#include "actors/overlays/bittorrent/tracker_service.hpp"

#include "actors/runtime/http_front.hpp"
#include "actors/runtime/wall_clock.hpp"

#include <cerrno>
#include <fstream>
#include <iterator>
#include <random>
#include <sys/stat.h>

namespace interswarm::bittorrent {

namespace {

constexpr std::size_t list_file_bytes = tracker_limits::listed_names * 41;

std::array<std::uint64_t, 2> new_secret() {
  std::random_device random;
  const auto word = [&] { return std::uint64_t{random()} << 32 | random(); };
  return {word(), word()};
}

} // namespace

tracker_service::tracker_service(const tracker_options& options, const own_peer_options& own,
                                 std::array<std::uint64_t, 2> secret)
    : options_(options), store_(options.swarms, secret), own_(store_, own) {}

result<std::shared_ptr<tracker_service>> tracker_service::start(const tracker_options& options,
                                                                const own_peer_options& own) {
  auto copy = options;
  copy.swarms.allow_list = copy.swarms.allow_list || !options.allow_list_file.empty();
  const auto kept =
      options.state_file.empty() ? std::nullopt : swarm_keeper::load(options.state_file);
  const bool whole = kept && kept->warning.empty();
  std::shared_ptr<tracker_service> out(
      new tracker_service(copy, own, whole ? kept->header.secret : new_secret()));
  if (!options.allow_list_file.empty()) out->lists_.push_back({options.allow_list_file, true});
  if (!options.deny_list_file.empty()) out->lists_.push_back({options.deny_list_file, false});
  for (auto& file : out->lists_) {
    if (auto ok = out->read_list(file); !ok) return tl::unexpected(ok.error());
  }
  if (kept && !whole) out->warning_ = kept->warning;
  if (whole)
    swarm_keeper::restore(*kept, out->store_, tracker_now_ms(),
                          static_cast<std::uint64_t>(runtime::unix_seconds()));
  if (!options.state_file.empty())
    out->keeper_ = std::make_unique<swarm_keeper>(options.state_file, out->store_);
  if (options.http) {
    if (auto ok = out->listen_http(); !ok) return tl::unexpected(ok.error());
  }
  if (options.udp) {
    auto udp = udp_front::start(options, out->store_, new_secret());
    if (!udp) return tl::unexpected(udp.error());
    out->udp_ = std::move(*udp);
  }
  return out;
}

result<void> tracker_service::listen_http() {
  for (const auto& at : options_.listen) {
    auto socket = runtime::listen_tcp(at, "tracker");
    if (!socket)
      return fail(errc::configuration, socket.error().text + " (is another tracker running?)");
    http_addresses_.push_back(socket->at);
    http_sockets_.push_back(kj::mv(socket->fd));
  }
  return {};
}

result<void> tracker_service::read_list(list_file& file) {
  const auto named = [&](const std::string& why) {
    return fail(errc::configuration, "tracker: list " + file.path + ": " + why);
  };
  struct stat info {};
  if (::stat(file.path.c_str(), &info) != 0) return named(std::strerror(errno));
  const auto changed = std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
  if (changed == file.read_at_ns) return {};
  // A file that is broken is not read again before it changes.
  file.read_at_ns = changed;
  if (static_cast<std::size_t>(info.st_size) > list_file_bytes) return named("too long");
  std::ifstream in(file.path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in.eof() && in.fail()) return named("cannot be read");
  const auto names = parse_hash_list(text);
  if (!names) return named(names.error().text);
  if (file.allow)
    store_.set_allowed(*names);
  else
    store_.set_denied(*names);
  return {};
}

std::string tracker_service::reload_lists() {
  for (auto& file : lists_) {
    if (auto ok = read_list(file); !ok) return ok.error().text;
  }
  return {};
}

tracker_stats::side tracker_service::udp_counters() const {
  if (!udp_) return {};
  const auto t = udp_->count();
  return {t.connects, t.announces, t.scrapes, t.refused, t.dropped};
}

} // namespace interswarm::bittorrent
