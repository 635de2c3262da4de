#include "actors/runtime/system.hpp"

#include "actors/runtime/log.hpp"

#include <algorithm>
#include <caf/send.hpp>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <poll.h>
#include <spdlog/fmt/ranges.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <system_error>
#include <unistd.h>

namespace interswarm::runtime {

namespace {

using namespace std::chrono_literals;

constexpr std::array stages{stage::intake, stage::sessions, stage::faces, stage::storage};
constexpr auto poll_interval = 5ms;
/// For actors that nobody enlisted, after the others let go of them.
constexpr auto rest_grace = 500ms;
constexpr auto kill_grace = 500ms;

const char* name_of(stage s) {
  switch (s) {
  case stage::intake: return "intake";
  case stage::sessions: return "sessions";
  case stage::faces: return "faces";
  case stage::storage: return "storage";
  }
  return "?";
}

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

template <class Condition>
bool wait_until(Condition condition, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(poll_interval);
  }
  return true;
}

} // namespace

/// Ends the process when its shutdown does not.
class system::watchdog {
public:
  watchdog(const system& owner, std::chrono::milliseconds limit)
      : thread_([this, &owner, limit] {
          std::unique_lock guard(mutex_);
          if (done_.wait_for(guard, limit, [this] { return stopped_; })) return;
          log().critical("shutdown is stuck in {}; still there: {}", phase_.load(),
                         fmt::join(owner.alive(), ", "));
          log().flush();
          _exit(stuck_exit_code);
        }) {}
  ~watchdog() {
    {
      const std::lock_guard guard(mutex_);
      stopped_ = true;
    }
    done_.notify_all();
    thread_.join();
  }
  void enter(const char* phase) { phase_ = phase; }

private:
  std::mutex mutex_;
  std::condition_variable done_;
  bool stopped_ = false;
  std::atomic<const char*> phase_{"start"};
  std::thread thread_;
};

system::system(system_options options) : options_(std::move(options)) {
  const auto set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr); // inherited by every thread made from here on
  std::signal(SIGPIPE,
              SIG_IGN); // NOLINT(bugprone-signal-handler): a lost peer is an error value here
  signal_fd_ = signalfd(-1, &set, SFD_CLOEXEC);
  stop_fd_ = eventfd(0, EFD_CLOEXEC);
  if (signal_fd_ < 0 || stop_fd_ < 0)
    throw std::system_error(errno, std::generic_category(), "signalfd");
  if (options_.workers > 0) config_.set("scheduler.max-threads", options_.workers);
  actors_ = std::make_unique<caf::actor_system>(config_);
  actors_->await_actors_before_shutdown(false);
  for (const auto& name : options_.loops) loops_.push_back(loop::start(*actors_, name));
}

system::~system() {
  if (!shut_down_) shut_down();
  close(signal_fd_);
  close(stop_fd_);
}

void system::enlist(stage when, std::string name, caf::strong_actor_ptr actor) {
  auto ended = std::make_shared<std::atomic<bool>>(false);
  auto* const target = actor->get();
  {
    const std::lock_guard guard(mutex_);
    std::erase_if(entries_, [](const entry& e) { return e.ended->load(); });
    entries_.push_back({when, std::move(name), std::move(actor), ended});
  }
  target->attach_functor([ended](const caf::error&) { *ended = true; });
}

std::vector<std::string> system::alive() const {
  std::vector<std::string> names;
  const std::lock_guard guard(mutex_);
  for (const auto& e : entries_) {
    if (!e.ended->load()) names.push_back(e.name);
  }
  return names;
}

std::vector<std::string> system::alive(stage when) const {
  std::vector<std::string> names;
  const std::lock_guard guard(mutex_);
  for (const auto& e : entries_) {
    if (e.when == when && !e.ended->load()) names.push_back(e.name);
  }
  return names;
}

void system::request_stop() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(stop_fd_, &one, sizeof one);
}

void system::wait_for_stop() {
  std::array fds{pollfd{signal_fd_, POLLIN, 0}, pollfd{stop_fd_, POLLIN, 0}};
  while (poll(fds.data(), fds.size(), -1) < 0 && errno == EINTR) {
  }
  if (fds[0].revents != 0) {
    signalfd_siginfo info{};
    if (read(signal_fd_, &info, sizeof info) == sizeof info)
      log().info("stopping: {}", info.ssi_signo == SIGINT ? "interrupted" : "told to");
  }
  const auto set = stop_signals();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void system::send_exit(stage when, bool kill) const {
  std::vector<caf::strong_actor_ptr> targets;
  {
    const std::lock_guard guard(mutex_);
    for (auto e = entries_.rbegin(); e != entries_.rend(); ++e) {
      if (e->when == when && !e->ended->load()) targets.push_back(e->actor);
    }
  }
  for (const auto& t : targets) {
    caf::anon_send_exit(caf::actor_cast<caf::actor>(t),
                        kill ? caf::exit_reason::kill : caf::exit_reason::user_shutdown);
  }
}

bool system::await_stage(stage when, std::chrono::milliseconds limit) const {
  return wait_until([&] { return alive(when).empty(); }, limit);
}

std::vector<std::string> system::shut_down() {
  shut_down_ = true;
  watchdog guard(*this, options_.grace * static_cast<int>(stages.size()) + options_.watchdog);
  std::vector<std::string> killed;
  for (const auto s : stages) {
    guard.enter(name_of(s));
    send_exit(s, false);
    if (await_stage(s, options_.grace)) continue;
    for (const auto& name : alive(s)) {
      log().error("{} did not stop in {} ms and is killed", name, options_.grace.count());
      killed.push_back(name);
    }
    send_exit(s, true);
    await_stage(s, kill_grace);
  }
  guard.enter("letting go");
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(entries_, [](const entry& e) { return e.ended->load(); });
  }
  if (!wait_until([&] { return actors_->registry().running() == 0; }, rest_grace))
    log().warn("{} actors that nobody enlisted are left", actors_->registry().running());
  guard.enter("ending loops");
  for (const auto& l : loops_) l->stop();
  guard.enter("ending the actor system");
  {
    std::vector<entry> left;
    const std::lock_guard lock(mutex_);
    left.swap(entries_);
    // Who is left hangs in a handler; the watchdog needs the names if that holds the actor system
    // up.
    for (auto& e : left) entries_.push_back({e.when, e.name, nullptr, e.ended});
  }
  loops_.clear();
  actors_.reset();
  return killed;
}

} // namespace interswarm::runtime
