#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <functional>
#include <memory>
#include <mutex>

namespace interswarm::bittorrent {

/// The way from any thread onto a libtorrent session's network thread, which may end at any time.
class network_thread {
public:
  void open(boost::asio::io_context& io) {
    const std::lock_guard guard(mutex_);
    io_ = &io;
  }
  /// From here on `post` drops what it gets.
  void close() {
    const std::lock_guard guard(mutex_);
    io_ = nullptr;
  }
  /// False (and `f` is dropped here) when the session has ended.
  bool post(std::function<void()> f) {
    const std::lock_guard guard(mutex_);
    if (io_ == nullptr) return false;
    boost::asio::post(*io_, std::move(f));
    return true;
  }
  /// While held, the network thread does not end: for work that must come back to it. Only on the
  /// network thread.
  std::shared_ptr<void> hold() {
    using guard = boost::asio::executor_work_guard<boost::asio::io_context::executor_type>;
    return io_ == nullptr ? nullptr : std::make_shared<guard>(io_->get_executor());
  }
  /// Only on the network thread.
  boost::asio::io_context* io() { return io_; }

private:
  std::mutex mutex_;
  boost::asio::io_context* io_ = nullptr;
};

} // namespace interswarm::bittorrent
