#include "modes/compare/live/director.hpp"

#include "modes/compare/live/cast.hpp"
#include "modes/compare/live/fault_desk.hpp"
#include "modes/compare/live/lines.hpp"
#include "modes/compare/live/peer_hands.hpp"
#include "modes/compare/live/record_file.hpp"
#include "modes/compare/live/report_line.hpp"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace interswarm::compare {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// Until all peers can be found at their trackers.
constexpr auto gather_limit = 120s;
/// Then what was announced has its time to get around: the nodes' own registrations, what they tell
/// each other, what an access node offers.
constexpr auto settle_time = 5s;
/// What is on its way when the clients have gone has come or is lost.
constexpr auto quiet_time = 500ms;
/// Within that time and while the counters are read, of a site, where nothing is fetched.
constexpr std::uint64_t chatter_bytes = 4 << 10;
constexpr auto turn = 50ms;
constexpr double measure_every_s = 1;
/// Before and after the plan's own time, for the time that is left.
constexpr double usual_start_s = 15;
constexpr double usual_end_s = 5;

class direction {
public:
  explicit direction(const director_scene& scene) : scene_(scene), plan_(*scene.what) {}

  result<void> run();

private:
  void tell(const std::string& what, double left_s) const;
  result<void> set_up();
  result<void> gather();
  result<void> wait_quiet();
  result<void> perform();
  result<void> follow_requests();
  result<void> take_sample(moment at);
  result<void> follow_faults(moment now);
  result<void> reap();
  result<void> finish();
  result<std::uint64_t> crossed() const;
  std::chrono::duration<double> longest_way() const;
  std::size_t site_of_peer(peer_id n) const { return peer_sites_[n]; }

  const director_scene& scene_;
  const plan& plan_;
  lab_plan layout_;
  std::optional<lab> lab_;
  std::optional<board> board_;
  std::optional<cast> cast_;
  std::optional<fault_desk> faults_;
  std::vector<live_content> contents_;
  std::vector<std::size_t> peer_sites_;
  std::optional<peer_hands> peers_;
  pid_t lines_ = -1;
  lab_counts before_;
  observations seen_;
  /// At its peer when a request began.
  std::vector<peer_intake> begun_;
  /// At each peer, when it was last looked at.
  std::vector<peer_intake> intakes_;
};

void direction::tell(const std::string& what, double left_s) const {
  const auto line = to_line(live_progress{what, left_s}) + "\n";
  // Whoever does not read any more has gone, and we shall go, too.
  (void)!::write(scene_.reports, line.data(), line.size());
}

result<void> direction::set_up() {
  auto layout = lay_out(plan_, scene_.how);
  if (!layout) return tl::unexpected(layout.error());
  layout_ = std::move(*layout);
  auto shared = board::make(plan_.requests.size(), layout_.lines.size());
  if (!shared) return tl::unexpected(shared.error());
  board_ = std::move(*shared);
  tell("making the network", usual_start_s + plan_.duration + usual_end_s);
  auto made = lab::build(layout_);
  if (!made) return tl::unexpected(made.error());
  lab_ = std::move(*made);
  peer_sites_.resize(plan_.peers.size());
  for (std::size_t i = 0; i < layout_.sites.size(); ++i)
    if (layout_.sites[i].role == site_role::peer) peer_sites_[layout_.sites[i].number] = i;
  if (!layout_.lines.empty()) {
    auto started = start_work([this] { return run_lines(layout_, *board_, plan_.seed); },
                              scene_.folder + "/logs/lines.log", lab_->lines_network());
    if (!started) return tl::unexpected(started.error());
    lines_ = *started;
  }
  const auto left = [this](double share) {
    return usual_start_s * (1 - 0.5 * share) + plan_.duration + usual_end_s;
  };
  auto contents = make_contents(plan_, scene_.folder + "/contents",
                                [&](double share) { tell("making contents", left(share)); });
  if (!contents) return tl::unexpected(contents.error());
  contents_ = std::move(*contents);
  cast_.emplace(cast::scene{&plan_, scene_.how, &*lab_, scene_.program, scene_.folder});
  tell("starting nodes", left(1));
  if (auto ok = cast_->start(); !ok) return ok;
  const auto* const what = scene_.how == solution::soa ? "publishing contents" : "linking names";
  if (scene_.how != solution::isolated) tell(what, left(1));
  const auto before = lab_->read(*board_);
  if (!before) return tl::unexpected(before.error());
  if (auto ok = cast_->prepare(contents_, [&](double) { tell(what, left(1)); }); !ok) return ok;
  const auto after = lab_->read(*board_);
  if (!after) return tl::unexpected(after.error());
  seen_.publishing = since(*before, *after);
  return {};
}

