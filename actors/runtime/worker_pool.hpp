#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace interswarm::runtime {

/// Few threads for work that must not hold up a loop or a network thread: hashing, files. Jobs
/// start in the order they came. The destructor runs what is queued and waits for it; where a job's
/// own captures were the last to hold the pool, it is that job's thread that destroys it, and only
/// the other threads are waited for.
class worker_pool {
public:
  explicit worker_pool(unsigned threads);
  ~worker_pool();
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;

  void run(std::function<void()> job);

private:
  struct queue;

  std::shared_ptr<queue> queue_;
  std::vector<std::thread> threads_;
};

} // namespace interswarm::runtime
