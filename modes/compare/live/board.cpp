#include "modes/compare/live/board.hpp"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <new>
#include <sys/mman.h>

namespace interswarm::compare {

static_assert(std::atomic<double>::is_always_lock_free, "processes share no lock");

result<board> board::make(std::size_t requests, std::size_t lines) {
  const auto bytes = sizeof(head) + requests * sizeof(request_slot) + lines * sizeof(line_slot);
  void* at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED)
    return fail(errc::io, std::string("no memory to share: ") + std::strerror(errno));
  board out;
  out.memory_ = std::shared_ptr<void>(at, [bytes](void* p) { ::munmap(p, bytes); });
  out.head_ = new (at) head;
  auto* const first = reinterpret_cast<request_slot*>(out.head_ + 1);
  for (std::size_t i = 0; i < requests; ++i) new (first + i) request_slot;
  out.requests_ = {first, requests};
  auto* const second = reinterpret_cast<line_slot*>(first + requests);
  for (std::size_t i = 0; i < lines; ++i) new (second + i) line_slot;
  out.lines_ = {second, lines};
  return out;
}

void board::complain(const std::string& line) const {
  if (head_->complaining.exchange(true)) return;
  line.copy(head_->complaint, sizeof head_->complaint - 1);
  head_->complained.store(true, std::memory_order_release);
}

std::string board::complaint() const {
  return head_->complained.load(std::memory_order_acquire) ? head_->complaint : std::string();
}

std::int64_t board::monotonic_ns() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

} // namespace interswarm::compare
