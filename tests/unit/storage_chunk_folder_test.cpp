#include "schema/base/encoding.hpp"
#include "storage/chunk_rados.hpp"
#include "tests/catch.hpp"
#include "tests/chunk_place.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace interswarm;

namespace {

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;

class chunk_folder_place final : public chunk_place {
public:
  explicit chunk_folder_place(durability d = durability::cached) : durability_(d) {}
  result<std::unique_ptr<chunk_backend>> open() const override {
    return open_chunk_folder(scratch_.file("chunks"), durability_);
  }
  void flip_byte(const chunk_name& name, std::uint64_t offset) const override {
    std::fstream file(path(name), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const auto was = static_cast<char>(file.get());
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(static_cast<char>(was ^ 1));
  }
  void overwrite(const chunk_name& name, const std::string& text) const override {
    std::ofstream(path(name)) << text;
  }
  void remove(const chunk_name& name) const override { std::filesystem::remove(path(name)); }
  std::optional<std::uint64_t> length(const chunk_name& name) const override {
    if (!std::filesystem::exists(path(name))) return {};
    return std::filesystem::file_size(path(name));
  }
  bool has_drafts() const { return !std::filesystem::is_empty(scratch_.file("chunks/new")); }

private:
  std::string path(const chunk_name& name) const {
    const auto hex = to_hex(name);
    return scratch_.file("chunks/" + hex.substr(0, 2) + "/" + hex);
  }

  durability durability_;
};

} // namespace

std::unique_ptr<chunk_place> make_chunk_place() { return std::make_unique<chunk_folder_place>(); }

TEST_CASE("a chunk folder is one process's") {
  const chunk_folder_place place;
  const chunk_folder_place other(durability::synced);
  const auto first = place.open();
  REQUIRE(first);
  CHECK(place.open().error().code == errc::unavailable);
  store_at s(other);
  CHECK(s->put(name_chunk(chunk_content(9, 9)), chunk_content(9, 9), as_bytes("film"), 100));
}

TEST_CASE("a full disk leaves no draft") {
  const chunk_folder_place place;
  const auto first = chunk_content(mib, 13);
  const auto second = chunk_content(mib, 14);
  store_at s(place);
  REQUIRE(s->put(name_chunk(first), first, as_bytes("film"), 100));
  const auto child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{512 * kib, 512 * kib};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto full = s->put(name_chunk(second), second, as_bytes("film"), 100);
    ::_exit(!full && full.error().code == errc::io ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  CHECK_FALSE(place.has_drafts());
  CHECK(s->get(name_chunk(second), {0, 1}).error().code == errc::not_found);
  CHECK(equal(*s->get(name_chunk(first), {0, mib}), first));
}

TEST_CASE("after kill -9 every acknowledged chunk is there and none is half") {
  const auto seed = Catch::rngSeed() != 0 ? Catch::rngSeed() : std::random_device{}();
  CAPTURE(seed); // repeat with --rng-seed
  std::mt19937 random(seed);
  const chunk_folder_place place;
  std::set<std::uint32_t> acknowledged;
  for (std::uint32_t round = 0; round < 8; ++round) {
    int pipe_fds[2];
    REQUIRE(::pipe(pipe_fds) == 0);
    const auto child = ::fork();
    if (child == 0) {
      store_at s(place);
      put_until_killed(*s.store, round * 10'000, pipe_fds[1]);
    }
    ::close(pipe_fds[1]);
    acknowledged.merge(kill_putter(child, pipe_fds[0], static_cast<std::uint32_t>(random())));
    store_at s(place);
    CHECK_FALSE(place.has_drafts());
    check_after_kill(*s.store, acknowledged);
  }
  CHECK(acknowledged.size() >= 8);
}

TEST_CASE("what no RADOS namespace can be is refused before any cluster is asked") {
  rados_options options;
  options.pool = "chunks";
  const auto refused = [&] {
    const auto got = open_chunk_rados(options);
    // A build without librados says that first.
    return !got &&
           (got.error().code == errc::configuration || got.error().code == errc::unimplemented);
  };
  options.config_file = "/nonexistent/ceph.conf";
  for (const auto& space : {std::string(), std::string("a/b"), std::string("a b"),
                            std::string(limits::rados_space_bytes + 1, 'a')}) {
    options.space = space;
    CHECK(refused());
  }
  options.space = std::string(limits::rados_space_bytes, 'a');
  CHECK(refused()); // no such file
  options.operation_limit = std::chrono::seconds(0);
  CHECK(refused());
  options.operation_limit = limits::rados_wait + std::chrono::seconds(1);
  CHECK(refused());
}
