#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace interswarm {

/// Bounds calls that wait for a server's answer without a limit of their own, as libpq's do: when
/// one takes too long its socket is shut down, so that it fails as if the server had gone. A thread
/// that wakes at most once within the limit; a call costs a lock.
class call_watch {
public:
  call_watch() : thread_([this] { run(); }) {}
  ~call_watch();
  call_watch(const call_watch&) = delete;
  call_watch& operator=(const call_watch&) = delete;

  /// The socket of the calls that follow, of which a duplicate is kept: whoever owns it may close
  /// it in the middle of a call. -1 lets go.
  void use(int socket);
  /// A call begins. A limit of 0 is none.
  void begin(std::chrono::milliseconds limit);
  /// It ended in time, or not.
  void end();
  /// Whether the last call was ended by the watch.
  bool expired() const;

private:
  using clock = std::chrono::steady_clock;
  static constexpr auto never = clock::time_point::max();

  void run();

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  clock::time_point deadline_ = never;
  clock::time_point wakes_ = never; // the thread, by itself
  int socket_ = -1;
  bool expired_ = false;
  bool stop_ = false;
  std::thread thread_; // the last member: it uses the others
};

} // namespace interswarm
