#include "tests/chunk_place.hpp"

#include "tests/catch.hpp"

#include <chrono>
#include <csignal>
#include <random>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace interswarm;

namespace {

bytes numbered(std::uint32_t i) { return chunk_content(1 + i * 7919 % 300'000, i); }

} // namespace

store_at::store_at(const chunk_place& place, std::uint64_t quota, std::int64_t now,
                   std::uint64_t max_chunks)
    : store(
          chunk_store::open(place.open().value(), place.index(), quota, now, max_chunks).value()) {}

bytes chunk_content(std::size_t size, std::uint32_t seed) {
  std::mt19937 random(seed);
  bytes out(size);
  for (std::size_t i = 0; i + 4 <= size; i += 4) {
    const auto word = static_cast<std::uint32_t>(random());
    std::memcpy(out.data() + i, &word, 4);
  }
  if (!out.empty()) out.back() = static_cast<byte>(seed);
  return out;
}

void put_until_killed(chunk_store& store, std::uint32_t first, int fd) {
  for (std::uint32_t i = first;; ++i) {
    const auto data = numbered(i);
    if (!store.put(name_chunk(data), data, as_bytes("film"), 100)) ::_exit(1);
    if (::write(fd, &i, sizeof i) != sizeof i) ::_exit(2);
  }
}

std::set<std::uint32_t> kill_putter(pid_t child, int fd, std::uint32_t random) {
  // Not before it has opened the store, or little would be tested.
  std::uint32_t i = 0;
  REQUIRE(::read(fd, &i, sizeof i) == sizeof i);
  std::set<std::uint32_t> out{i};
  std::this_thread::sleep_for(std::chrono::microseconds(random % 100'000));
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WIFSIGNALED(status));
  while (::read(fd, &i, sizeof i) == sizeof i) out.insert(i);
  ::close(fd);
  return out;
}

void check_after_kill(chunk_store& store, const std::set<std::uint32_t>& acknowledged) {
  CHECK(store.not_good(10)->empty());
  for (const auto number : acknowledged) {
    const auto data = numbered(number);
    const auto got = store.get(name_chunk(data), {0, data.size()});
    REQUIRE(got);
    CHECK(equal(*got, data));
    CHECK(store.find(name_chunk(data)).value()->unheld_since == 0);
  }
  const auto all = store.list({}, 10'000).value();
  for (const auto& c : all) CHECK(store.check(c.name, 200).value() == chunk_condition::good);
}
