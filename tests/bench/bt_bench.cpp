// How fast and how lean a torrent crosses our peer: stock libtorrent seed -> our fetch -> our serve
// -> stock libtorrent leech, each in a process of its own on loopback, beside stock seed -> stock
// leech in the same run. The crossing does the work of two transfers, so it is compared with two
// native ones at the same time.
//   bt_bench [MiB of content] [rounds]
// The gateway alone, between any seed and any client that listens on 127.0.0.1; it ends with its
// input:
//   bt_bench gateway FILE.torrent SPOOL_FOLDER SEED_PORT [CLIENT_PORT]

#include "actors/overlays/bittorrent/peer.hpp"
#include "actors/overlays/bittorrent/session_settings.hpp"
#include "actors/overlays/bittorrent/torrent_metadata.hpp"
#include "actors/runtime/error.hpp"
#include "schema/base/encoding.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <libtorrent/add_torrent_params.hpp>
#include <libtorrent/alert_types.hpp>
#include <libtorrent/bencode.hpp>
#include <libtorrent/create_torrent.hpp>
#include <libtorrent/session.hpp>
#include <libtorrent/torrent_info.hpp>
#include <libtorrent/torrent_status.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace lt = libtorrent;
namespace fs = std::filesystem;
using namespace interswarm;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

namespace {

double seconds(steady::duration d) { return std::chrono::duration<double>(d).count(); }

lt::settings_pack stock(int port) {
  using pack = lt::settings_pack;
  pack p;
  p.set_str(pack::listen_interfaces, "127.0.0.1:" + std::to_string(port));
  for (const auto off : {pack::enable_dht, pack::enable_lsd, pack::enable_upnp, pack::enable_natpmp,
                         pack::enable_outgoing_utp})
    p.set_bool(off, false);
  p.set_bool(pack::allow_multiple_connections_per_ip, true);
  p.set_int(pack::alert_mask, lt::alert_category::error | lt::alert_category::status);
  return p;
}

/// "key=value ..." from a child, over its standard output.
struct child {
  pid_t pid = -1;
  FILE* out = nullptr;
  int in = -1;
  std::string line() {
    char text[4096] = {};
    if (std::fgets(text, sizeof text, out) == nullptr) return {};
    std::string s = text;
    while (!s.empty() && s.back() == '\n') s.pop_back();
    return s;
  }
  void end() {
    ::close(in); // the child ends when its input does
    ::waitpid(pid, nullptr, 0);
    std::fclose(out);
  }
};

child start(std::vector<std::string> args) {
  int to[2];
  int from[2];
  if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0) std::abort();
  const auto pid = ::fork();
  if (pid == 0) {
    ::dup2(to[0], 0);
    ::dup2(from[1], 1);
    std::vector<char*> argv;
    args.insert(args.begin(), "bt_bench");
    for (auto& a : args) argv.push_back(a.data());
    argv.push_back(nullptr);
    ::execv("/proc/self/exe", argv.data());
    ::_exit(127);
  }
  ::close(to[0]);
  ::close(from[1]);
  return {pid, ::fdopen(from[0], "r"), to[1]};
}

void wait_for_end_of_input() {
  char c = 0;
  while (::read(0, &c, 1) > 0) {
  }
}

long peak_kib() {
  std::ifstream in("/proc/self/status");
  for (std::string word; in >> word;)
    if (word == "VmHWM:") {
      long value = 0;
      in >> value;
      return value;
    }
  return 0;
}

double cpu_seconds() {
  rusage u{};
  ::getrusage(RUSAGE_SELF, &u);
  const auto s = [](const timeval& t) { return double(t.tv_sec) + double(t.tv_usec) / 1e6; };
  return s(u.ru_utime) + s(u.ru_stime);
}

int seed(const std::string& torrent, const std::string& folder) {
  lt::session s{lt::session_params(stock(0))};
  lt::add_torrent_params p;
  p.ti = std::make_shared<lt::torrent_info>(torrent);
  p.save_path = folder;
  p.flags &= ~(lt::torrent_flags::auto_managed | lt::torrent_flags::paused);
  p.flags |= lt::torrent_flags::seed_mode;
  s.add_torrent(std::move(p));
  (void)bittorrent::wait_until_listening(s, 1);
  std::cout << s.listen_port() << std::endl;
  wait_for_end_of_input();
  return 0;
}

