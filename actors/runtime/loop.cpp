#include "actors/runtime/loop.hpp"

#include "actors/runtime/limits.hpp"
#include "actors/runtime/log.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <future>
#include <kj/async-unix.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace interswarm::runtime {

/// What lives on the loop's own stack.
struct loop::running {
  kj::AsyncIoContext io = kj::setupAsyncIo();
  kj::UnixEventPort::FdObserver wake_ups;
  kj::PromiseFulfillerPair<void> ended = kj::newPromiseAndFulfiller<void>();
  /// Set while the loop waits for work; fulfilled by `arm`.
  kj::Own<kj::PromiseFulfiller<void>> work;

  explicit running(int wake_fd)
      : wake_ups(io.unixEventPort, wake_fd, kj::UnixEventPort::FdObserver::OBSERVE_READ) {}
};

void loop::outside::exec_later(caf::resumable* actor) { system().scheduler().enqueue(actor); }

loop::loop(caf::actor_system& system, std::string name)
    : caf::execution_unit(&system), name_(std::move(name)), outside_(&system),
      wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (wake_fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

std::shared_ptr<loop> loop::start(caf::actor_system& system, std::string name) {
  std::shared_ptr<loop> made(new loop(system, std::move(name)));
  std::promise<void> up;
  auto is_up = up.get_future();
  made->thread_ = std::thread([self = made.get(), &up] {
    pthread_setname_np(pthread_self(), self->name_.substr(0, 15).c_str());
    kj_log to_our_log;
    running r(self->wake_fd_);
    self->thread_id_ = std::this_thread::get_id();
    self->io_ = &r.io;
    self->running_ = &r;
    up.set_value();
    self->run(r);
  });
  is_up.wait();
  return made;
}

loop::~loop() {
  stop();
  ::close(wake_fd_);
}

void loop::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard guard(mutex_);
    stopping_ = true;
  }
  wake();
  // The last handle of a loop may go on the loop itself; then its owner forgot to stop it.
  if (here()) std::terminate();
  thread_.join();
}

void loop::run(running& r) {
  r.io.waitScope.setBusyPollInterval(max_events_per_turn);
  auto failed = [](kj::Exception&& e) {
    log().critical("loop ended: {}", e.getDescription().cStr());
  };
  auto turns = take_turns(r).eagerlyEvaluate(kj::cp(failed));
  auto wakes = watch_wake_ups(r).eagerlyEvaluate(kj::cp(failed));
  r.ended.promise.wait(r.io.waitScope);
  turns = nullptr;
  wakes = nullptr;
  close(r);
}

/// After this only destructions are accepted, and at the end not even those; what was is dropped,
/// residents first, because they need the event loop.
void loop::close(running& r) {
  std::vector<entry> left;
  {
    const std::lock_guard guard(mutex_);
    closed_ = true;
    left.swap(remote_);
  }
  r.work = nullptr;
  evict();
  for (auto& e : local_) left.push_back(std::move(e));
  local_.clear();
  for (;;) {
    bury(std::move(left));
    evict();
    left.clear();
    const std::lock_guard guard(mutex_);
    gone_ = remote_.empty();
    if (gone_) return;
    left.swap(remote_);
  }
}

void loop::bury(std::vector<entry> left) {
  for (auto& e : left) {
    if (e.last) run_entry(e);
    if (e.actor != nullptr) caf::intrusive_ptr_release(e.actor);
  }
}

void loop::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wake_fd_, &one, sizeof one);
}

bool loop::add(entry e) {
  if (here()) {
    if (closed_) return false;
    local_.push_back(std::move(e));
    arm();
    return true;
  }
  bool first = false;
  {
    const std::lock_guard guard(mutex_);
    if (e.last ? gone_ : closed_) return false;
    first = remote_.empty();
    remote_.push_back(std::move(e));
  }
  if (first) wake();
  return true;
}

bool loop::post(job work) {
  entry e;
  e.work = kj::mv(work);
  return add(std::move(e));
}

bool loop::post_last(job work) {
  entry e;
  e.work = kj::mv(work);
  e.last = true;
  return add(std::move(e));
}

void loop::exec_later(caf::resumable* actor) {
  entry e;
  e.actor = actor;
  if (!add(std::move(e))) caf::intrusive_ptr_release(actor);
}

void loop::enter(loop_resident& resident) {
  resident.place_ = residents_.insert(residents_.end(), &resident);
  resident.inside_ = true;
}

void loop::forget(loop_resident& resident) {
  if (!resident.inside_) return;
  resident.inside_ = false;
  residents_.erase(resident.place_);
}

void loop::evict() {
  while (!residents_.empty()) {
    auto& last = *residents_.back();
    forget(last);
    last.leave();
  }
}

void loop::arm() {
  if (running_->work.get() == nullptr) return;
  auto work = kj::mv(running_->work);
  work->fulfill();
}

kj::Promise<void> loop::watch_wake_ups(running& r) {
  return r.wake_ups.whenBecomesReadable().then([this, &r] {
    std::uint64_t count = 0;
    while (read(wake_fd_, &count, sizeof count) > 0) {
    }
    bool end = false;
    {
      const std::lock_guard guard(mutex_);
      for (auto& e : remote_) local_.push_back(std::move(e));
      remote_.clear();
      end = stopping_;
    }
    if (end) r.ended.fulfiller->fulfill();
    if (!local_.empty()) arm();
    return watch_wake_ups(r);
  });
}

kj::Promise<void> loop::take_turns(running& r) {
  if (!local_.empty()) {
    return kj::evalLater([this, &r] {
      turn();
      return take_turns(r);
    });
  }
  auto paf = kj::newPromiseAndFulfiller<void>();
  r.work = kj::mv(paf.fulfiller);
  return paf.promise.then([this, &r] {
    turn();
    return take_turns(r);
  });
}

void loop::turn() {
  for (std::size_t n = 0; n < max_actors_per_turn && !local_.empty(); ++n) {
    auto e = std::move(local_.front());
    local_.pop_front();
    run_entry(e);
  }
}

void loop::run_entry(entry& e) {
  if (e.actor == nullptr) {
    KJ_IF_MAYBE (failure, kj::runCatchingExceptions([&] { (*e.work)(); })) {
      log().error("work on loop {} failed: {}", name_, failure->getDescription().cStr());
    }
    return;
  }
  auto outcome = caf::resumable::done;
  KJ_IF_MAYBE (failure, kj::runCatchingExceptions([&] {
                 outcome = e.actor->resume(&outside_, max_messages_per_actor);
               })) {
    // CAF catches what handlers throw; this came out of an actor's end. The others go on.
    log().critical("an actor on loop {} failed as it ended: {}", name_,
                   failure->getDescription().cStr());
  }
  switch (outcome) {
  case caf::resumable::resume_later: local_.push_back(std::move(e)); break;
  case caf::resumable::done:
  case caf::resumable::awaiting_message: caf::intrusive_ptr_release(e.actor); break;
  case caf::resumable::shutdown_execution_unit: break;
  }
}

} // namespace interswarm::runtime
