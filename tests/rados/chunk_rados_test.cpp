#include "storage/chunk_rados.hpp"

#include "schema/base/encoding.hpp"
#include "tests/catch.hpp"
#include "tests/rados/cluster.hpp"

#include <chrono>
#include <fstream>
#include <map>
#include <random>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace interswarm;
using std::chrono::seconds;

namespace {

using steady = std::chrono::steady_clock;

constexpr std::uint64_t mib = 1024 * 1024;
const bytes film{'f', 'i', 'l', 'm'};

seconds lease() { return place_options("x", "").lease(); }
seconds limit() { return place_options("x", "").operation_limit; }

/// Calls `f` until it succeeds, for as long as a cluster may need to come back.
template <class F>
bool comes_to_succeed(F f, seconds within = seconds(60)) {
  const auto end = steady::now() + within;
  while (!f()) {
    if (steady::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  return true;
}

bool is_one_line(const error& e) {
  return !e.text.empty() && e.text.find('\n') == std::string::npos;
}

/// Another process of this program that puts into the place until it is ended.
struct putter {
  putter(const rados_place& place, std::uint32_t first) {
    int pipe_fds[2];
    REQUIRE(::pipe(pipe_fds) == 0);
    const auto out = std::to_string(pipe_fds[1]);
    const auto begin = std::to_string(first);
    process = ::fork();
    if (process == 0) {
      // A new program: librados does not live through a fork.
      ::setenv("INTERSWARM_TEST_CONFIG", the_cluster().config_file().c_str(), 1);
      ::setenv("INTERSWARM_TEST_SPACE", place.space().c_str(), 1);
      ::setenv("INTERSWARM_TEST_INDEX", place.index().c_str(), 1);
      ::setenv("INTERSWARM_TEST_FIRST", begin.c_str(), 1);
      ::setenv("INTERSWARM_TEST_FD", out.c_str(), 1);
      ::execl("/proc/self/exe", "rados_tests", "puts until it is killed", nullptr);
      ::_exit(127);
    }
    ::close(pipe_fds[1]);
    fd = pipe_fds[0];
  }
  pid_t process = 0;
  int fd = -1;
};

} // namespace

TEST_CASE("puts until it is killed", "[.putter]") {
  const auto o =
      place_options(::getenv("INTERSWARM_TEST_SPACE"), ::getenv("INTERSWARM_TEST_CONFIG"));
  auto store = chunk_store::open(open_chunk_rados(o).value(), ::getenv("INTERSWARM_TEST_INDEX"),
                                 no_quota, 100)
                   .value();
  put_until_killed(*store,
                   static_cast<std::uint32_t>(std::stoul(::getenv("INTERSWARM_TEST_FIRST"))),
                   std::stoi(::getenv("INTERSWARM_TEST_FD")));
}

TEST_CASE("what cannot be opened says why") {
  rados_options o = place_options("node-open", the_cluster().config_file());
  o.connect_limit = seconds(2);
  const auto code = [&] {
    const auto begin = steady::now();
    const auto got = open_chunk_rados(o);
    CHECK(steady::now() - begin < o.connect_limit + seconds(3));
    REQUIRE_FALSE(got);
    CHECK(is_one_line(got.error()));
    return got.error().code;
  };
  SECTION("no such file") {
    o.config_file = "/nonexistent/ceph.conf";
    CHECK(code() == errc::configuration);
  }
  SECTION("no such pool") {
    o.pool = "absent";
    CHECK(code() == errc::configuration);
  }
  SECTION("no such user") {
    o.user = "nobody";
    CHECK(code() == errc::denied);
  }
  SECTION("another's namespace") {
    o.space = "theirs";
    CHECK(code() == errc::denied);
  }
  SECTION("nobody answers") {
    const scratch_folder folder;
    std::ifstream in(o.config_file);
    std::ofstream out(folder.file("ceph.conf"));
    for (std::string line; std::getline(in, line);)
      out << (line.starts_with("mon host") ? "mon host = [v2:127.0.0.1:1/0]" : line) << "\n";
    out.close();
    o.config_file = folder.file("ceph.conf");
    CHECK(code() == errc::timed_out);
  }
}

TEST_CASE("only chunks of the namespace are listed, with their lengths") {
  const rados_place place;
  const rados_place other;
  const auto here = place.open().value();
  const auto there = other.open().value();
  std::map<chunk_name, std::uint64_t> expected;
  for (std::uint32_t i = 0; i < 3 * limits::rados_lengths_asked; ++i) {
    const auto data = chunk_content(1 + i, i);
    const byte_view parts[]{data, film};
    REQUIRE(here->write(name_chunk(data), parts));
    expected[name_chunk(data)] = data.size() + film.size();
  }
  const auto alien = chunk_content(5, 5000);
  const byte_view parts[]{alien};
  REQUIRE(there->write(name_chunk(alien), parts));
  place.run("put note /dev/null");
  place.run("put " + std::string(64, 'A') + " /dev/null"); // another spelling of a name

  std::map<chunk_name, std::uint64_t> found;
  REQUIRE(
      here->each([&](const auto& name, auto size) { CHECK(found.emplace(name, size).second); }));
  CHECK(found == expected);
  const auto [name, size] = *expected.begin();
  CHECK(here->read(name, 0, 1000)->size() == size);
  CHECK(here->read(name, size, 1000)->empty());
  CHECK(here->read(name, size - 1, 1000)->size() == 1);
  CHECK(here->read(name_chunk(alien), 0, 1).error().code == errc::not_found);
  REQUIRE(here->erase(name));
  REQUIRE(here->erase(name));
  CHECK(here->read(name, 0, 1).error().code == errc::not_found);
}

TEST_CASE("a killed process leaves no half chunk, and its namespace after its lease") {
  const auto seed = Catch::rngSeed() != 0 ? Catch::rngSeed() : std::random_device{}();
  CAPTURE(seed); // repeat with --rng-seed
  std::mt19937 random(seed);
  const rados_place place;
  std::set<std::uint32_t> acknowledged;
  for (std::uint32_t round = 0; round < 3; ++round) {
    const putter other(place, round * 10'000);
    acknowledged.merge(kill_putter(other.process, other.fd, static_cast<std::uint32_t>(random())));
    const auto begin = steady::now();
    store_at s(place);
    CHECK(steady::now() - begin < lease() + seconds(3));
    check_after_kill(*s.store, acknowledged);
  }
  CHECK(acknowledged.size() >= 3);
}

TEST_CASE("a namespace is one process's, and not any more when that slept through its lease") {
  const rados_place place;
  const putter other(place, 0);
  std::uint32_t i = 0;
  REQUIRE(::read(other.fd, &i, sizeof i) == sizeof i);
  const auto refused = place.open();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::unavailable);
  CHECK(is_one_line(refused.error()));

  ::kill(other.process, SIGSTOP);
  const auto taken = place.open();
  REQUIRE(taken);
  ::kill(other.process, SIGCONT);
  while (::read(other.fd, &i, sizeof i) == sizeof i) {
  }
  ::close(other.fd);
  int status = 0;
  ::waitpid(other.process, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 1); // a put of it failed
  const auto data = chunk_content(100, 1);
  const byte_view parts[]{data};
  CHECK((*taken)->write(name_chunk(data), parts));
}

TEST_CASE("who lost the namespace reads on and writes no more") {
  const rados_place place;
  const auto data = chunk_content(100, 1);
  const byte_view parts[]{data};
  const auto first = place.open().value();
  REQUIRE(first->write(name_chunk(data), parts));
  // An operator breaks the lock: removing the object does.
  place.run("rm lock");
  auto second = place.open().value();
  REQUIRE(comes_to_succeed([&] { return !first->write(name_chunk(data), parts); }));
  const auto refused = first->write(name_chunk(data), parts);
  CHECK(refused.error().code == errc::unavailable);
  CHECK(refused.error().text.find("another process took") != std::string::npos);
  CHECK(first->erase(name_chunk(data)).error().code == errc::unavailable);
  CHECK(equal(*first->read(name_chunk(data), 0, 100), data));
  CHECK(second->write(name_chunk(data), parts));
  // Also when the other one is gone.
  second.reset();
  std::this_thread::sleep_for(limit());
  CHECK(first->write(name_chunk(data), parts).error().code == errc::unavailable);
  CHECK(place.open());
}

TEST_CASE("without its OSD calls fail in time, and go on when it is back") {
  const auto signal = GENERATE(SIGTERM, SIGKILL);
  const rados_place place;
  store_at s(place);
  const auto data = chunk_content(mib, 20);
  const auto more = chunk_content(mib, 21);
  REQUIRE(s->put(name_chunk(data), data, film, 100));
  the_cluster().end_osd(signal);
  for (int round = 0; round < 3; ++round) {
    auto begin = steady::now();
    const auto got = s->get(name_chunk(data), {0, 1});
    CHECK(steady::now() - begin < limit() + seconds(1));
    REQUIRE_FALSE(got);
    CHECK(got.error().code == errc::timed_out);
    CHECK(is_one_line(got.error()));
    begin = steady::now();
    const auto put = s->put(name_chunk(more), more, film, 100);
    CHECK(steady::now() - begin < limit() + seconds(1));
    REQUIRE_FALSE(put);
    // When the lease cannot be kept, without waiting.
    CHECK((put.error().code == errc::timed_out || put.error().code == errc::unavailable));
    CHECK(is_one_line(put.error()));
  }
  CHECK_FALSE(s->check(name_chunk(data), 150)); // unknown is not damaged
  CHECK(s->not_good(10)->empty());
  CHECK_FALSE(place.open());
  the_cluster().start_osd();
  CHECK(comes_to_succeed([&] { return s->put(name_chunk(more), more, film, 200).has_value(); }));
  CHECK(equal(*s->get(name_chunk(data), {0, mib}), data));
  CHECK(equal(*s->get(name_chunk(more), {0, mib}), more));
  CHECK(s->check(name_chunk(data), 210).value() == chunk_condition::good);
}

TEST_CASE("an acknowledged chunk outlives kill -9 of the OSD") {
  const rados_place place;
  store_at s(place);
  std::vector<chunk_name> names;
  for (std::uint32_t i = 0; i < 20; ++i) {
    const auto data = chunk_content(i % 2 == 0 ? 100'000 : chunk_bytes, 100 + i);
    names.push_back(name_chunk(data));
    REQUIRE(s->put(names.back(), data, film, 100));
  }
  the_cluster().end_osd(SIGKILL);
  the_cluster().start_osd();
  for (const auto& name : names) CHECK(s->check(name, 200).value() == chunk_condition::good);
}

TEST_CASE("a full pool is told, and room can be made in it") {
  const rados_place place;
  auto s = std::make_unique<store_at>(place);
  auto& store = *s->store;
  const auto data = chunk_content(chunk_bytes, 30);
  REQUIRE(store.put(name_chunk(data), data, film, 100));
  const auto quota = [](const std::string& size) {
    the_cluster().run("ceph", std::string("osd pool set-quota ") + rados_cluster::pool +
                                  " max_bytes " + size);
  };
  quota("1000000");
  std::uint32_t seed = 31;
  result<void> put;
  // The cluster counts every few seconds.
  REQUIRE(comes_to_succeed([&] {
    const auto next = chunk_content(mib, ++seed);
    const auto begin = steady::now();
    put = store.put(name_chunk(next), next, film, 100);
    CHECK(steady::now() - begin < limit() + seconds(1));
    return !put.has_value();
  }));
  CHECK(put.error().code == errc::no_room);
  CHECK(is_one_line(put.error()));
  CHECK(equal(*store.get(name_chunk(data), {0, 1000}), bytes(data.begin(), data.begin() + 1000)));
  // The lease is kept, and the next process can have it.
  std::this_thread::sleep_for(lease() + seconds(1));
  s.reset();
  s = std::make_unique<store_at>(place);
  CHECK(s->store->put(name_chunk(chunk_content(mib, 1)), chunk_content(mib, 1), film, 100)
            .error()
            .code == errc::no_room);
  CHECK(s->store->release(film, 200).value() > 0);
  CHECK(s->store->collect(200, 1000).value() > 0);
  CHECK_FALSE(place.length(name_chunk(data)));
  quota("0");
  CHECK(comes_to_succeed(
      [&] { return s->store->put(name_chunk(data), data, film, 300).has_value(); }));
}

TEST_CASE("what no OSD can read is unknown, and lost when the operator gives it up") {
  const rados_place place;
  store_at s(place);
  const auto data = chunk_content(200'000, 40);
  const auto name = name_chunk(data);
  REQUIRE(s->put(name, data, film, 100));
  const auto pool = std::string(rados_cluster::pool);
  the_cluster().run("ceph",
                    "tell osd.0 injectdataerr " + pool + " " + place.space() + "/" + to_hex(name));
  // Ceph holds the call back: another OSD may come that has the object.
  CHECK(s->check(name, 150).error().code == errc::timed_out);
  CHECK(s->get(name, {0, 200'000}).error().code == errc::timed_out);
  CHECK(s->not_good(10)->empty());
  // "... -> pg 1.c4f (1.7) -> up ..."
  const auto where =
      the_cluster().run("ceph", "osd map " + pool + " " + to_hex(name) + " " + place.space());
  const auto begin = where.find('(', where.find("-> pg")) + 1;
  const auto group = where.substr(begin, where.find(')', begin) - begin);
  CHECK(comes_to_succeed([&] {
    try {
      the_cluster().run("ceph", "pg " + group + " mark_unfound_lost delete");
    } catch (const std::exception&) {
    }
    const auto found = s->check(name, 160);
    return found && *found == chunk_condition::lost;
  }));
  REQUIRE(s->put(name, data, film, 170));
  CHECK(s->check(name, 180).value() == chunk_condition::good);
}

TEST_CASE("speed of 4 MiB chunks", "[.bench]") {
  constexpr std::uint32_t count = 64;
  const scratch_folder folder;
  const rados_place place;
  std::vector<bytes> data;
  for (std::uint32_t i = 0; i < count; ++i) data.push_back(chunk_content(chunk_bytes, i));
  const auto measure = [&](const char* what, std::unique_ptr<chunk_backend> backend, unsigned n) {
    const auto store =
        chunk_store::open(std::move(backend), folder.file(what), no_quota, 100).value();
    const auto timed = [&](const char* doing, auto f) {
      const auto begin = steady::now();
      std::vector<std::thread> threads;
      for (unsigned t = 0; t < n; ++t)
        threads.emplace_back([&, t] {
          for (std::uint32_t i = t; i < count; i += n) f(data[i]);
        });
      for (auto& t : threads) t.join();
      const std::chrono::duration<double> took = steady::now() - begin;
      std::printf("%s %s, %u threads: %.0f MB/s\n", what, doing, n,
                  static_cast<double>(count * chunk_bytes) / took.count() / 1e6);
    };
    std::atomic<int> failures{0};
    timed("put", [&](const bytes& d) { failures += !store->put(name_chunk(d), d, film, 100); });
    timed("get", [&](const bytes& d) { failures += !store->get_all(name_chunk(d)); });
    CHECK(failures == 0);
  };
  const unsigned threads = GENERATE(1U, 4U);
  measure("rados", place.open().value(), threads);
  measure("folder", open_chunk_folder(folder.file("f"), durability::synced).value(), threads);
}
