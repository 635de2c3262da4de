// The live engine of `interswarm compare`: real nodes, real clients, real bytes, and nothing left.
#include "tests/catch.hpp"
#include "tests/integration/compare_live/live_runs.hpp"
#include "tests/scratch.hpp"
#include "tests/unit/compare_plans.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace interswarm;
using namespace interswarm::compare;
using namespace std::chrono_literals;

namespace {

constexpr content_id in_first = 0, in_second = 1, in_both = 2;

/// Two small systems in two networks: one content only here, one only there, one in both. Four
/// peers each; everybody wants something, half of it from the other system.
plan small_plan(moment duration) {
  auto p = empty_plan(2);
  p.overlays[0].name = "torrents";
  p.overlays[1].name = "mules";
  p.duration = duration;
  p.patience = duration;
  p.sample_every = 5;
  for (const domain_id from : {0, 1}) p.paths[from * 2 + (1 - from)].delay_s = 0.01;
  add_content(p, 2 * mib);
  add_content(p, 4 * mib + 12345);
  add_content(p, 8 * mib);
  for (const overlay_id o : {0u, 1u}) {
    add_peer(p, o, 4e6, 8e6, {o == 0 ? in_first : in_second});
    add_peer(p, o, 4e6, 8e6, {in_both});
    const auto third = add_peer(p, o, 4e6, 8e6), fourth = add_peer(p, o, 4e6, 8e6);
    add_request(p, 0.5, third, o == 0 ? in_second : in_first);
    add_request(p, 1, fourth, in_both, 500e3);
    add_request(p, 1.5, third, o == 0 ? in_first : in_second);
  }
  return p;
}

bool is_of_own_system(const plan& p, const request_plan& q) {
  const auto foreign = p.peers[q.peer].overlay == 0 ? in_second : in_first;
  return q.content != foreign;
}

/// Whether all our descendants end within that time; orphans are ours meanwhile.
bool nobody_left(std::chrono::seconds limit) {
  for (const auto until = std::chrono::steady_clock::now() + limit;
       std::chrono::steady_clock::now() < until; std::this_thread::sleep_for(20ms)) {
    for (pid_t gone = 1; gone > 0;) {
      gone = ::waitpid(-1, nullptr, WNOHANG);
      if (gone < 0 && errno == ECHILD) return true;
    }
  }
  return false;
}

/// Starts a run in a process of its own, ends that with `signal` when it says `moment`, and gives
/// its status.
int interrupted(const std::string& folder, const std::string& moment, int signal) {
  int word[2];
  REQUIRE(::pipe(word) == 0);
  const auto child = ::fork();
  if (child == 0) {
    auto options = with_program();
    options.keep_files = false;
    options.folder = folder;
    options.progress = [&](const live_progress& p) {
      if (p.what == moment) (void)!::write(word[1], "x", 1);
    };
    const auto out = run_live(small_plan(60), solution::bridge, options);
    ::_exit(!out && out.error().code == errc::cancelled ? 42 : 1);
  }
  ::close(word[1]);
  char c = 0;
  CHECK(::read(word[0], &c, 1) == 1);
  ::close(word[0]);
  CHECK_FALSE(std::filesystem::is_empty(folder));
  ::kill(child, signal);
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

} // namespace

TEST_CASE("live: a system by itself gives what it has and no more") {
  const auto p = small_plan(25);
  const auto r = run(p, solution::isolated);
  show(p, r);
  must_be_conserved(p, r);
  for (std::size_t i = 0; i < r.requests.size(); ++i) {
    INFO("request " << i);
    CHECK((r.requests[i].end == outcome::satisfied) == is_of_own_system(p, p.requests[i]));
    CHECK(r.requests[i].from_other == 0);
  }
  CHECK(r.deployed == deployment{});
  CHECK(r.stored_bytes == 0);
  CHECK(r.charges.empty());
}

TEST_CASE("live: bridges and the service architecture satisfy what a system alone cannot") {
  const auto how = GENERATE(solution::bridge, solution::soa);
  const auto p = small_plan(50);
  const auto r = run(p, how);
  show(p, r);
  must_be_conserved(p, r);
  for (std::size_t i = 0; i < r.requests.size(); ++i) {
    INFO("request " << i);
    CHECK(r.requests[i].end == outcome::satisfied);
    if (is_of_own_system(p, p.requests[i])) continue;
    CHECK(r.requests[i].from_other > 0);
  }
  CHECK(r.deployed.processes == (how == solution::bridge ? 2 : 5));
  CHECK(r.deployed.configuration_lines > 20);
  CHECK(r.stored_bytes > 0);
  CHECK_FALSE(r.charges.empty());
  CHECK(r.processes.size() == (how == solution::bridge ? 5 : 8));
  for (const auto& u : r.processes) CHECK(u.peak_memory > 0);
  REQUIRE_FALSE(r.samples.empty());
  CHECK(r.samples.back().satisfied == r.requests.size());
}

TEST_CASE("live: faults happen and end, lossy paths lose, and it still adds up") {
  auto p = small_plan(60);
  for (const domain_id from : {0, 1}) {
    p.paths[from * 2 + (1 - from)].loss = 0.01;
    p.paths[from * 2 + (1 - from)].rate = 2e6;
  }
  // While the first one wants something of the other system; it is back when the second one does.
  add_fault(p, fault_kind::bridge, 0, 0.2, 20);
  add_fault(p, fault_kind::tracker, 1, 25, 27);
  add_fault(p, fault_kind::slow_path, 0, 0, 5);
  p.faults.back().other = 1;
  p.faults.back().factor = 0.5;
  const auto r = run(p, solution::bridge);
  show(p, r);
  must_be_conserved(p, r);
  REQUIRE(r.recovered_after.size() == 3);
  std::uint64_t lost = 0;
  for (const auto& t : r.traffics) lost += t.from_domain != t.to_domain ? t.lost : 0;
  CHECK(lost > 0);
  for (std::size_t i = 0; i < r.requests.size(); ++i) {
    INFO("request " << i);
    const auto overlay = p.peers[p.requests[i].peer].overlay;
    if (is_of_own_system(p, p.requests[i])) {
      CHECK(r.requests[i].end == outcome::satisfied);
    } else if (overlay == 0) {
      CHECK(r.requests[i].first_byte > 20);
    }
  }
}

// By hand: how many peers a machine takes.
TEST_CASE("live: fifty peers", "[.scale]") {
  auto p = empty_plan(2);
  p.duration = 60;
  p.patience = 60;
  p.sample_every = 10;
  for (const domain_id from : {0, 1}) p.paths[from * 2 + (1 - from)].delay_s = 0.01;
  for (int i = 0; i < 10; ++i) add_content(p, 4 * mib);
  for (peer_id n = 0; n < 50; ++n) {
    const auto c = static_cast<content_id>(n / 2 % 10);
    const bool holds = n < 20;
    const auto peer = add_peer(p, n % 2, 1e6, 2e6,
                               holds ? std::vector<content_id>{c} : std::vector<content_id>());
    for (int i = 1; i <= 2; ++i)
      add_request(p, 0.5 * n, peer, (c + static_cast<content_id>(i)) % 10);
  }
  for (const auto how : all_solutions) {
    const auto r = run(p, how);
    show(p, r);
    must_be_conserved(p, r);
    const auto satisfied =
        std::count_if(r.requests.begin(), r.requests.end(),
                      [](const request_record& q) { return q.end == outcome::satisfied; });
    CHECK(satisfied > 90);
  }
}

TEST_CASE("live: nothing is left of a run that was stopped or killed") {
  REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
  const scratch_folder folder;
  SECTION("stopped while nodes start") {
    const auto status = interrupted(folder.path(), "starting nodes", SIGTERM);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 42);
  }
  SECTION("stopped by Ctrl-C while it runs") {
    const auto status = interrupted(folder.path(), "running", SIGINT);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 42);
  }
  SECTION("killed while it runs") {
    CHECK(WIFSIGNALED(interrupted(folder.path(), "running", SIGKILL)));
  }
  CHECK(nobody_left(10s));
  CHECK(std::filesystem::is_empty(folder.path()));
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);)
    CHECK(line.find(folder.path()) == std::string::npos);
}
