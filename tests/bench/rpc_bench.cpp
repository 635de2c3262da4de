// Calls per second and bytes per second through proxies and adapters, beside bare Cap'n Proto and a
// bare TCP copy with the same processes: a client and a server, one event loop each, over loopback
// TCP.
//   rpc_bench [RUNS]
// Each run takes every measurement once, in turn; medians are compared, so that a busy machine
// disturbs all alike.
#include "actors/runtime/loop_actor.hpp"
#include "actors/runtime/rpc_dialer.hpp"
#include "actors/runtime/rpc_listener.hpp"
#include "actors/runtime/system.hpp"
#include "schema/source.glue.hpp"
#include "tests/probe/probe.glue.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <future>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace interswarm;
using namespace std::chrono_literals;

extern char** environ;

namespace {

constexpr std::uint32_t calls_one_by_one = 10'000;
constexpr std::uint32_t calls_in_flight_total = 60'000;
constexpr std::uint32_t in_flight = 64;
constexpr std::uint64_t read_bytes = 1U << 20U;
constexpr std::uint32_t reads = 2'000;
constexpr std::uint32_t reads_in_flight = 4;

using clock_type = std::chrono::steady_clock;

double per_second(std::uint64_t n, clock_type::time_point start) {
  return static_cast<double>(n) / std::chrono::duration<double>(clock_type::now() - start).count();
}

// ---- the actors' side

class bench_probe final : public runtime::loop_actor<msg::probe_actor> {
public:
  using loop_actor::loop_actor;

protected:
  msg::probe_actor::behavior_type make_behavior() override {
    return {
        [](const msg::probe_echo& x) { return msg::probe_echo_result{.value = x.value}; },
        [](const msg::probe_pass& x) { return msg::probe_pass_result{.gift = x.gift}; },
        [](const msg::probe_keep&) {},
        [](const msg::probe_poke&) { return msg::probe_poke_result{}; },
        [](const msg::probe_refuse&) {},
        [](const msg::probe_hang&) {},
        [](const msg::probe_open&) { return msg::probe_open_result{}; },
        [this](const msg::probe_next&) { return msg::probe_next_result{.number = number_++}; },
        [](const msg::probe_child&) { return msg::probe_child_result{}; },
        [](const msg::probe_children&) { return msg::probe_children_result{}; },
    };
  }

private:
  std::uint32_t number_ = 0;
};

class bench_source final : public runtime::loop_actor<msg::source_actor> {
public:
  bench_source(caf::actor_config& config, runtime::loop& home)
      : loop_actor(config, home), data_(bytes(read_bytes, 0x5A)) {}

protected:
  msg::source_actor::behavior_type make_behavior() override {
    return {
        [](const msg::source_info&) { return msg::source_info_result{}; },
        [](const msg::source_have&) { return msg::source_have_result{}; },
        [this](const msg::source_read& x) {
          return msg::source_read_result{
              .data = data_.sub(0, std::min(x.range.end - x.range.begin, read_bytes))};
        },
        [](const msg::source_judge&) {},
        [](const msg::source_genuine&) { return msg::source_genuine_result{}; },
    };
  }

private:
  slice data_;
};

/// Keeps `window` requests in flight until `total` are answered.
template <class Handle, class Request, class Result>
class driver final : public runtime::loop_actor<caf::actor> {
public:
  driver(caf::actor_config& config, runtime::loop& home, Handle to, Request what,
         std::uint32_t total, std::uint32_t window, std::promise<bool>* ended)
      : loop_actor(config, home), to_(std::move(to)), what_(std::move(what)), left_(total),
        waiting_(total), window_(window), done_(ended) {}

protected:
  caf::behavior make_behavior() override {
    for (std::uint32_t i = 0; i < window_; ++i) one();
    return {[](int) {}};
  }

private:
  void one() {
    if (left_ == 0) return;
    --left_;
    request(to_, 60s, what_)
        .then(
            [this](const Result&) {
              one();
              if (--waiting_ == 0) end(true);
            },
            [this](const caf::error& e) {
              std::fprintf(stderr, "%s\n", to_string(runtime::to_error(e)).c_str());
              end(false);
            });
  }
  void end(bool good) {
    if (done_) done_->set_value(good);
    done_ = nullptr;
    quit();
  }
  Handle to_;
  Request what_;
  std::uint32_t left_;
  std::uint32_t waiting_;
  std::uint32_t window_;
  std::promise<bool>* done_;
};

int serve_actors() {
  runtime::system system;
  const auto probe = runtime::spawn_on<bench_probe>(system.home());
  const auto source = runtime::spawn_on<bench_source>(system.home());
  auto probes = runtime::start_listener<msg::probe_actor>(
      system.home(), {}, [probe](const auto&) { return msg::probe_actor(probe); });
  auto sources = runtime::start_listener<msg::source_actor>(
      system.home(), {}, [source](const auto&) { return msg::source_actor(source); });
  if (!probes || !sources) return 1;
  std::printf("%hu %hu\n", probes->port, sources->port);
  std::fflush(stdout);
  system.wait_for_stop();
  return 0;
}

// ---- bare Cap'n Proto

class bare_probe final : public wire::Probe::Server {
public:
  kj::Promise<void> next(NextContext context) override {
    context.getResults().setNumber(number_++);
    return kj::READY_NOW;
  }

private:
  std::uint32_t number_ = 0;
};

class bare_source final : public wire::Source::Server {
public:
  kj::Promise<void> read(ReadContext context) override {
    context.getResults().setData(kj::arrayPtr(data_.data(), data_.size()));
    return kj::READY_NOW;
  }

private:
  bytes data_ = bytes(read_bytes, 0x5A);
};

struct bare_connection {
  kj::Own<kj::AsyncIoStream> stream;
  capnp::TwoPartyVatNetwork network;
  capnp::RpcSystem<capnp::rpc::twoparty::VatId> rpc;
  bare_connection(kj::Own<kj::AsyncIoStream> s, capnp::rpc::twoparty::Side side,
                  capnp::Capability::Client first)
      : stream(kj::mv(s)), network(*stream, side),
        rpc(capnp::makeRpcServer(network, kj::mv(first))) {
    const int one = 1;
    stream->setsockopt(IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  }
};

kj::Promise<void> accept_bare(kj::ConnectionReceiver& at, capnp::Capability::Client first,
                              kj::TaskSet& tasks) {
  return at.accept().then(
      [&at, first = kj::mv(first), &tasks](kj::Own<kj::AsyncIoStream> s) mutable {
        auto made = kj::heap<bare_connection>(kj::mv(s), capnp::rpc::twoparty::Side::SERVER, first);
        auto gone = made->network.onDisconnect();
        tasks.add(gone.attach(kj::mv(made)));
        return accept_bare(at, kj::mv(first), tasks);
      });
}

struct ignore_errors final : kj::TaskSet::ErrorHandler {
  void taskFailed(kj::Exception&&) override {}
};

int serve_bare() {
  auto io = kj::setupAsyncIo();
  ignore_errors ignore;
  kj::TaskSet tasks(ignore);
  auto& network = io.provider->getNetwork();
  auto probes = network.parseAddress("127.0.0.1:0").wait(io.waitScope)->listen();
  auto sources = network.parseAddress("127.0.0.1:0").wait(io.waitScope)->listen();
  tasks.add(accept_bare(*probes, kj::heap<bare_probe>(), tasks));
  tasks.add(accept_bare(*sources, kj::heap<bare_source>(), tasks));
  std::printf("%u %u\n", probes->getPort(), sources->getPort());
  std::fflush(stdout);
  kj::NEVER_DONE.wait(io.waitScope);
}

// ---- bare TCP

int serve_tcp() {
  const int listening = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (bind(listening, reinterpret_cast<sockaddr*>(&at), size) != 0 || listen(listening, 8) != 0)
    return 1;
  getsockname(listening, reinterpret_cast<sockaddr*>(&at), &size);
  std::printf("%u 0\n", ntohs(at.sin_port));
  std::fflush(stdout);
  const bytes data(read_bytes, 0x5A);
  for (;;) {
    const int fd = accept(listening, nullptr, nullptr);
    for (std::uint64_t left = read_bytes * reads; left > 0;) {
      const auto n = write(fd, data.data(), std::min<std::uint64_t>(left, data.size()));
      if (n <= 0) break;
      left -= static_cast<std::uint64_t>(n);
    }
    close(fd);
  }
}

// ---- the client

struct server {
  pid_t pid = 0;
  unsigned probe_port = 0;
  unsigned source_port = 0;