/// Until everybody who is there from the start can be found.
result<void> direction::gather() {
  const auto awaited = static_cast<std::uint32_t>(
      std::count_if(plan_.peers.begin(), plan_.peers.end(), [](const peer_plan& p) {
        return !p.online.empty() && p.online.front().begin <= 0;
      }));
  const auto until = clock::now() + gather_limit;
  while (board_->ready_peers() < awaited) {
    if (clock::now() > until)
      return fail(errc::timed_out,
                  "only " + std::to_string(board_->ready_peers()) + " of " +
                      std::to_string(awaited) +
                      " peers are registered at their trackers: " + peers_->last_words());
    tell("peers join", plan_.duration + usual_end_s + 10);
    if (auto ok = reap(); !ok) return ok;
    std::this_thread::sleep_for(100ms);
  }
  std::this_thread::sleep_for(settle_time);
  return wait_quiet();
}

/// Nodes fetch the beginnings of what they offer: a part of setting up, as publishing is.
result<void> direction::wait_quiet() {
  const auto until = clock::now() + gather_limit;
  for (std::optional<std::uint64_t> before;;) {
    const auto counts = lab_->read(*board_);
    if (!counts) return tl::unexpected(counts.error());
    std::uint64_t now = 0;
    for (const auto& s : counts->sites)
      for (const auto& [address, count] : s.came) now += payload_of(count);
    if (before && now - *before < chatter_bytes * layout_.sites.size()) return reap();
    if (clock::now() > until)
      return fail(errc::timed_out, "the nodes do not come to rest before the start");
    before = now;
    tell("nodes get ready", plan_.duration + usual_end_s + 5);
    if (auto ok = reap(); !ok) return ok;
    std::this_thread::sleep_for(quiet_time + longest_way());
  }
}

result<void> direction::reap() {
  for (;;) {
    int status = 0;
    const auto gone = ::waitpid(-1, &status, WNOHANG);
    if (gone <= 0) break;
    if (gone == lines_)
      return fail(errc::io, "the lines have ended by themselves: " + board_->complaint() + " " +
                                last_lines(scene_.folder + "/logs/lines.log", 3));
    if (auto ok = peers_->ended(gone); !ok) return ok;
    if (auto ok = cast_->ended(gone); !ok) return ok;
  }
  if (const auto complaint = board_->complaint(); !complaint.empty())
    return fail(errc::internal, complaint);
  return {};
}

/// Notes what each peer had received when a request began and when it ended.
result<void> direction::follow_requests() {
  for (std::size_t i = 0; i < plan_.requests.size(); ++i) {
    auto& seen = seen_.requests[i];
    const request_state now = board_->requests()[i].state;
    if (now == seen.state) continue;
    const auto counts = lab_->read_site(site_of_peer(plan_.requests[i].peer));
    if (!counts) return tl::unexpected(counts.error());
    const auto intake = intake_of(layout_, *counts);
    auto& last = intakes_[plan_.requests[i].peer];
    // One that began and ended between two looks has what came since the one before.
    if (seen.state == request_state::waiting)
      begun_[i] = now == request_state::running ? intake : last;
    last = intake;
    seen.state = now;
    if (now == request_state::running) continue;
    seen = look_at(board_->requests()[i]);
    seen.intake = {intake.from_peers - begun_[i].from_peers,
                   intake.from_servers - begun_[i].from_servers};
  }
  return {};
}

/// Bytes that the solution's nodes have sent to peers since the start.
result<std::uint64_t> direction::crossed() const {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < layout_.sites.size(); ++i) {
    const auto role = layout_.sites[i].role;
    if (role != site_role::bridge && role != site_role::access) continue;
    const auto counts = lab_->read_site(i);
    if (!counts) return tl::unexpected(counts.error());
    const auto& base = before_.sites[i].went;
    for (const auto& [address, count] : counts->went) {
      const auto to = layout_.index_of(address);
      if (!to || layout_.sites[*to].role != site_role::peer) continue;
      const auto at = base.find(address);
      out += payload_of(count) - (at == base.end() ? 0 : payload_of(at->second));
    }
  }
  return out;
}

result<void> direction::take_sample(moment at) {
  sample s;
  s.at = at;
  for (const auto& slot : board_->requests()) {
    const request_state state = slot.state;
    // What ends behind the plan's end is unfinished.
    const bool over = slot.finished <= plan_.duration;
    s.satisfied += state == request_state::satisfied && over ? 1 : 0;
    s.failed += state == request_state::failed && over ? 1 : 0;
    s.running += state != request_state::waiting && !over ? 1 : 0;
    s.received += slot.received;
  }
  const auto through = crossed();
  if (!through) return tl::unexpected(through.error());
  s.crossed = std::min(*through, s.received);
  s.stored = cast_->stored();
  if (faults_->concerns_storage()) s.missing_copies = cast_->missing_copies();
  if (!seen_.samples.empty()) s.crossed = std::max(s.crossed, seen_.samples.back().crossed);
  seen_.samples.push_back(s);
  return {};
}

result<void> direction::follow_faults(moment now) {
  const auto changes = faults_->turn(now);
  for (const auto& [role, number] : changes.down) cast_->kill(role, number);
  for (const auto& [role, number] : changes.up)
    if (auto ok = cast_->revive(role, number); !ok) return ok;
  for (std::size_t i = 0; i < layout_.lines.size(); ++i)
    board_->lines()[i].factor = faults_->factor(layout_.lines[i]);
  return {};
}

