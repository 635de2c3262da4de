#include "actors/services/message_allowance.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::services;
using namespace std::chrono_literals;

namespace {

constexpr message_allowance::instant start{1h};

errc begins(message_allowance& a, message_allowance::instant now, const std::string& who = "p") {
  auto ok = a.begin(who, 100, now);
  return ok ? errc{} : ok.error().code;
}

} // namespace

TEST_CASE("message allowance: so many of one party are in work") {
  message_allowance a;
  for (std::size_t i = 0; i < max_messages_in_work; ++i) REQUIRE(begins(a, start) == errc{});
  CHECK(begins(a, start) == errc::overloaded);
  CHECK(begins(a, start, "other") == errc{});
  a.end("p");
  CHECK(begins(a, start) == errc{});
  CHECK(begins(a, start) == errc::overloaded);
  a.end("nobody");
}

TEST_CASE("message allowance: a rate, and a burst after a pause") {
  message_allowance a;
  const auto all = [&](message_allowance::instant now) {
    std::uint32_t out = 0;
    while (out < 10 * messages_at_once && begins(a, now) == errc{}) {
      a.end("p");
      ++out;
    }
    return out;
  };
  CHECK(all(start) == messages_at_once);
  CHECK(all(start + 1s) == messages_per_second);
  CHECK(all(start + 1s) == 0);
  CHECK(begins(a, start + 1s, "other") == errc{});
  CHECK(all(start + 1h) == messages_at_once);
}

TEST_CASE("message allowance: the quiet are forgotten, those with messages in work are not") {
  message_allowance a;
  for (int i = 0; i < 100; ++i) {
    const auto who = std::to_string(i);
    REQUIRE(begins(a, start, who) == errc{});
    if (i > 0) a.end(who);
  }
  CHECK(a.remembered() == 100);
  REQUIRE(begins(a, start + 10s, "new") == errc{});
  CHECK(a.remembered() == 2);
}

TEST_CASE("message allowance: all that a message carries counts as its size") {
  message_allowance a;
  msg::message m;
  const auto empty = size_of(m);
  m.which = msg::message::which_t::publish;
  m.publish.records.resize(1);
  m.publish.records[0].hashes.resize(1);
  m.publish.records[0].hashes[0].hashes = slice(bytes(1000));
  m.publish.records[0].metadata = slice(bytes(2000));
  CHECK(size_of(m) >= empty + 3000);
  m.publish.records[0].metadata = slice(bytes(max_message_bytes));
  CHECK(a.begin("p", size_of(m), start).error().code == errc::too_large);
  CHECK(a.begin("p", max_message_bytes, start));
  // Entries of nothing count, too.
  msg::message many;
  many.names.names.resize(max_message_bytes / 64 + 1);
  CHECK(a.begin("p", size_of(many), start).error().code == errc::too_large);
}
