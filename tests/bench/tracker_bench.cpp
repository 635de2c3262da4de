// Announces a second over UDP: our tracker beside Debian's opentracker, under the same load, in
// turns.
//
//   tracker_bench [SECONDS] [ROUNDS] [SWARMS]      default: 5 5 100000
//
// One core for the server, one for the load. The load is announces with a few scrapes and connects
// between (as aquatic_bencher's), from several sockets, each keeping a window of requests under
// way; swarms are chosen with a strong preference for few. Both trackers know all info-hashes from
// an allow list, because Debian's opentracker cannot do without one. What is counted are answers
// that came back and were found right.
#include "actors/overlays/bittorrent/udp_front.hpp"
#include "schema/base/encoding.hpp"
#include "schema/bittorrent/udp_tracker.hpp"

#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <netinet/in.h>
#include <poll.h>
#include <random>
#include <sched.h>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace interswarm;
using namespace interswarm::bittorrent;

namespace {

constexpr std::size_t socket_count = 16;
constexpr std::size_t window = 48;
constexpr std::uint16_t ours_port = 26969;
constexpr std::uint16_t theirs_port = 26970;
constexpr std::int32_t wanted_peers = 30;

void pin(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  ::sched_setaffinity(0, sizeof set, &set);
}

std::uint64_t now_us() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(t.tv_nsec) / 1000;
}

std::vector<info_hash> make_hashes(std::size_t count) {
  std::mt19937_64 random(42);
  std::vector<info_hash> out(count);
  for (auto& hash : out) {
    for (auto& b : hash) b = static_cast<byte>(random());
  }
  return out;
}

struct counts {
  std::uint64_t announces = 0;
  std::uint64_t others = 0;
  std::uint64_t wrong = 0;
  std::uint64_t peers = 0;
};

/// One client socket: it sends in batches and takes what comes.
class load_socket {
public:
  load_socket(std::uint16_t port, const std::vector<info_hash>& hashes, std::uint64_t seed)
      : hashes_(&hashes), random_(seed) {
    fd_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd_ < 0 || ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) std::abort();
    for (std::size_t i = 0; i < window; ++i) {
      in_parts_[i] = {in_[i].data(), in_[i].size()};
      in_heads_[i].msg_hdr.msg_iov = &in_parts_[i];
      in_heads_[i].msg_hdr.msg_iovlen = 1;
      out_heads_[i].msg_hdr.msg_iov = &out_parts_[i];
      out_heads_[i].msg_hdr.msg_iovlen = 1;
    }
  }
  ~load_socket() { ::close(fd_); }
  load_socket(const load_socket&) = delete;
  load_socket& operator=(const load_socket&) = delete;

  int fd() const { return fd_; }
  bool connected() const { return id_ != 0; }

  /// A first connect, sent again until answered.
  void connect() {
    const auto packet = udp_tracker::encode_connect_request(0);
    (void)!::send(fd_, packet.data(), packet.size(), 0);
  }

  /// Sends `count` requests, at most a window.
  void fill(std::size_t count) {
    count = std::min(count, window);
    for (std::size_t i = 0; i < count; ++i) {
      out_[i] = next_request();
      out_parts_[i] = {out_[i].data(), out_[i].size()};
    }
    const auto n = ::sendmmsg(fd_, out_heads_.data(), static_cast<unsigned>(count), 0);
    in_flight_ += n > 0 ? static_cast<std::size_t>(n) : 0;
    sent_at_us_ = now_us();
  }
  void top_up() {
    // Lost packets would empty the window for good.
    if (in_flight_ != 0 && now_us() - sent_at_us_ > 200'000) in_flight_ = 0;
    if (in_flight_ < window / 2) fill(window - in_flight_);
  }

  void take(counts& c) {
    const auto n = ::recvmmsg(fd_, in_heads_.data(), window, MSG_DONTWAIT, nullptr);
    for (int i = 0; i < n; ++i) {
      if (in_flight_ > 0) --in_flight_;
      read_answer(
          {in_[static_cast<std::size_t>(i)].data(), in_heads_[static_cast<std::size_t>(i)].msg_len},
          c);
    }
  }

private:
  bytes next_request() {
    const auto dice = random_() % 200;
    if (dice == 0) return udp_tracker::encode_connect_request(1);
    // u³ prefers few swarms, as real trackers see it.
    const double u = static_cast<double>(random_() >> 11) / 9007199254740992.0;
    const auto& hash =
        (*hashes_)[static_cast<std::size_t>(u * u * u * static_cast<double>(hashes_->size()))];
    if (dice == 1) return udp_tracker::encode_scrape_request(id_, 2, {hash});
    announce_request a;
    a.hash = hash;
    a.port = static_cast<std::uint16_t>(1024 + random_() % 1000);
    a.id.fill(static_cast<byte>(a.port));
    a.key = a.port;
    a.left = a.port % 4 == 0 ? 0 : 1000;
    a.want = wanted_peers;
    return udp_tracker::encode_announce_request(id_, 3, a, "");
  }

  void read_answer(byte_view packet, counts& c) {
    big_endian head(packet);
    if (packet.size() < 16) {
      ++c.wrong;
    } else if (head.action == 0 && packet.size() == 16) {
      id_ = head.id;
      ++c.others;
    } else if (head.action == 1 && head.transaction == 3 && packet.size() >= 20 &&
               (packet.size() - 20) % 6 == 0) {
      ++c.announces;
      c.peers += (packet.size() - 20) / 6;
    } else if (head.action == 2 && head.transaction == 2 && packet.size() == 20) {
      ++c.others;
    } else {
      ++c.wrong;
    }
  }

  struct big_endian {
    explicit big_endian(byte_view p) {
      const auto word = [&](std::size_t at) {
        std::uint32_t w = 0;
        if (p.size() >= at + 4) std::memcpy(&w, p.data() + at, 4);
        return ntohl(w);
      };
      action = word(0);
      transaction = word(4);
      id = std::uint64_t{word(8)} << 32 | word(12);
    }
    std::uint32_t action, transaction;
    std::uint64_t id;
  };

  const std::vector<info_hash>* hashes_;
  std::mt19937_64 random_;
  int fd_ = -1;
  std::uint64_t id_ = 0;
  std::size_t in_flight_ = 0;
  std::uint64_t sent_at_us_ = 0;
  std::array<std::array<byte, 1500>, window> in_{};
  std::array<bytes, window> out_{};
  std::array<iovec, window> in_parts_{};
  std::array<iovec, window> out_parts_{};
  std::array<mmsghdr, window> in_heads_{};
  std::array<mmsghdr, window> out_heads_{};
};