  server(const char* self, const char* role) {
    int out[2];
    if (pipe(out) != 0) std::abort();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    const char* argv[] = {self, role, nullptr};
    if (posix_spawn(&pid, self, &actions, nullptr, const_cast<char* const*>(argv), environ) != 0)
      std::abort();
    close(out[1]);
    auto* in = fdopen(out[0], "r");
    if (std::fscanf(in, "%u %u", &probe_port, &source_port) != 2) std::abort();
    std::fclose(in);
  }
  ~server() {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
};

template <class Handle>
Handle dial(runtime::system& system, unsigned port, caf::actor& keep) {
  std::promise<Handle> up;
  auto made = runtime::start_dialer<Handle>(
      system.home(), {.address = "127.0.0.1:" + std::to_string(port)},
      [&up](Handle h) { up.set_value(std::move(h)); }, [](const error&) {});
  if (!made) std::abort();
  keep = *made;
  return up.get_future().get();
}

template <class Result, class Handle, class Request>
double drive(runtime::system& system, const Handle& to, Request what, std::uint32_t total,
             std::uint32_t window) {
  std::promise<bool> done;
  const auto start = clock_type::now();
  runtime::spawn_on<driver<Handle, Request, Result>>(system.home(), to, what, total, window, &done);
  return done.get_future().get() ? per_second(total, start) : 0;
}

/// `send()` gives a promise; keeps `window` of them.
template <class Send>
kj::Promise<void> keep_sending(std::uint32_t& left, Send& send) {
  if (left == 0) return kj::READY_NOW;
  --left;
  return send().then([&left, &send](auto&&) { return keep_sending(left, send); });
}

template <class Send>
double drive_bare(kj::AsyncIoContext& io, std::uint32_t total, std::uint32_t window, Send send) {
  const auto start = clock_type::now();
  std::uint32_t left = total;
  kj::Vector<kj::Promise<void>> all;
  for (std::uint32_t i = 0; i < window; ++i) all.add(keep_sending(left, send));
  kj::joinPromises(all.releaseAsArray()).wait(io.waitScope);
  return per_second(total, start);
}

double copy_tcp(unsigned port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port = htons(static_cast<std::uint16_t>(port));
  if (connect(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) std::abort();
  bytes buffer(read_bytes);
  const auto start = clock_type::now();
  std::uint64_t got = 0;
  for (ssize_t n = 1; n > 0; got += static_cast<std::uint64_t>(n))
    n = read(fd, buffer.data(), buffer.size());
  close(fd);
  return per_second(got, start);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int measure(const char* self, int runs) {
  const server actors(self, "actors");
  const server bare(self, "bare");
  const server tcp(self, "tcp");
  runtime::system system;
  caf::actor keep_probe;
  caf::actor keep_source;
  auto probe = dial<msg::probe_actor>(system, actors.probe_port, keep_probe);
  auto source = dial<msg::source_actor>(system, actors.source_port, keep_source);
  auto io = kj::setupAsyncIo();
  const auto connect = [&](unsigned port) {
    auto address = io.provider->getNetwork().parseAddress("127.0.0.1", port).wait(io.waitScope);
    return kj::heap<bare_connection>(address->connect().wait(io.waitScope),
                                     capnp::rpc::twoparty::Side::CLIENT, nullptr);
  };
  const auto first = [](bare_connection& c) {
    capnp::MallocMessageBuilder message;
    auto vat = message.initRoot<capnp::rpc::twoparty::VatId>();
    vat.setSide(capnp::rpc::twoparty::Side::SERVER);
    return c.rpc.bootstrap(vat);
  };
  auto to_probe = connect(bare.probe_port);
  auto to_source = connect(bare.source_port);
  auto bare_probe_cap = first(*to_probe).castAs<wire::Probe>();
  auto bare_source_cap = first(*to_source).castAs<wire::Source>();
  const auto next = [&] { return bare_probe_cap.nextRequest().send(); };
  const auto read = [&] {
    auto request = bare_source_cap.readRequest();
    request.initRange().setEnd(read_bytes);
    return request.send();
  };
  const msg::source_read one_read{.range = {.begin = 0, .end = read_bytes}, .deadline_ms = 60'000};

  std::vector<double> one_actor, one_bare, many_actor, many_bare, bulk_actor, bulk_bare, bulk_tcp;
  for (int run = 0; run < runs; ++run) {
    one_bare.push_back(drive_bare(io, calls_one_by_one, 1, next));
    one_actor.push_back(
        drive<msg::probe_next_result>(system, probe, msg::probe_next{}, calls_one_by_one, 1));
    many_bare.push_back(drive_bare(io, calls_in_flight_total, in_flight, next));
    many_actor.push_back(drive<msg::probe_next_result>(system, probe, msg::probe_next{},
                                                       calls_in_flight_total, in_flight));
    bulk_tcp.push_back(copy_tcp(tcp.probe_port));
    bulk_bare.push_back(drive_bare(io, reads, reads_in_flight, read) * read_bytes);
    bulk_actor.push_back(
        drive<msg::source_read_result>(system, source, one_read, reads, reads_in_flight) *
        read_bytes);
  }
  constexpr double mib = 1 << 20;
  std::printf("medians of %d runs                       actors        bare      ratio   aim\n",
              runs);
  std::printf("calls/s, one by one                 %10.0f  %10.0f      %5.2f  0.80\n",
              median(one_actor), median(one_bare), median(one_actor) / median(one_bare));
  std::printf("calls/s, %u in flight               %10.0f  %10.0f      %5.2f  0.80\n", in_flight,
              median(many_actor), median(many_bare), median(many_actor) / median(many_bare));
  std::printf(
      "MiB/s, 1 MiB reads, %u in flight     %10.0f  %10.0f      %5.2f   (bare: Cap'n Proto)\n",
      reads_in_flight, median(bulk_actor) / mib, median(bulk_bare) / mib,
      median(bulk_actor) / median(bulk_bare));
  std::printf("MiB/s, the same beside a TCP copy   %10.0f  %10.0f      %5.2f  0.50\n",
              median(bulk_actor) / mib, median(bulk_tcp) / mib,
              median(bulk_actor) / median(bulk_tcp));
  probe = nullptr;
  source = nullptr;
  keep_probe = nullptr;
  keep_source = nullptr;
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  const std::string role = argc > 1 ? argv[1] : "5";
  if (role == "actors") return serve_actors();
  if (role == "bare") return serve_bare();
  if (role == "tcp") return serve_tcp();
  return measure("/proc/self/exe", std::max(1, std::atoi(role.c_str())));
}
