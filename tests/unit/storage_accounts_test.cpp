#include "storage/accounts.hpp"
#include "storage/chunk.hpp"
#include "storage/limits.hpp"
#include "tests/catch.hpp"
#include "tests/fresh_database.hpp"

using namespace interswarm;
using kind = msg::account_kind;

namespace {

constexpr std::int64_t hour = 3600;

slice id_of(byte n) { return slice(bytes(32, n)); }

msg::delivery sent(byte receipt, std::uint64_t count) {
  msg::delivery out;
  out.receipt = slice(bytes(16, receipt));
  out.node = "access.example";
  out.overlay = "bittorrent";
  out.content_id = id_of(1);
  out.tenant = "alice";
  out.bytes = count;
  out.hour = 10 * hour;
  out.first_at = 10 * hour * 1000;
  out.last_at = out.first_at + 500;
  return out;
}

msg::publication made(byte n, const std::string& tenant, std::int64_t at,
                      std::uint64_t size = 3600) {
  msg::publication p;
  p.open = true;
  p.content_id = id_of(n);
  p.size = size;
  p.tenant = tenant;
  p.title = "A film";
  p.published_at = at;
  return p;
}

struct fixture {
  fresh_database fresh;
  std::unique_ptr<database> db = database::open(fresh.place()).value();
  served_table served{*db};
  keeping_table kept{*db};
  catalogue contents{*db};
  accounts all{*db};

  void publish(const msg::publication& p) {
    REQUIRE(contents.publish(p, bytes(chunk_count(p.size) * 32, p.content_id.data()[0])));
  }
  std::vector<msg::delivery> everything() {
    return served.page({0, 1000 * hour}, {}, {}, 1000).value().deliveries;
  }
  /// Byte-hours of the tenant, of contents of 3600 bytes: as many as seconds.
  std::string hours(const std::string& tenant, std::int64_t since, std::int64_t until) {
    const auto sums = kept.sums({since, until}, {{tenant, ""}, "", tenant}).value();
    REQUIRE(sums.size() <= 1);
    return sums.empty() ? "0" : byte_hours(sums.front().sum);
  }
};

} // namespace

TEST_CASE_METHOD(fixture, "served: entering again keeps the larger count") {
  REQUIRE(served.record({sent(1, 100)}));
  auto later = sent(1, 300);
  later.last_at += 9000;
  REQUIRE(served.record({later, sent(2, 50)}));
  // What is repeated or late changes nothing.
  REQUIRE(served.record({sent(1, 200), later, sent(2, 50)}));
  CHECK(everything() == std::vector{later, sent(2, 50)});
  const served_table reopened(*db);
  CHECK(reopened.sums(kind::tenant, {0, 20 * hour}, {{}, "", "z"}).value() ==
        std::vector{served_sum{"alice", "bittorrent", 350}});
}

TEST_CASE_METHOD(fixture, "served: a receipt for two counts is refused with its whole batch") {
  REQUIRE(served.record({sent(1, 100)}));
  auto other = sent(1, 100);
  SECTION("party") { other.party = "p"; }
  SECTION("tenant") { other.tenant = "bob"; }
  SECTION("content") { other.content_id = id_of(2); }
  SECTION("overlay") { other.overlay = "ed2k"; }
  SECTION("node") { other.node = "b"; }
  SECTION("hour") { other.hour += hour; }
  CHECK(served.record({sent(2, 1), other}).error().code == errc::conflict);
  CHECK(everything() == std::vector{sent(1, 100)});
}

TEST_CASE_METHOD(fixture, "served: what cannot be is refused") {
  auto d = sent(1, 1);
  errc code = errc::malformed;
  SECTION("no receipt") { d.receipt = {}; }
  SECTION("a long receipt") { d.receipt = slice(bytes(limits::receipt_bytes + 1)); }
  SECTION("half a content id") { d.content_id = slice(bytes(16)); }
  SECTION("no overlay") { d.overlay.clear(); }
  SECTION("no whole hour") { d.hour += 1; }
  SECTION("before 1970") { d.hour = -hour; }
  SECTION("a line end in a name") { d.party = "a\nb"; }
  SECTION("a long tenant") {
    d.tenant = std::string(limits::domain_bytes + 1, 'a');
    code = errc::too_large;
  }
  SECTION("a long overlay") {
    d.overlay = std::string(limits::overlay_bytes + 1, 'a');
    code = errc::too_large;
  }
  SECTION("more than there is") {
    d.bytes = limits::content_bytes + 1;
    code = errc::too_large;
  }
  CHECK(served.record({sent(2, 1), d}).error().code == code);
  CHECK(everything().empty());
}