struct outcome {
  double announces_per_s = 0;
  double peers_each = 0;
  double load_cpu = 0;
  double server_cpu_s = 0;
  std::uint64_t wrong = 0;
};

double cpu_seconds(const rusage& u) {
  const auto of = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return of(u.ru_utime) + of(u.ru_stime);
}

/// Processor seconds that another process has used, all threads.
double cpu_seconds_of(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string text{std::istreambuf_iterator<char>(in), {}};
  std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 1)));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double own_cpu_seconds() {
  rusage u{};
  ::getrusage(RUSAGE_SELF, &u);
  return cpu_seconds(u);
}

outcome run_load(pid_t server, std::uint16_t port, const std::vector<info_hash>& hashes,
                 double seconds) {
  std::vector<std::unique_ptr<load_socket>> sockets;
  for (std::size_t i = 0; i < socket_count; ++i)
    sockets.push_back(std::make_unique<load_socket>(port, hashes, 1000 + i));
  counts warm;
  for (auto& s : sockets) {
    for (int tries = 0; !s->connected(); ++tries) {
      if (tries > 200) {
        std::fprintf(stderr, "no answer on port %u\n", port);
        std::exit(1);
      }
      s->connect();
      ::usleep(20'000);
      s->take(warm);
    }
  }
  std::vector<pollfd> polls;
  for (auto& s : sockets) polls.push_back({s->fd(), POLLIN, 0});
  const auto turn = [&](double for_s, counts& c) {
    const auto end = now_us() + static_cast<std::uint64_t>(for_s * 1e6);
    while (now_us() < end) {
      for (auto& s : sockets) s->top_up();
      ::poll(polls.data(), polls.size(), 20);
      for (std::size_t i = 0; i < sockets.size(); ++i) {
        if (polls[i].revents != 0) sockets[i]->take(c);
      }
    }
  };
  turn(1.0, warm);
  counts c;
  const auto begin = now_us();
  const auto cpu = own_cpu_seconds();
  const auto server_cpu = cpu_seconds_of(server);
  turn(seconds, c);
  const auto took = static_cast<double>(now_us() - begin) / 1e6;
  return {static_cast<double>(c.announces) / took,
          c.announces == 0 ? 0 : static_cast<double>(c.peers) / static_cast<double>(c.announces),
          (own_cpu_seconds() - cpu) / took, cpu_seconds_of(server) - server_cpu, c.wrong};
}

pid_t start_ours(const std::vector<info_hash>& hashes) {
  const auto pid = ::fork();
  if (pid != 0) return pid;
  pin(0);
  tracker_options o;
  o.listen = {{ip_address::v4(INADDR_LOOPBACK), ours_port}};
  o.udp_packets_per_address = 0;
  o.swarms.peers_per_address = 0; // every peer of the load has one address
  o.swarms.allow_list = true;
  swarm_store store(o.swarms, {std::random_device{}(), std::random_device{}()});
  store.set_allowed(hashes);
  const auto front = udp_front::start(o, store, {1, 2});
  if (!front) {
    std::fprintf(stderr, "%s\n", to_string(front.error()).c_str());
    std::_Exit(1);
  }
  // The housekeeping that the tracker actor does in the product.
  for (;;) {
    store.sweep(tracker_now_ms(), 512);
    store.take_demands(tracker_limits::demands_per_turn);
    ::usleep(20'000);
  }
}

pid_t start_theirs(const std::string& folder) {
  const auto pid = ::fork();
  if (pid != 0) return pid;
  pin(0);
  const auto conf = folder + "/opentracker.conf";
  ::execlp("opentracker", "opentracker", "-f", conf.c_str(), nullptr);
  std::perror("opentracker");
  std::_Exit(127);
}

void end(pid_t pid) {
  ::kill(pid, SIGTERM);
  ::usleep(200'000);
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
}

std::string prepare_opentracker(const std::vector<info_hash>& hashes) {
  char folder[] = "/tmp/tracker_bench.XXXXXX";
  if (::mkdtemp(folder) == nullptr || ::chmod(folder, 0755) != 0) std::exit(1);
  std::ofstream list(std::string(folder) + "/allowed");
  for (const auto& hash : hashes) list << to_hex(hash) << '\n';
  std::ofstream conf(std::string(folder) + "/opentracker.conf");
  // It reads the list after it changed its root.
  conf << "listen.udp 127.0.0.1:" << theirs_port
       << "\naccess.whitelist /allowed\ntracker.user nobody\n"
       << "tracker.rootdir " << folder << "\n";
  return folder;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

} // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 5;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  const auto hashes =
      make_hashes(argc > 3 ? static_cast<std::size_t>(std::atol(argv[3])) : 100'000);
  const auto folder = prepare_opentracker(hashes);
  std::vector<double> ours;
  std::vector<double> theirs;
  std::vector<double> ratios;
  std::vector<double> ours_by_cpu;
  std::vector<double> theirs_by_cpu;
  std::printf("server on core 0, load on core 1; %zu swarms, window %zu, %.0f s, %d rounds\n",
              hashes.size(), socket_count * window, seconds, rounds);
  for (int i = 0; i < rounds; ++i) {
    outcome results[2];
    // Who goes first changes, so that neither gains from a machine that warms up or tires.
    for (const int who : {i % 2, 1 - i % 2}) {
      const auto pid = who == 0 ? start_ours(hashes) : start_theirs(folder);
      pin(1);
      ::usleep(700'000);
      results[who] = run_load(pid, who == 0 ? ours_port : theirs_port, hashes, seconds);
      end(pid);
    }
    ours.push_back(results[0].announces_per_s);
    theirs.push_back(results[1].announces_per_s);
    ratios.push_back(ours.back() / theirs.back());
    ours_by_cpu.push_back(ours.back() * seconds / std::max(results[0].server_cpu_s, 0.01));
    theirs_by_cpu.push_back(theirs.back() * seconds / std::max(results[1].server_cpu_s, 0.01));
    for (const int who : {0, 1}) {
      const auto& r = results[who];
      std::printf("round %d: %-11s %8.0f/s  %4.1f peers an answer  %llu wrong  server %.1f s of "
                  "CPU, load %.0f %% of one\n",
                  i + 1, who == 0 ? "interswarm" : "opentracker", r.announces_per_s, r.peers_each,
                  static_cast<unsigned long long>(r.wrong), r.server_cpu_s, r.load_cpu * 100);
    }
    std::fflush(stdout);
  }
  const auto span = [](std::vector<double> v) {
    return std::make_pair(*std::min_element(v.begin(), v.end()),
                          *std::max_element(v.begin(), v.end()));
  };
  std::printf(
      "median: interswarm %.0f (%.0f…%.0f)  opentracker %.0f (%.0f…%.0f)  ratio %.2f (%.2f…%.2f)\n",
      median(ours), span(ours).first, span(ours).second, median(theirs), span(theirs).first,
      span(theirs).second, median(ratios), span(ratios).first, span(ratios).second);
  // On a machine that has other work this is the fairer of the two.
  std::printf("announces for each second of the server's processor time: interswarm %.0f  "
              "opentracker %.0f  ratio %.2f\n",
              median(ours_by_cpu), median(theirs_by_cpu),
              median(ours_by_cpu) / median(theirs_by_cpu));
  std::printf("repeat with: tracker_bench %.0f %d %zu\n", seconds, rounds, hashes.size());
  (void)!std::system(("rm -r " + folder).c_str());
  return 0;
}
