#include "actors/overlays/ppsp/read_ahead.hpp"
#include "actors/overlays/ppsp/tree_maker.hpp"
#include "tests/catch.hpp"

#include <deque>

using namespace interswarm;
using namespace interswarm::ppsp;

namespace {

constexpr std::uint32_t chunk_bytes = 16'384;

bytes sample(std::uint64_t size) {
  bytes out(size);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<byte>(i * 7 + i / 251);
  return out;
}

/// Answers come when the test says so.
struct desk {
  explicit desk(bytes d) : data(std::move(d)) {}

  tree_maker::hooks hooks() {
    return {[this](byte_range r, std::function<void(result<slice>)> answer) {
              most_waiting = std::max(most_waiting, waiting.size() + 1);
              waiting.emplace_back(r, std::move(answer));
            },
            [](std::function<tree_maker::groups()> work,
               std::function<void(tree_maker::groups)> answer) { answer(work()); }};
  }
  void answer_last() {
    const auto [r, answer] = std::move(waiting.back());
    waiting.pop_back();
    CHECK(r.size() <= 4u << 20);
    answer(slice::copy_of(byte_view(data).subspan(r.begin, r.size())));
  }

  bytes data;
  std::deque<std::pair<byte_range, std::function<void(result<slice>)>>> waiting;
  std::size_t most_waiting = 0;
};

} // namespace

TEST_CASE("ppsp tree maker: the groups of a content, in whatever order reads are answered") {
  const std::uint64_t size = GENERATE(1, 1u << 20, (9u << 20) + 1, 12'345'678);
  desk d(sample(size));
  std::optional<result<tree_maker::groups>> out;
  tree_maker maker(merkle_hash::sha256, chunk_bytes, size, d.hooks(),
                   [&](result<tree_maker::groups> g) { out = std::move(g); });
  maker.start();
  while (!d.waiting.empty()) d.answer_last();
  REQUIRE(out);
  REQUIRE(*out);
  CHECK(d.most_waiting <= 3);
  constexpr std::uint64_t group_bytes = 64 * chunk_bytes;
  REQUIRE((*out)->size() == (size + group_bytes - 1) / group_bytes);
  for (std::uint64_t g = 0; g < (*out)->size(); ++g) {
    const auto from = static_cast<std::ptrdiff_t>(g * group_bytes);
    const auto to = static_cast<std::ptrdiff_t>(std::min(size, (g + 1) * group_bytes));
    const chunk_group whole(merkle_hash::sha256, g, chunk_bytes,
                            bytes(d.data.begin() + from, d.data.begin() + to));
    CHECK((**out)[g] == whole.top());
  }
}

TEST_CASE("ppsp tree maker: a failed read ends it, and its end ends its answers") {
  desk d(sample(20u << 20));
  std::optional<result<tree_maker::groups>> out;
  auto maker =
      std::make_unique<tree_maker>(merkle_hash::sha1, chunk_bytes, d.data.size(), d.hooks(),
                                   [&](result<tree_maker::groups> g) { out = std::move(g); });
  maker->start();
  auto first = std::move(d.waiting.front().second);
  d.waiting.pop_front();
  first(fail(errc::unavailable, "not now"));
  REQUIRE(out);
  CHECK(out->error().code == errc::unavailable);
  out.reset();
  d.answer_last();
  CHECK_FALSE(out);
  maker.reset();
  d.answer_last();
  CHECK_FALSE(out);
}

TEST_CASE("ppsp read ahead: further while it goes on, not at all after a jump") {
  read_ahead ahead(8u << 20);
  CHECK(ahead.after({0, 100}) == byte_range{100, 100 + (1u << 20)});
  CHECK(ahead.after({100, 200}) == byte_range{200, 200 + (2u << 20)});
  CHECK(ahead.after({200, 300}).size() == 4u << 20);
  CHECK(ahead.after({300, 400}).size() == 8u << 20);
  CHECK(ahead.after({400, 500}).size() == 8u << 20);
  CHECK(ahead.after({1u << 30, (1u << 30) + 1}).empty());
  CHECK(ahead.after({(1u << 30) + 1, (1u << 30) + 2}).size() == 2u << 20);
}
