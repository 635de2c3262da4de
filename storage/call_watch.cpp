#include "storage/call_watch.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace interswarm {

call_watch::~call_watch() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
  use(-1);
}

void call_watch::use(int socket) {
  const std::lock_guard lock(mutex_);
  if (socket_ >= 0) ::close(socket_);
  socket_ = socket < 0 ? -1 : ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
}

void call_watch::begin(std::chrono::milliseconds limit) {
  bool too_late = false;
  {
    const std::lock_guard lock(mutex_);
    expired_ = false;
    deadline_ = limit.count() == 0 ? never : clock::now() + limit;
    too_late = deadline_ < wakes_;
  }
  if (too_late) wake_.notify_all();
}

void call_watch::end() {
  const std::lock_guard lock(mutex_);
  deadline_ = never;
}

bool call_watch::expired() const {
  const std::lock_guard lock(mutex_);
  return expired_;
}

void call_watch::run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    // Sleeps to the end of this call even if it is over sooner: the next ones need not wake it.
    wakes_ = deadline_;
    const auto sooner = [&] { return stop_ || deadline_ < wakes_; };
    if (wakes_ == never) {
      wake_.wait(lock, sooner);
    } else {
      wake_.wait_until(lock, clock::time_point(wakes_), sooner);
    }
    if (clock::now() < deadline_) continue;
    if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
    expired_ = true;
    deadline_ = never;
  }
}

} // namespace interswarm
