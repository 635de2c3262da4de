#include "actors/runtime/worker_pool.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>

namespace interswarm::runtime {

/// Shared with the threads: one of them may outlive the pool by the end of its job.
struct worker_pool::queue {
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::function<void()>> jobs;
  bool stop = false;

  void work() {
    for (;;) {
      std::function<void()> job;
      {
        std::unique_lock lock(mutex);
        wake.wait(lock, [&] { return stop || !jobs.empty(); });
        if (jobs.empty()) return;
        job = std::move(jobs.front());
        jobs.pop_front();
      }
      job();
    }
  }
};

worker_pool::worker_pool(unsigned threads) : queue_(std::make_shared<queue>()) {
  for (unsigned i = 0; i < std::max(threads, 1u); ++i)
    threads_.emplace_back([q = queue_] { q->work(); });
}

worker_pool::~worker_pool() {
  {
    const std::lock_guard guard(queue_->mutex);
    queue_->stop = true;
  }
  queue_->wake.notify_all();
  for (auto& t : threads_) {
    if (t.get_id() == std::this_thread::get_id())
      t.detach();
    else
      t.join();
  }
}

void worker_pool::run(std::function<void()> job) {
  {
    const std::lock_guard guard(queue_->mutex);
    queue_->jobs.push_back(std::move(job));
  }
  queue_->wake.notify_one();
}

} // namespace interswarm::runtime
