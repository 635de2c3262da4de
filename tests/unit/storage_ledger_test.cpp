#include "storage/ledger.hpp"
#include "storage/limits.hpp"
#include "storage/name_table.hpp"
#include "tests/catch.hpp"
#include "tests/fresh_database.hpp"

#include <csignal>
#include <random>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace interswarm;
using role = msg::ledger_entry_role;

namespace {

msg::ledger_entry entry(byte receipt, std::uint64_t count, role r = role::giver) {
  msg::ledger_entry out;
  out.receipt = slice(bytes(16, receipt));
  out.from_domain = "a.example";
  out.from_overlay = "ed2k";
  out.to_domain = "b.example";
  out.to_overlay = "bittorrent";
  out.content_name = {"bittorrent", slice(bytes{0, 1, 2})};
  out.tenant = "t";
  out.bytes = count;
  out.first_at = 1000;
  out.last_at = 2000;
  out.role = r;
  return out;
}

struct fixture {
  fresh_database fresh;
  std::unique_ptr<database> db = database::open(fresh.place()).value();
  ledger book{*db};
};

} // namespace

TEST_CASE_METHOD(fixture, "recording again keeps the maximum") {
  REQUIRE(book.record(entry(1, 100)));
  auto later = entry(1, 300);
  later.first_at = 500;
  later.last_at = 9000;
  REQUIRE(book.record(later));
  REQUIRE(book.record(entry(1, 200)));
  CHECK(book.list(0, 10).value() == std::vector{later});
  CHECK(book.find(later.receipt).value() == std::vector{later});
  CHECK(book.find(bytes{9})->empty());
}

TEST_CASE_METHOD(fixture, "both roles of one receipt are kept") {
  REQUIRE(book.record({entry(1, 100), entry(1, 90, role::taker), entry(1, 110)}));
  CHECK(book.list(0, 10).value() == std::vector{entry(1, 110), entry(1, 90, role::taker)});
}

TEST_CASE_METHOD(fixture, "a receipt for two deliveries is refused with its whole batch") {
  REQUIRE(book.record(entry(1, 100)));
  auto other = entry(1, 100);
  other.tenant = "somebody else";
  CHECK(book.record({entry(2, 5), other}).error().code == errc::conflict);
  CHECK(book.list(0, 10)->size() == 1);
}

TEST_CASE_METHOD(fixture, "entries that cross a limit are refused") {
  const auto refusal = [&](auto change) {
    auto e = entry(1, 1);
    change(e);
    const auto ok = book.record(e);
    return ok ? errc::internal : ok.error().code;
  };
  CHECK(refusal([](auto& e) { e.receipt = {}; }) == errc::malformed);
  CHECK(refusal([](auto& e) { e.receipt = slice(bytes(limits::receipt_bytes + 1)); }) ==
        errc::malformed);
  CHECK(refusal([](auto& e) { e.content_name.key = {}; }) == errc::malformed);
  CHECK(refusal([](auto& e) { e.tenant = std::string(limits::domain_bytes + 1, 'x'); }) ==
        errc::too_large);
  CHECK(refusal([](auto& e) { e.to_overlay = std::string(limits::overlay_bytes + 1, 'x'); }) ==
        errc::too_large);
  CHECK(refusal([](auto& e) { e.from_domain = "a\nb"; }) == errc::malformed);
  CHECK(refusal([](auto& e) { e.bytes = limits::content_bytes + 1; }) == errc::too_large);
  CHECK(refusal([](auto& e) { e.role = static_cast<role>(2); }) == errc::malformed);
  const std::vector<msg::ledger_entry> many(limits::ledger_batch + 1, entry(1, 1));
  CHECK(book.record(many).error().code == errc::too_large);
  CHECK(book.list(0, 10)->empty());
}

TEST_CASE_METHOD(fixture, "a full ledger drops nothing by itself") {
  ledger small(*db, 2);
  REQUIRE(small.record({entry(1, 1), entry(2, 1)}));
  CHECK(small.record({entry(1, 5), entry(3, 1)}).error().code == errc::too_large);
  CHECK(small.find(entry(1, 1).receipt)->at(0).bytes == 1); // the batch is rolled back
  CHECK(small.record(entry(1, 5)));
  auto later = entry(2, 9);
  later.last_at = 5000;
  REQUIRE(small.record(later));
  CHECK(small.prune(2000).value() == 0);
  CHECK(small.prune(2001).value() == 1);
  CHECK(small.record(entry(3, 1)));
  CHECK(small.list(0, 10).value() == std::vector{entry(3, 1), later});
}

TEST_CASE_METHOD(fixture, "totals add up by delivery") {
  auto other = entry(3, 7);
  other.tenant = "u";
  other.last_at = 5000;
  REQUIRE(book.record({entry(1, 100), entry(2, 20), entry(2, 20, role::taker), other}));
  const auto totals = book.totals(0).value();
  REQUIRE(totals.size() == 3);
  CHECK(totals[0].bytes == 120);
  CHECK(totals[0].receipts == 2);
  CHECK(totals[0].content_name == entry(1, 1).content_name);
  CHECK(totals[1].role == role::taker);
  CHECK(totals[2].tenant == "u");
  CHECK(book.totals(3000)->size() == 1);
  CHECK(book.list(3000, 10).value() == std::vector{other});
  CHECK(book.list(0, 2)->size() == 2);
}

