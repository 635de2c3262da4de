#include "actors/runtime/wide_stream.hpp"
#include "tests/catch.hpp"

#include <kj/debug.h>
#include <random>
#include <vector>

using namespace interswarm;

namespace {

/// One end of a pipe that counts what is asked of it.
class counted final : public kj::AsyncIoStream {
public:
  explicit counted(kj::Own<kj::AsyncIoStream> to) : to_(kj::mv(to)) {}
  kj::Promise<std::size_t> tryRead(void* buffer, std::size_t least, std::size_t most) override {
    ++reads;
    return to_->tryRead(buffer, least, most);
  }
  kj::Promise<void> write(const void* buffer, std::size_t size) override {
    ++writes;
    if (broken) return KJ_EXCEPTION(DISCONNECTED, "broken");
    return to_->write(buffer, size);
  }
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override {
    ++writes;
    return to_->write(pieces);
  }
  kj::Promise<void> whenWriteDisconnected() override { return to_->whenWriteDisconnected(); }
  void shutdownWrite() override { to_->shutdownWrite(); }

  std::size_t reads = 0;
  std::size_t writes = 0;
  bool broken = false;

private:
  kj::Own<kj::AsyncIoStream> to_;
};

struct pipes {
  kj::AsyncIoContext io = kj::setupAsyncIo();
  kj::TwoWayPipe raw = io.provider->newTwoWayPipe();
  counted* seen = nullptr;
  kj::Own<kj::AsyncIoStream> wide = [this] {
    auto inner = kj::heap<counted>(kj::mv(raw.ends[0]));
    seen = inner.get();
    return runtime::widen(kj::mv(inner));
  }();
  kj::AsyncIoStream& far = *raw.ends[1];
};

std::vector<kj::byte> noise(std::size_t size, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<kj::byte> out(size);
  for (auto& b : out) b = static_cast<kj::byte>(random());
  return out;
}

kj::Promise<void> write_in(kj::AsyncIoStream& to, const std::vector<kj::byte>& data, std::size_t at,
                           std::size_t step) {
  if (at == data.size()) return kj::READY_NOW;
  const auto count = std::min(step, data.size() - at);
  return to.write(data.data() + at, count).then([&to, &data, at, count, step] {
    return write_in(to, data, at + count, step);
  });
}

kj::Promise<void> read_in(kj::AsyncIoStream& from, std::vector<kj::byte>& out, std::size_t at,
                          std::size_t step) {
  if (at == out.size()) return kj::READY_NOW;
  const auto most = std::min(step, out.size() - at);
  return from.tryRead(out.data() + at, 1, most).then([&from, &out, at, step](std::size_t got) {
    REQUIRE(got > 0);
    return read_in(from, out, at + got, step);
  });
}

} // namespace

TEST_CASE("wide stream: small writes leave together, all and in order", "[runtime]") {
  pipes p;
  const auto sent = noise(3'000'001, 1);
  const auto step = GENERATE(std::size_t{8192}, std::size_t{100'000}, std::size_t{1'000'000});
  std::vector<kj::byte> got(sent.size());
  auto reading = read_in(p.far, got, 0, 1 << 20);
  write_in(*p.wide, sent, 0, step).wait(p.io.waitScope);
  reading.wait(p.io.waitScope);
  CHECK(got == sent);
  CHECK(p.seen->writes <= sent.size() / (64 << 10));
}

TEST_CASE("wide stream: small reads share large ones", "[runtime]") {
  pipes p;
  const auto sent = noise(3'000'001, 2);
  const auto step = GENERATE(std::size_t{1000}, std::size_t{8192}, std::size_t{400'000});
  std::vector<kj::byte> got(sent.size());
  auto writing = p.far.write(sent.data(), sent.size());
  read_in(*p.wide, got, 0, step).wait(p.io.waitScope);
  writing.wait(p.io.waitScope);
  CHECK(got == sent);
  // A pipe's buffer bounds a read too.
  CHECK(p.seen->reads < sent.size() / 8192);
  SECTION("a read waits for as much as it must have") {
    char four[4];
    auto reading = p.wide->read(four, 4, 4);
    p.far.write("ab", 2).wait(p.io.waitScope);
    CHECK_FALSE(reading.poll(p.io.waitScope));
    p.far.write("cdef", 4).wait(p.io.waitScope);
    CHECK(reading.wait(p.io.waitScope) == 4);
    CHECK(std::string_view(four, 4) == "abcd");
    CHECK(p.wide->tryRead(four, 1, 4).wait(p.io.waitScope) == 2);
  }
  SECTION("the end") {
    char one = 0;
    p.far.shutdownWrite();
    CHECK(p.wide->tryRead(&one, 1, 1).wait(p.io.waitScope) == 0);
  }
}

TEST_CASE("wide stream: a reader that does not come stops the writer", "[runtime]") {
  pipes p;
  const auto sent = noise(16 << 20, 3);
  auto writing = write_in(*p.wide, sent, 0, 8192);
  CHECK_FALSE(writing.poll(p.io.waitScope));
  std::vector<kj::byte> got(sent.size());
  read_in(p.far, got, 0, 1 << 20).wait(p.io.waitScope);
  writing.wait(p.io.waitScope);
  CHECK(got == sent);
}

TEST_CASE("wide stream: a single small write leaves by itself", "[runtime]") {
  pipes p;
  p.wide->write("x", 1).wait(p.io.waitScope);
  char got = 0;
  CHECK(p.far.tryRead(&got, 1, 1).wait(p.io.waitScope) == 1);
  CHECK(got == 'x');
}

TEST_CASE("wide stream: the end comes after what was written", "[runtime]") {
  pipes p;
  const auto sent = noise(100'000, 4);
  p.wide->write(sent.data(), sent.size()).wait(p.io.waitScope);
  p.wide->shutdownWrite();
  const auto got = p.far.readAllBytes().wait(p.io.waitScope);
  CHECK(std::vector<kj::byte>(got.begin(), got.end()) == sent);
}

TEST_CASE("wide stream: a failure is the next write's", "[runtime]") {
  pipes p;
  p.seen->broken = true;
  const auto sent = noise(1 << 20, 5);
  // Also of one that waits for room.
  CHECK_THROWS_AS(p.wide->write(sent.data(), sent.size()).wait(p.io.waitScope), kj::Exception);
  CHECK_THROWS_AS(p.wide->write("x", 1).wait(p.io.waitScope), kj::Exception);
}