TEST_CASE_METHOD(fixture, "served: a batch and the table have a bound") {
  std::vector<msg::delivery> many(limits::served_batch + 1, sent(1, 1));
  CHECK(served.record(many).error().code == errc::too_large);
  served_table small(*db, 2);
  REQUIRE(small.record({sent(1, 1), sent(2, 1)}));
  CHECK(small.record({sent(3, 1)}).error().code == errc::too_large);
  CHECK(small.record({sent(1, 5)}));
  CHECK(small.prune(11 * hour, false).value() == 2);
  CHECK(small.record({sent(3, 1)}));
}

TEST_CASE_METHOD(fixture, "served: what the catalogue lacks is handed over until it has it") {
  REQUIRE(served.record({sent(1, 100), sent(2, 50)}));
  const auto first = served.to_hand_over(10).value();
  CHECK(first.size() == 2);
  CHECK(served.to_hand_over(1)->size() == 1);
  // It grew while it was on its way.
  REQUIRE(served.record({sent(1, 130)}));
  REQUIRE(served.handed_over(first));
  CHECK(served.to_hand_over(10).value() == std::vector{sent(1, 130)});
  // What was not handed over is not pruned at the access node.
  CHECK(served.prune(11 * hour, true).value() == 1);
  CHECK(everything() == std::vector{sent(1, 130)});
  REQUIRE(served.handed_over({sent(1, 130)}));
  CHECK(served.to_hand_over(10)->empty());
}

TEST_CASE_METHOD(fixture, "served: pages give each delivery once, in order of hour and receipt") {
  std::vector<msg::delivery> wanted;
  for (byte i = 0; i < 7; ++i) {
    auto d = sent(static_cast<byte>(9 - i), 10);
    d.hour += i / 3 * hour;
    if (i == 6) d.tenant = "bob";
    wanted.push_back(d);
  }
  REQUIRE(served.record(wanted));
  std::vector<msg::delivery> found;
  slice after;
  int pages = 0;
  do {
    auto p = served.page({0, 1000 * hour}, {}, after, 2).value();
    CHECK(p.deliveries.size() <= 2);
    found.insert(found.end(), p.deliveries.begin(), p.deliveries.end());
    after = p.next;
    ++pages;
  } while (!after.empty());
  CHECK(pages == 4);
  std::sort(wanted.begin(), wanted.end(), [](const auto& a, const auto& b) {
    return std::pair(a.hour, bytes(a.receipt.view().begin(), a.receipt.view().end())) <
           std::pair(b.hour, bytes(b.receipt.view().begin(), b.receipt.view().end()));
  });
  CHECK(found == wanted);
  CHECK(served.page({0, 1000 * hour}, {"bob", ""}, {}, 10)->deliveries.size() == 1);
  CHECK(served.page({11 * hour, 12 * hour}, {}, {}, 10)->deliveries.size() == 3);
  CHECK(served.page({0, 1}, {}, bytes(8), 10).error().code == errc::malformed);
  CHECK(served.page({0, 1}, {}, bytes(9 + limits::receipt_bytes), 10).error().code ==
        errc::malformed);
}

TEST_CASE_METHOD(fixture, "served: a page has a bound, whatever is asked for") {
  std::vector<msg::delivery> many;
  for (std::size_t i = 0; i <= limits::account_listing; ++i) {
    auto d = sent(0, 1);
    bytes receipt(16);
    receipt[0] = static_cast<byte>(i >> 8);
    receipt[1] = static_cast<byte>(i);
    d.receipt = slice(std::move(receipt));
    many.push_back(d);
  }
  const auto last = many.back();
  many.pop_back();
  REQUIRE(served.record(many));
  REQUIRE(served.record({last}));
  const auto first = served.page({0, 20 * hour}, {}, {}, 1'000'000).value();
  CHECK(first.deliveries.size() == limits::account_listing);
  const auto rest = served.page({0, 20 * hour}, {}, first.next, 1'000'000).value();
  CHECK(rest.deliveries == std::vector{last});
  CHECK(rest.next.empty());
}