int leech(const std::string& torrent, const std::string& folder, int port) {
  lt::session s{lt::session_params(stock(0))};
  lt::add_torrent_params p;
  p.ti = std::make_shared<lt::torrent_info>(torrent);
  const auto total = p.ti->total_size();
  p.save_path = folder;
  p.flags &= ~(lt::torrent_flags::auto_managed | lt::torrent_flags::paused);
  const auto h = s.add_torrent(std::move(p));
  (void)bittorrent::wait_until_listening(s, 1);
  std::this_thread::sleep_for(300ms);
  const auto began = steady::now();
  h.connect_peer({lt::make_address("127.0.0.1"), static_cast<std::uint16_t>(port)});
  double first = 0;
  for (;;) {
    const auto st = h.status(lt::status_flags_t{});
    if (first == 0 && st.total_payload_download > 0) first = seconds(steady::now() - began);
    if (st.is_seeding) break;
    if (seconds(steady::now() - began) > 600) return 1;
    std::this_thread::sleep_for(first == 0 ? 1ms : 10ms);
  }
  std::cout << seconds(steady::now() - began) << " " << first << " " << double(total) / 1048576
            << std::endl;
  return 0;
}

msg::tracker_actor fixed_tracker(caf::actor_system& system, endpoint at) {
  return system.spawn([at](msg::tracker_actor::pointer) -> msg::tracker_actor::behavior_type {
    const auto no = [] { return runtime::make_caf_error(errc::unimplemented, ""); };
    return {
        [no](const msg::tracker_announce&) -> caf::result<msg::tracker_announce_result> {
          return no();
        },
        [at](const msg::tracker_find&) {
          return msg::tracker_find_result{
              {{{.address = slice::copy_of(at.address.network_bytes()), .port = at.port}, {}}}, {}};
        },
        [no](const msg::tracker_scrape&) -> caf::result<msg::tracker_scrape_result> {
          return no();
        },
        [no](const msg::tracker_watch&) -> caf::result<msg::tracker_watch_result> { return no(); },
        [](const msg::tracker_follow&) {}};
  });
}

int gateway(const std::string& torrent, const std::string& folder, int port, int client_port) {
  caf::actor_system_config config;
  caf::actor_system system(config);
  const auto loop = runtime::loop::start(system, "io");
  bittorrent::peer_options o;
  o.listen = {{*ip_address::parse("127.0.0.1"), 0}};
  o.several_connections_per_address = true;
  o.outgoing_utp = false;
  o.spool_directory = folder;
  {
    auto peer = bittorrent::spawn_peer(*loop, o).value();
    caf::scoped_actor self(system);
    const lt::torrent_info info(torrent);
    const auto raw = info.info_section();
    msg::name_record record;
    const auto v1 = info.info_hashes().v1;
    bittorrent::torrent_name name{{v1.begin(), v1.end()}, 0};
    record.name = {"bittorrent", slice(name.key())};
    record.metadata = slice::copy_of(
        {reinterpret_cast<const byte*>(raw.data()), static_cast<std::size_t>(raw.size())});
    record.size = static_cast<std::uint64_t>(info.total_size());
    const auto tracker =
        fixed_tracker(system, {*ip_address::parse("127.0.0.1"), static_cast<std::uint16_t>(port)});
    msg::tracker_actor clients;
    if (client_port > 0)
      clients = fixed_tracker(
          system, {*ip_address::parse("127.0.0.1"), static_cast<std::uint16_t>(client_port)});
    const auto fail = [](const caf::error& e) {
      std::cerr << to_string(runtime::to_error(e)) << "\n";
      std::exit(1);
    };
    msg::source_actor source;
    msg::serving_actor serving;
    self->request(peer, 10s, msg::peer_fetch{record, tracker})
        .receive([&](const msg::peer_fetch_result& r) { source = r.source; }, fail);
    self->request(peer, 10s, msg::peer_serve{record, source, clients})
        .receive([&](const msg::peer_serve_result& r) { serving = r.serving; }, fail);
    std::uint16_t at = 0;
    self->request(peer, 10s, msg::peer_describe{})
        .receive([&](const msg::peer_describe_result& r) { at = r.listen.at(0).port; }, fail);
    std::this_thread::sleep_for(500ms);
    const auto before = cpu_seconds();
    std::cout << at << std::endl;
    wait_for_end_of_input();
    std::cout << cpu_seconds() - before << " " << peak_kib() << std::endl;
  }
  system.await_actors_before_shutdown(false);
  loop->stop();
  return 0;
}

struct run {
  double rate = 0;
  double first = 0;
  double cpu = 0;
  double memory_mib = 0;
};

