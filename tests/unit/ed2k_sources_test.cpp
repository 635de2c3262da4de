#include "actors/overlays/ed2k/limits.hpp"
#include "actors/overlays/ed2k/slot_etiquette.hpp"
#include "actors/overlays/ed2k/source_book.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::ed2k;
using namespace std::chrono_literals;

TEST_CASE("ed2k sources: dialling, etiquette and bans") {
  source_book book;
  const auto at = [](std::uint32_t n) { return endpoint{ip_address::v4(0x05050500 + n), 4662}; };
  const auto id = book.add(at(1), {}, 0s);
  REQUIRE(id);
  CHECK_FALSE(book.add(at(1), {}, 0s));
  const auto low = book.add({}, {77}, 0s);
  REQUIRE(low);
  CHECK(book.due(0s).size() == 1); // a low id cannot be dialled
  CHECK(book.due(0s).empty());
  book.ended(*id, source_book::end::useless, 0s);
  CHECK(book.due(1s).empty());
  CHECK(book.due(10s).size() == 1);
  book.connected(*id, md4_digest{5});
  CHECK(book.may_ask_slot(*id, 10s));
  book.slot_asked(*id, 10s);
  CHECK_FALSE(book.may_ask_slot(*id, 10s + limits::min_reask_time - 1ms));
  book.ended(*id, source_book::end::queued, 20s);
  CHECK(book.due(10s + limits::min_reask_time - 1ms).empty());
  CHECK(book.due(10s + limits::min_reask_time).size() == 1);
  CHECK(book.recognise(md4_digest{5}, {}, {}) == id);
  CHECK(book.recognise(md4_digest{6}, {77}, {}) == low);
  CHECK_FALSE(book.recognise(md4_digest{6}, {78}, at(9)));
  for (std::size_t i = 1; i < limits::max_strikes; ++i) CHECK_FALSE(book.strike(*id));
  CHECK(book.strike(*id));
  CHECK_FALSE(book.recognise(md4_digest{5}, {}, {}));
  for (std::uint32_t n = 10; book.size() < limits::max_sources; ++n) book.add(at(n), {}, 0s);
  CHECK_FALSE(book.add({ip_address::v4(0x06060606), 1}, {}, 0s));
  CHECK(book.due(1h).size() == limits::max_connected_sources);
}

TEST_CASE("ed2k sources: one that never answered the question for a slot may be asked again") {
  source_book book;
  const auto id = book.add({ip_address::v4(0x05050501), 4662}, {}, 0s);
  REQUIRE(book.due(0s).size() == 1);
  book.connected(*id, md4_digest{5});
  book.slot_asked(*id, 1s);
  CHECK_FALSE(book.may_ask_slot(*id, 30s));
  book.ended(*id, source_book::end::useless, 30s);
  REQUIRE(book.due(60s).size() == 1);
  book.connected(*id, md4_digest{5});
  CHECK(book.may_ask_slot(*id, 60s));
}

TEST_CASE("ed2k sources: one that broke off while it gave is asked again soon") {
  source_book book;
  const auto id = book.add({ip_address::v4(0x05050501), 4662}, {}, 0s);
  REQUIRE(book.due(0s).size() == 1);
  book.connected(*id, md4_digest{5});
  book.slot_asked(*id, 1s);
  CHECK_FALSE(book.may_ask_slot(*id, 60s));
  book.ended(*id, source_book::end::giving, 60s);
  CHECK(book.due(61s).empty());
  REQUIRE(book.due(65s).size() == 1);
  // It is not back yet: tried again and again, and still asked when it is.
  auto now = instant(65s);
  for (int i = 0; i < 5; ++i) {
    book.ended(*id, source_book::end::useless, now);
    now += 11s;
    REQUIRE(book.due(now).size() == 1);
  }
  book.connected(*id, md4_digest{5});
  CHECK(book.may_ask_slot(*id, now));
  book.slot_asked(*id, now);
  CHECK_FALSE(book.may_ask_slot(*id, now + 1s));
  book.postpone(*id, now + 5min);
  book.ended(*id, source_book::end::giving, now);
  CHECK(book.due(now + 5min - 1ms).empty());
  CHECK(book.due(now + 5min).size() == 1);
}

TEST_CASE("ed2k sources: one that lacks the file is asked again when somebody names it again") {
  source_book book;
  const endpoint where{ip_address::v4(0x05050501), 4662};
  const auto id = book.add(where, {}, 0s);
  auto now = instant(0s);
  const auto ask_in_vain = [&] {
    REQUIRE(book.due(now).size() == 1);
    book.connected(*id, md4_digest{5});
    book.lacks_file(*id, now);
    book.ended(*id, source_book::end::useless, now);
    CHECK(book.hopeful() == 0);
  };
  const auto names_again = [&](instant later) {
    book.add(where, {}, now + 1s);
    CHECK(book.due(now + later - 1ms).empty());
    now += later;
  };
  ask_in_vain();
  names_again(10s);
  ask_in_vain();
  names_again(40s);
  ask_in_vain(); // often enough: from now on it is believed
  names_again(10min);
  REQUIRE(book.due(now).size() == 1);
  book.connected(*id, md4_digest{5});
  book.ended(*id, source_book::end::giving, now);
  CHECK(book.hopeful() == 1);
  now += 2s;
  ask_in_vain();                              // as at first
  CHECK(book.due(now + 10min - 1ms).empty()); // nobody names it
}

TEST_CASE("ed2k sources: a client is not asked for slots so often that it bans us") {
  slot_etiquette e;
  const md4_digest user{1};
  instant now = 1h;
  std::size_t early = 0;
  e.asked(user, now);
  while (e.may_ask(user, now + 1s)) {
    now += 1s;
    e.asked(user, now);
    REQUIRE(++early < 10);
  }
  CHECK(early == 3); // 3, 6, 9 points: the next would make 12
  CHECK(e.next(user, now) == now + limits::min_reask_time);
  CHECK(e.may_ask(md4_digest{2}, now));
  now += limits::min_reask_time;
  CHECK(e.may_ask(user, now));
  e.asked(user, now);
  CHECK_FALSE(e.may_ask(user, now + 1s)); // 8 + 3
  for (int i = 0; i < 2; ++i) e.asked(user, now += limits::min_reask_time);
  CHECK(e.may_ask(user, now + 1s));
  for (std::size_t i = 0; i < limits::max_slot_accounts + 10; ++i) {
    md4_digest other{};
    std::memcpy(other.data(), &i, sizeof i);
    e.asked(other, now);
  }
  e.asked(user, now);
}
