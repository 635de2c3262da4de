#pragma once

#include "actors/services/origin/origin_source.hpp"
#include "tests/actor/runtime/fixture.hpp"
#include "tests/actor/services/scripted_origin.hpp"

#include <random>

namespace interswarm::origin::test {

using namespace std::chrono_literals;
using runtime::ask;
using runtime::eventually;

inline bytes some_content(std::size_t size) {
  bytes out(size);
  std::minstd_rand random(7);
  for (auto& b : out) b = static_cast<byte>(random() >> 8);
  return out;
}

/// Of the content that scripted servers have, and what tells its first version from others.
constexpr std::size_t size = 3 << 20;
inline const std::string v1 = "ETag: \"v1\"\r\n";

/// Serves the content as it should be.
inline scripted_origin::script honest(const bytes& content, const std::string& more = v1) {
  return [&content, more](std::size_t, const seen_request& r, scripted_origin::answer& a) {
    a.send(head_for(r, content.size(), more));
    a.body(content, r.from(), r.to(content.size()));
  };
}

/// Quick to try again, and allowed to ask this machine.
inline origin_options quick() {
  origin_options o;
  o.http.private_to = private_addresses::given;
  o.board.first_wait = 20ms;
  o.board.longest_wait = 100ms;
  return o;
}

struct puller {
  runtime::world world;
  runtime::loop& home = world.new_loop("io");
  std::shared_ptr<origin_hub> hub;

  explicit puller(origin_options o = quick()) : hub(*origin_hub::make(home, std::move(o))) {}
  ~puller() { hub.reset(); }

  origin_pull open(std::vector<origin_url> urls) {
    auto pull = spawn_origin_source(hub, {std::move(urls)});
    REQUIRE(pull);
    return *pull;
  }
  result<slice> read(const origin_pull& p, byte_range r, std::chrono::milliseconds limit = 10s) {
    msg::source_read x;
    x.range = {r.begin, r.end};
    x.deadline_ms = static_cast<std::uint32_t>(limit.count());
    auto got = ask<msg::source_read_result>(world.system, p.source, x, limit + 5s);
    if (!got) return tl::unexpected(got.error());
    return got->data;
  }
  /// The size, once it is known.
  result<std::uint64_t> size(const origin_pull& p) {
    std::uint64_t version = 0;
    for (int i = 0; i < 200; ++i) {
      msg::source_info x;
      x.after_version = version;
      x.wait_ms = 500;
      const auto got = ask<msg::source_info_result>(world.system, p.source, x);
      if (!got) return tl::unexpected(got.error());
      if (got->info.size != msg::unknown_size) return got->info.size;
      version = got->info.version;
    }
    return fail(errc::timed_out, "the size was not learned");
  }
  /// All of it in reads of `step`, in order, `at_once` of them at a time as an importer does.
  result<bytes> read_all(const origin_pull& p, std::uint64_t step = 1 << 18,
                         std::size_t at_once = 4) {
    const auto n = size(p);
    if (!n) return tl::unexpected(n.error());
    bytes out;
    out.reserve(*n);
    result<void> so_far;
    caf::scoped_actor self(world.system);
    while (so_far && out.size() < *n) {
      std::vector<decltype(self->request(p.source, 25s, msg::source_read{}))> waiting;
      for (std::uint64_t at = out.size(); at < *n && waiting.size() < at_once; at += step) {
        msg::source_read x;
        x.range = {at, std::min(*n, at + step)};
        x.deadline_ms = 20'000;
        waiting.push_back(self->request(p.source, 25s, x));
      }
      for (auto& w : waiting)
        w.receive([&](const msg::source_read_result& r) { append(out, r.data); },
                  [&](const caf::error& e) { so_far = tl::unexpected(runtime::to_error(e)); });
    }
    if (!so_far) return tl::unexpected(so_far.error());
    return out;
  }
  std::vector<server_status> servers() {
    std::promise<std::vector<server_status>> told;
    REQUIRE(hub->servers([&](auto s) { told.set_value(std::move(s)); }));
    return told.get_future().get();
  }
};

} // namespace interswarm::origin::test