TEST_CASE_METHOD(fixture, "kept: byte-hours are exact over publication, withdrawal and expiry") {
  publish(made(1, "alice", 1000));
  CHECK(hours("alice", 0, 1000) == "0");
  CHECK(hours("alice", 0, 1500) == "500");
  CHECK(hours("alice", 1200, 1500) == "300");
  // Another publisher of the same bytes is charged for itself; entering again goes on.
  publish(made(1, "bob", 1100));
  publish(made(1, "alice", 1300));
  REQUIRE(contents.withdraw(id_of(1), "alice", 1600));
  CHECK(hours("alice", 0, 5000) == "600");
  CHECK(hours("alice", 1400, 1500) == "100");
  CHECK(hours("bob", 0, 5000) == "3900");
  // Published anew: a second time of its own.
  publish(made(1, "alice", 2000));
  CHECK(hours("alice", 0, 2100) == "700");
  // An expired one ends when it expires, withdrawn or not.
  auto lent = made(2, "carol", 1000);
  lent.expires = 1400;
  publish(lent);
  CHECK(hours("carol", 0, 1300) == "300");
  CHECK(hours("carol", 0, 9000) == "400");
  REQUIRE(contents.expire(2000));
  CHECK(hours("carol", 0, 9000) == "400");
  // Published again before it was withdrawn, but after it expired: the time between is not charged.
  lent.published_at = 3000;
  lent.expires = 3100;
  publish(lent);
  lent.published_at = 3500;
  lent.expires = 0;
  publish(lent);
  CHECK(hours("carol", 0, 3600) == "600");
}

TEST_CASE_METHOD(fixture, "kept: what takes a place in a series ends what was there") {
  auto first = made(1, "alice", 1000);
  first.series = "news";
  publish(first);
  auto second = made(2, "alice", 1500);
  second.series = "news";
  publish(second);
  const auto rows = kept.page({0, 2000}, "alice", 0, 10).value();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].ended == 1500);
  CHECK(rows[1].began == 1500);
  CHECK(rows[1].ended == 0);
  CHECK(hours("alice", 0, 2000) == "1000");
  CHECK(kept.page({0, 2000}, "alice", rows[0].id, 10)->size() == 1);
  CHECK(kept.page({1600, 2000}, "", 0, 10)->size() == 1);
  CHECK(kept.page({0, 2000}, "", 0, 1)->size() == 1);
}

TEST_CASE_METHOD(fixture, "kept: sums do not overflow") {
  for (byte i = 1; i <= 2; ++i) publish(made(i, "big", 0, limits::kept_content_bytes - i));
  const std::int64_t until = std::int64_t{1} << 31;
  const auto sum = kept.sums({0, until}, {{}, "", "z"}).value().front().sum;
  CHECK(sum.high > 0);
  // (2 x 2^42 - 3) x 2^31 / 3600
  CHECK(byte_hours(sum) == "5247073869853371778");
  CHECK(byte_hours({1, 0}) == "5124095576030431");
  CHECK(byte_hours({}) == "0");
  msg::keeping k;
  k.size = limits::kept_content_bytes;
  CHECK(kept_in(k, {0, until}) == byte_seconds{1u << 9, 0});
  k.began = 10;
  k.ended = 20;
  CHECK(kept_in(k, {15, 18}).low == limits::kept_content_bytes * 3);
  CHECK(kept_in(k, {20, 30}) == byte_seconds{});
  CHECK(kept_in(k, {0, 10}) == byte_seconds{});
}

TEST_CASE_METHOD(fixture, "kept: a full table refuses and is pruned of what has ended") {
  catalogue small(*db, limits::publications, 2);
  const auto enter = [&](byte n) {
    const auto p = made(n, "alice", 1000);
    return small.publish(p, bytes(chunk_count(p.size) * 32, n));
  };
  REQUIRE(enter(1));
  REQUIRE(enter(2));
  CHECK(enter(3).error().code == errc::too_large);
  CHECK(small.find(id_of(3)).error().code == errc::not_found);
  REQUIRE(small.withdraw(id_of(1), "alice", 1500));
  CHECK(enter(1).error().code == errc::too_large);
  CHECK(kept.prune(1500).value() == 0);
  CHECK(kept.prune(1501).value() == 1);
  CHECK(enter(3));
}