result<void> direction::perform() {
  auto counts = lab_->read(*board_);
  if (!counts) return tl::unexpected(counts.error());
  before_ = std::move(*counts);
  seen_.requests.resize(plan_.requests.size());
  begun_.resize(plan_.requests.size());
  for (const auto site : peer_sites_) intakes_.push_back(intake_of(layout_, before_.sites[site]));
  faults_.emplace(plan_);
  board_->start();
  double next_sample = plan_.sample_every, next_measure = 0;
  for (moment now = 0; now < plan_.duration; now = board_->now()) {
    if (auto ok = follow_faults(now); !ok) return ok;
    if (auto ok = follow_requests(); !ok) return ok;
    if (now >= next_sample) {
      if (auto ok = take_sample(now); !ok) return ok;
      next_sample = std::max(next_sample + plan_.sample_every, now);
    }
    if (now >= next_measure) {
      next_measure = now + measure_every_s;
      cast_->measure();
      peers_->measure();
      tell("running", plan_.duration - now + usual_end_s);
    }
    if (auto ok = reap(); !ok) return ok;
    const auto left = plan_.duration - board_->now();
    if (left > 0)
      std::this_thread::sleep_for(
          std::min<std::chrono::duration<double>>(turn, std::chrono::duration<double>(left)));
  }
  return {};
}

std::chrono::duration<double> direction::longest_way() const {
  double out = 0;
  for (const auto& path : plan_.paths) out = std::max(out, path.delay_s);
  return std::chrono::duration<double>(out);
}

result<void> direction::finish() {
  tell("reading the books", usual_end_s);
  // First what is true at the end, then everybody's word.
  if (auto ok = take_sample(plan_.duration); !ok) return ok;
  for (std::size_t i = 0; i < seen_.requests.size(); ++i) {
    auto& seen = seen_.requests[i];
    if (seen.state != request_state::running) continue;
    const auto counts = lab_->read_site(site_of_peer(plan_.requests[i].peer));
    if (!counts) return tl::unexpected(counts.error());
    const auto intake = intake_of(layout_, *counts);
    seen = look_at(board_->requests()[i]);
    seen.intake = {intake.from_peers - begun_[i].from_peers,
                   intake.from_servers - begun_[i].from_servers};
  }
  cast_->measure();
  peers_->stop();
  if (auto ok = lab_->silence_all(); !ok) return ok;
  std::this_thread::sleep_for(quiet_time + longest_way());
  auto counts = lab_->read(*board_);
  if (!counts) return tl::unexpected(counts.error());
  if (auto ok = lab_->end_silence(); !ok) return ok;
  seen_.counts = since(before_, *counts);
  const auto balance = balance_of(layout_, seen_.counts);
  if (!balance.holds())
    return fail(errc::internal, "the network's own counters do not add up: of " +
                                    std::to_string(balance.sent) + " packets " +
                                    std::to_string(balance.came) + " came and " +
                                    std::to_string(balance.lost) + " were lost");
  if (auto ok = cast_->revive_all(); !ok) return ok;
  auto ledgers = cast_->ledgers();
  if (!ledgers) return tl::unexpected(ledgers.error());
  seen_.ledgers = std::move(*ledgers);
  seen_.processes = cast_->uses();
  seen_.processes.push_back(peers_->use());
  seen_.deployed = cast_->deployed();
  seen_.stored_bytes = cast_->stored();
  if (scene_.how == solution::soa) {
    std::uint64_t once = 0;
    for (const auto& c : plan_.contents) once += c.published ? c.size : 0;
    seen_.duplicate_bytes = seen_.stored_bytes - std::min(seen_.stored_bytes, once);
  }
  seen_.how = scene_.how;
  seen_.repetition = scene_.repetition;
  const auto record = assemble(plan_, layout_, seen_);
  if (!record) return tl::unexpected(record.error());
  return write_record(record_in(scene_.folder), *record);
}

result<void> direction::run() {
  if (auto ok = set_up(); !ok) return ok;
  peers_.emplace(peer_hands::scene{&plan_, &*lab_, &contents_, *board_, scene_.folder});
  if (auto ok = peers_->start(); !ok) return ok;
  if (auto ok = gather(); !ok) return ok;
  if (auto ok = perform(); !ok) return ok;
  return finish();
}

void open_all_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

} // namespace

std::string record_in(const std::string& folder) { return folder + "/record.json"; }

int direct(const director_scene& scene) {
  std::signal(SIGPIPE, SIG_IGN);
  open_all_files();
  std::error_code code;
  for (const char* name : {"/logs", "/contents", "/peers"})
    std::filesystem::create_directories(scene.folder + name, code);
  const auto done = direction(scene).run();
  if (done) return 0;
  const auto line = to_line(done.error()) + "\n";
  (void)!::write(scene.reports, line.data(), line.size());
  return 1;
}

} // namespace interswarm::compare