struct bench {
  fs::path folder;
  fs::path torrent;
  double mib = 0;

  explicit bench(std::size_t size_mib) : mib(double(size_mib)) {
    std::string pattern = (fs::temp_directory_path() / "bt-bench-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    {
      std::ofstream out(folder / "content", std::ios::binary);
      std::mt19937_64 random(1);
      std::vector<std::uint64_t> block(131072);
      for (std::size_t i = 0; i < size_mib; ++i) {
        for (auto& b : block) b = random();
        out.write(reinterpret_cast<const char*>(block.data()), 1 << 20);
      }
    }
    lt::file_storage files;
    lt::add_files(files, (folder / "content").string());
    lt::create_torrent t(files, 0, lt::create_torrent::v1_only);
    lt::set_piece_hashes(t, folder.string());
    std::vector<char> buffer;
    lt::bencode(std::back_inserter(buffer), t.generate());
    torrent = folder / "content.torrent";
    std::ofstream(torrent, std::ios::binary)
        .write(buffer.data(), static_cast<std::streamsize>(buffer.size()));
  }
  ~bench() {
    std::error_code ec;
    fs::remove_all(folder, ec);
  }

  run leech_from(child& l, const fs::path& out) {
    std::istringstream in(l.line());
    double time = 0;
    run r;
    in >> time >> r.first;
    l.end();
    if (time > 0) r.rate = mib / time;
    std::error_code ec;
    fs::remove_all(out, ec);
    return r;
  }
  child start_leech(const std::string& port, const fs::path& out) {
    fs::create_directory(out);
    return start({"leech", torrent, out, port});
  }
  run native(int pairs) {
    std::vector<child> seeds;
    std::vector<child> leeches;
    for (int i = 0; i < pairs; ++i) {
      seeds.push_back(start({"seed", torrent, folder}));
      leeches.push_back(start_leech(seeds.back().line(), folder / ("out" + std::to_string(i))));
    }
    run slowest{1e9, 0, 0, 0};
    for (int i = 0; i < pairs; ++i) {
      const auto r =
          leech_from(leeches[static_cast<std::size_t>(i)], folder / ("out" + std::to_string(i)));
      slowest.rate = std::min(slowest.rate, r.rate);
      slowest.first = std::max(slowest.first, r.first);
      seeds[static_cast<std::size_t>(i)].end();
    }
    return slowest;
  }
  run bridged() {
    auto s = start({"seed", torrent, folder});
    auto g = start({"gateway", torrent, folder, s.line()});
    auto l = start_leech(g.line(), folder / "out");
    auto r = leech_from(l, folder / "out");
    ::close(g.in);
    std::istringstream in(g.line());
    in >> r.cpu >> r.memory_mib;
    r.memory_mib /= 1024;
    ::waitpid(g.pid, nullptr, 0);
    std::fclose(g.out);
    s.end();
    return r;
  }
};

} // namespace

int main(int argc, char** argv) {
  const std::string role = argc > 1 ? argv[1] : "";
  if (role == "seed") return seed(argv[2], argv[3]);
  if (role == "leech") return leech(argv[2], argv[3], std::stoi(argv[4]));
  if (role == "gateway")
    return gateway(argv[2], argv[3], std::stoi(argv[4]), argc > 5 ? std::stoi(argv[5]) : 0);
  const std::size_t mib = argc > 1 ? std::stoul(argv[1]) : 256;
  const int rounds = argc > 2 ? std::stoi(argv[2]) : 3;
  bench b(mib);
  std::vector<double> ratios;
  std::printf("%zu MiB; rates in MiB/s, first byte in ms\n", mib);
  std::printf("%8s %10s %10s %8s %12s %12s %14s %10s\n", "native", "two native", "bridged", "ratio",
              "first native", "first bridged", "gateway CPU s", "peak MiB");
  for (int i = 0; i < rounds; ++i) {
    const auto one = b.native(1);
    const auto two = b.native(2);
    const auto ours = b.bridged();
    ratios.push_back(ours.rate / two.rate);
    std::printf("%8.1f %10.1f %10.1f %8.2f %12.0f %12.0f %14.2f %10.1f\n", one.rate, two.rate,
                ours.rate, ratios.back(), one.first * 1000, ours.first * 1000, ours.cpu,
                ours.memory_mib);
    std::fflush(stdout);
  }
  std::sort(ratios.begin(), ratios.end());
  std::printf("median of bridged / slower of two native transfers: %.2f (aim 0.90)\n",
              ratios[ratios.size() / 2]);
  return 0;
}