TEST_CASE_METHOD(fixture, "accounts: tenants and parties, in order, page by page") {
  publish(made(1, "alice", 1000));
  publish(made(2, "carol", 1000));
  auto by_http = sent(2, 70);
  by_http.overlay = "http";
  by_http.party = "tracker";
  auto of_bob = sent(3, 5);
  of_bob.tenant = "bob";
  of_bob.party = "tracker";
  auto nobody = sent(4, 1000);
  nobody.tenant.clear();
  REQUIRE(served.record({sent(1, 100), by_http, of_bob, nobody}));
  const account_period when{0, 20 * hour};
  const auto tenants = all.list({kind::tenant, {}, "", 10}, when, 1500).value();
  REQUIRE(tenants.size() == 3);
  CHECK(tenants[0].name == "alice");
  CHECK(tenants[0].served == std::vector<msg::overlay_bytes>{{"bittorrent", 100}, {"http", 70}});
  CHECK(tenants[0].stored_bytes == 3600);
  CHECK(tenants[0].publications == 1);
  CHECK(byte_hours({tenants[0].byte_seconds_high, tenants[0].byte_seconds_low}) == "71000");
  CHECK(tenants[1].name == "bob");
  CHECK(tenants[1].byte_seconds_low == 0);
  CHECK(tenants[2].name == "carol");
  CHECK(tenants[2].served.empty());
  const auto first = all.list({kind::tenant, {}, "", 2}, when, 1500).value();
  REQUIRE(first.size() == 2);
  const auto rest = all.list({kind::tenant, {}, first.back().name, 2}, when, 1500).value();
  REQUIRE(rest.size() == 1);
  CHECK(rest.front() == tenants[2]);
  const auto parties = all.list({kind::party, {}, "", 10}, when, 1500).value();
  REQUIRE(parties.size() == 1);
  CHECK(parties[0].name == "tracker");
  CHECK(parties[0].served == std::vector<msg::overlay_bytes>{{"bittorrent", 5}, {"http", 70}});
  // One tenant sees itself, and what parties took of it.
  CHECK(all.list({kind::tenant, {"alice", ""}, "", 10}, when, 1500).value() ==
        std::vector{tenants[0]});
  CHECK(all.list({kind::party, {"alice", ""}, "", 10}, when, 1500).value().front().served ==
        std::vector<msg::overlay_bytes>{{"http", 70}});
  CHECK(all.list({kind::party, {"carol", ""}, "", 10}, when, 1500)->empty());
  CHECK(all.prune(11 * hour).value() == 4);
}

TEST_CASE_METHOD(fixture, "accounts: a party sees what it took, of whomever, and nothing else") {
  publish(made(1, "alice", 1000));
  auto by_http = sent(2, 70);
  by_http.overlay = "http";
  by_http.party = "tracker";
  auto of_bob = sent(3, 5);
  of_bob.tenant = "bob";
  of_bob.party = "tracker";
  auto others = sent(4, 900);
  others.party = "tracker2";
  REQUIRE(served.record({sent(1, 100), by_http, of_bob, others}));
  const account_period when{0, 20 * hour};
  const account_scope own{"", "tracker"};
  const auto found = all.list({kind::party, own, "", 10}, when, 1500).value();
  REQUIRE(found.size() == 1);
  CHECK(found[0].name == "tracker");
  CHECK(found[0].served == std::vector<msg::overlay_bytes>{{"bittorrent", 5}, {"http", 70}});
  CHECK(all.list({kind::party, own, "tracker", 10}, when, 1500)->empty());
  CHECK(all.list({kind::tenant, own, "", 10}, when, 1500)->empty());
  CHECK(all.list({kind::party, {"", "nobody"}, "", 10}, when, 1500)->empty());
  CHECK(served.page(when, own, {}, 10)->deliveries == std::vector{by_http, of_bob});
  // Page by page, too.
  const auto first = served.page(when, own, {}, 1).value();
  CHECK(first.deliveries == std::vector{by_http});
  CHECK(served.page(when, own, first.next, 10)->deliveries == std::vector{of_bob});
  CHECK(served.page(when, {"bob", "tracker"}, {}, 10)->deliveries == std::vector{of_bob});
}
