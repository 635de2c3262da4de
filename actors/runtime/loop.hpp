#pragma once

#include <caf/execution_unit.hpp>
#include <caf/fwd.hpp>
#include <deque>
#include <kj/async-io.h>
#include <kj/function.h>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace interswarm::runtime {

/// What a loop destroys, at the latest, when it ends (see on_loop.hpp).
class loop_resident {
public:
  /// On the loop's thread; may come twice.
  virtual void leave() noexcept = 0;

protected:
  ~loop_resident() = default;

private:
  friend class loop;
  std::list<loop_resident*>::iterator place_;
  bool inside_ = false;
};

/// A KJ event loop on a thread of its own that is also a CAF execution unit: the actors pinned to
/// it (loop_actor.hpp) run between its socket events, so they use KJ's objects without locks. KJ
/// and actors take turns.
class loop final : public caf::execution_unit, public std::enable_shared_from_this<loop> {
public:
  using job = kj::Function<void()>;

  /// Starts the thread and waits until the loop runs. Throws std::system_error when a thread or
  /// descriptor is lacking.
  static std::shared_ptr<loop> start(caf::actor_system& system, std::string name);
  /// `stop()` must have been called, or it is here.
  ~loop() override;
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;

  /// Ends the loop and waits for its thread: residents are destroyed, pinned actors run no more and
  /// what is posted later is refused. From any other thread; again is harmless.
  void stop();

  /// Whether the caller runs on this loop's thread.
  bool here() const { return std::this_thread::get_id() == thread_id_; }
  /// Only on the loop's thread.
  kj::AsyncIoContext& io() { return *io_; }
  kj::Timer& timer() { return io_->provider->getTimer(); }

  /// Runs `work` on the loop's thread, in the order of posting. From any thread; false when the
  /// loop has ended, and `work` is dropped. An exception of `work` is logged.
  bool post(job work);
  /// The same for a destruction: taken until the very end, and run even when the loop is told to
  /// stop before its turn comes. False when nothing of the loop is left: then any thread will do.
  bool post_last(job work);

  const std::string& name() const { return name_; }

  /// Not for callers: pinned actors.
  void exec_later(caf::resumable* actor) override;
  /// Not for callers: on_loop boxes, on the loop's thread.
  void enter(loop_resident& resident);
  void forget(loop_resident& resident);

private:
  struct entry {
    caf::resumable* actor = nullptr;
    std::optional<job> work;
    bool last = false;
  };
  struct running;

  /// What actors here see as their execution unit: work for actors that are not pinned goes to
  /// CAF's scheduler.
  class outside final : public caf::execution_unit {
  public:
    using caf::execution_unit::execution_unit;
    void exec_later(caf::resumable* actor) override;
  };

  loop(caf::actor_system& system, std::string name);
  void run(running& r);
  void close(running& r);
  void evict();
  void bury(std::vector<entry> left);
  bool add(entry e);
  void wake();
  void arm();
  void turn();
  void run_entry(entry& e);
  kj::Promise<void> watch_wake_ups(running& r);
  kj::Promise<void> take_turns(running& r);

  std::string name_;
  outside outside_;
  int wake_fd_ = -1;
  std::thread thread_;
  std::thread::id thread_id_;
  kj::AsyncIoContext* io_ = nullptr;
  running* running_ = nullptr;
  std::deque<entry> local_;
  std::list<loop_resident*> residents_;
  std::mutex mutex_;
  std::vector<entry> remote_;
  bool stopping_ = false;
  bool closed_ = false;
  bool gone_ = false;
};

} // namespace interswarm::runtime
