#include "storage/content_hasher.hpp"

#include "storage/hash_lanes.hpp"
#include "storage/limits.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace interswarm {

namespace {

constexpr auto block_size = hash_lane::block_size;
/// Bytes in work. With many workers the lanes that share a list's units need several 9.3 MiB parts
/// at once.
constexpr std::size_t window_bytes = std::size_t{8} << 20;
constexpr std::size_t wide_window_bytes = std::size_t{32} << 20;
constexpr unsigned many_workers = 8;

struct block {
  std::unique_ptr<byte[]> data; // allocated at first use, then reused
  std::size_t fill = 0;
  std::size_t lanes_left = 0; // 0: free
};

struct lane_state {
  std::unique_ptr<hash_lane> lane;
  std::uint64_t next = 0; // block number to take
  bool busy = false;      // an in-order lane is at work
};

unsigned worker_count(unsigned wanted) {
  if (wanted == 0) wanted = std::thread::hardware_concurrency();
  return std::clamp(wanted, 1u, limits::hasher_workers);
}

} // namespace

struct content_hasher::state {
  std::mutex mutex;
  std::condition_variable work;
  std::condition_variable freed;
  std::vector<block> ring; // block number modulo the window
  std::vector<lane_state> lanes;
  std::uint64_t published = 0; // blocks that lanes may take
  std::uint64_t pushed = 0;
  bool stopping = false;
  std::vector<std::thread> threads;

  block& at(std::uint64_t number) { return ring[number % ring.size()]; }

  /// The lane furthest behind that can run now.
  lane_state* pick() {
    lane_state* best = nullptr;
    for (auto& l : lanes) {
      if (l.next >= published || (l.busy && l.lane->in_order())) continue;
      if (best == nullptr || l.next < best->next) best = &l;
    }
    return best;
  }

  void run() {
    std::unique_lock lock(mutex);
    while (true) {
      auto* l = pick();
      if (l == nullptr) {
        if (stopping) return;
        work.wait(lock);
        continue;
      }
      const auto number = l->next++;
      l->busy = true;
      auto& b = at(number);
      lock.unlock();
      l->lane->consume(number * block_size, {b.data.get(), b.fill});
      lock.lock();
      l->busy = false;
      if (--b.lanes_left == 0) freed.notify_all();
    }
  }

  void publish() {
    const std::lock_guard lock(mutex);
    at(published).lanes_left = lanes.size();
    ++published;
    work.notify_all();
  }

  void stop(bool drop_waiting) {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
      if (drop_waiting) {
        for (auto& l : lanes) l.next = published;
      }
      work.notify_all();
    }
    for (auto& t : threads) t.join();
    threads.clear();
  }
};

result<void> content_hasher::check(const hash_plan& plan) {
  if (plan.v1_piece_lengths.size() > limits::hasher_piece_lengths) {
    return fail(errc::too_large,
                "more than " + std::to_string(limits::hasher_piece_lengths) +
                    " piece lengths in one pass; hash the file again for the others");
  }
  for (const auto length : plan.v1_piece_lengths) {
    if (length == 0 || length > limits::content_bytes) {
      return fail(errc::malformed, "a piece length must be between 1 and 2^60");
    }
  }
  return {};
}

content_hasher::content_hasher(const hash_plan& plan, unsigned workers)
    : state_(std::make_unique<state>()) {
  const auto count = worker_count(workers);
  state_->ring =
      std::vector<block>((count < many_workers ? window_bytes : wide_window_bytes) / block_size);
  // With few cores the lanes are enough to keep them busy; more lanes would only skip more bytes.
  const auto stride = std::clamp(count / 4, 1u, 4u);
  for (auto& lane : make_hash_lanes(plan, stride)) state_->lanes.push_back({std::move(lane)});
  for (unsigned i = 0; i < count; ++i) {
    state_->threads.emplace_back([s = state_.get()] { s->run(); });
  }
}

content_hasher::~content_hasher() { state_->stop(true); }

std::span<byte> content_hasher::space() {
  auto& b = state_->at(state_->published);
  {
    std::unique_lock lock(state_->mutex);
    state_->freed.wait(lock, [&] { return b.lanes_left == 0; });
  }
  if (!b.data) b.data = std::make_unique_for_overwrite<byte[]>(block_size);
  const auto used = static_cast<std::size_t>(state_->pushed % block_size);
  return {b.data.get() + used, block_size - used};
}

void content_hasher::commit(std::size_t count) {
  auto& b = state_->at(state_->published);
  state_->pushed += count;
  b.fill = state_->pushed % block_size;
  if (count != 0 && b.fill == 0) {
    b.fill = block_size;
    // Without a lane nobody would ever free the block.
    if (!state_->lanes.empty()) state_->publish();
  }
}

void content_hasher::push(byte_view data) {
  while (!data.empty()) {
    const auto room = space();
    const auto count = std::min(room.size(), data.size());
    std::copy_n(data.begin(), count, room.begin());
    commit(count);
    data = data.subspan(count);
  }
}

std::uint64_t content_hasher::pushed() const { return state_->pushed; }

content_hashes content_hasher::finish() {
  if (state_->pushed % block_size != 0 && !state_->lanes.empty()) state_->publish();
  state_->stop(false);
  content_hashes out;
  out.size = state_->pushed;
  for (auto& l : state_->lanes) l.lane->finish(out);
  return out;
}

} // namespace interswarm