TEST_CASE("two ends agree where giver and taker have the same bytes") {
  const std::vector own{entry(1, 100), entry(2, 50), entry(3, 9), entry(4, 1, role::taker)};
  const std::vector other{entry(1, 100, role::taker), entry(2, 40, role::taker),
                          entry(5, 3, role::taker), entry(4, 1)};
  const auto found = ledger::compare(own, other);
  REQUIRE(found.size() == 3);
  CHECK(found[0] == ledger_disagreement{slice(bytes(16, 2)), 50, 40});
  CHECK(found[1] == ledger_disagreement{slice(bytes(16, 3)), 9, 0});
  CHECK(found[2] == ledger_disagreement{slice(bytes(16, 5)), 0, 3});
  CHECK(ledger::compare({}, {}).empty());
}

namespace {

/// Writes without end and tells through `fd` the number of each round that the database has
/// confirmed.
[[noreturn]] void write_until_killed(const std::string& path, int fd, std::uint64_t round) {
  const auto db = database::open(path).value();
  ledger book(*db);
  const auto names = name_table::open(*db).value();
  while (true) {
    ++round;
    // One batch of which all or nothing may be there afterwards.
    const bool stored =
        book.record({entry(1, round), entry(2, round), entry(3, round)}).has_value();
    msg::name_record record;
    record.name = {"ed2k", slice(bytes{static_cast<byte>(round), static_cast<byte>(round >> 8)})};
    record.size = 2'000'000;
    record.evidence = msg::evidence::declared;
    msg::hash_list list;
    list.algorithm = msg::hash_algorithm::sha256;
    list.unit = 1000;
    list.end = record.size;
    list.hashes = slice(bytes(2000 * 32, static_cast<byte>(round)));
    list.evidence = msg::evidence::verified;
    record.hashes = {list};
    record.metadata = slice(bytes(100'000, static_cast<byte>(round)));
    if (!stored || !names->learn(record)) _exit(1);
    if (::write(fd, &round, sizeof round) != sizeof round) _exit(2);
  }
}

} // namespace

TEST_CASE("what was confirmed is there after kill -9 at any moment") {
  const auto seed = Catch::rngSeed() != 0 ? Catch::rngSeed() : std::random_device{}();
  CAPTURE(seed); // repeat with --rng-seed
  std::mt19937 random(seed);
  const fresh_database fresh;
  const auto& path = fresh.place();
  std::uint64_t confirmed = 0;
  std::size_t names_confirmed = 0;
  for (int kill_number = 0; kill_number < 12; ++kill_number) {
    int pipe_fds[2];
    REQUIRE(::pipe(pipe_fds) == 0);
    const auto child = ::fork();
    if (child == 0) write_until_killed(path, pipe_fds[1], confirmed);
    ::close(pipe_fds[1]);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 120'000));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status));
    std::uint64_t round = 0;
    while (::read(pipe_fds[0], &round, sizeof round) == sizeof round) {
      confirmed = round;
      ++names_confirmed;
    }
    ::close(pipe_fds[0]);

    const auto db = database::open(path).value();
    const auto entries = ledger(*db).list(0, 10).value();
    if (confirmed != 0) REQUIRE(entries.size() == 3);
    for (const auto& e : entries) {
      CHECK(e.bytes >= confirmed);
      CHECK(e.bytes == entries[0].bytes);
    }
    const auto names = name_table::open(*db).value();
    const auto known = names->list(limits::listing, 0, 0).value();
    CHECK(known.size() >= std::min(names_confirmed, limits::listing));
    if (!known.empty()) {
      // The newest is whole, metadata and hashes included.
      const auto last = names->find(known.front().name, 0).value();
      const auto fill = last.name.key.view()[0];
      REQUIRE(last.hashes.size() == 1);
      CHECK(last.hashes[0].hashes == slice(bytes(2000 * 32, fill)));
      CHECK(last.metadata == slice(bytes(100'000, fill)));
    }
    if (!entries.empty()) confirmed = std::max(confirmed, entries[0].bytes);
  }
  CHECK(confirmed > 0);
}

TEST_CASE_METHOD(fixture, "pages of the ledger give each entry once, in order of its end") {
  std::vector<msg::ledger_entry> wanted;
  for (byte i = 1; i <= 5; ++i) {
    auto e = entry(i, 10);
    e.last_at = 2000 + i / 3;
    wanted.push_back(e);
    e.role = role::taker;
    wanted.push_back(e);
  }
  REQUIRE(book.record(wanted));
  std::vector<msg::ledger_entry> found;
  slice after;
  int pages = 0;
  do {
    auto p = book.page(0, 5000, after, 3).value();
    found.insert(found.end(), p.entries.begin(), p.entries.end());
    after = p.next;
    ++pages;
  } while (!after.empty());
  CHECK(found == wanted);
  CHECK(pages == 4);
  CHECK(book.page(2001, 2002, {}, 100)->entries.size() == 6);
  CHECK(book.page(0, 2001, {}, 100)->entries.size() == 4);
  CHECK(book.page(0, 5000, bytes(9), 3).error().code == errc::malformed);
  CHECK(book.page(0, 5000, bytes(10 + limits::receipt_bytes), 3).error().code == errc::malformed);
}
