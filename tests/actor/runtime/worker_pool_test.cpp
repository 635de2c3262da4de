#include "actors/runtime/worker_pool.hpp"
#include "tests/catch.hpp"

#include <atomic>
#include <future>

using interswarm::runtime::worker_pool;

TEST_CASE("worker pool: the end waits for what is queued", "[runtime]") {
  std::atomic<int> done{0};
  {
    worker_pool pool(2);
    for (int i = 0; i < 100; ++i) pool.run([&] { ++done; });
  }
  CHECK(done == 100);
}

TEST_CASE("worker pool: a job may be the last to hold the pool", "[runtime]") {
  std::promise<void> dropped;
  std::promise<void> ended;
  std::atomic<int> done{0};
  {
    auto pool = std::make_shared<worker_pool>(2);
    auto& there = *pool;
    there.run([&done, &ended, held = pool, may_go = dropped.get_future().share()]() mutable {
      may_go.wait();
      held.reset();
      ++done;
      ended.set_value();
    });
    for (int i = 0; i < 10; ++i) there.run([&] { ++done; });
  }
  dropped.set_value();
  ended.get_future().wait();
  CHECK(done == 11);
}
