#include "tests/unit/name_table_fixture.hpp"

using namespace interswarm;
using namespace interswarm::name_testing;

TEST_CASE_METHOD(name_fixture, "a name record comes back as it was stored") {
  auto r = record("ed2k", 7, 5'000'000);
  r.name.key = slice(bytes{0, 1, 0, 255, 0});
  r.title = "Näme with 'quotes'; drop table names; --";
  r.uri = "ed2k://|file|x|5000000|00|/";
  r.metadata = slice(bytes{0, 0, 'x', 0});
  r.expires = 99;
  r.content_id = digest(0xAB);
  r.evidence = evidence::structural;
  auto leaves = bytes(5'000'000 / 16384 * 32 + 32);
  for (std::size_t i = 0; i < leaves.size(); ++i) leaves[i] = static_cast<byte>(i * 7);
  msg::hash_list list;
  list.algorithm = msg::hash_algorithm::bep52;
  list.unit = 16384;
  list.end = 5'000'000;
  list.hashes = slice(std::move(leaves));
  list.evidence = evidence::structural;
  r.hashes.push_back(list);
  r.hashes.push_back(sha256_list(0, 5'000'000, evidence::declared, 5'000'000));
  REQUIRE(table->learn(r));
  auto found = table->find(r.name, 98);
  REQUIRE(found);
  std::reverse(found->hashes.begin(), found->hashes.end()); // stored in the order of their shapes
  if (!(found->hashes == r.hashes)) std::reverse(found->hashes.begin(), found->hashes.end());
  CHECK(*found == r);
  CHECK(table->find(r.name, 99).error().code == errc::not_found);
  CHECK(table->find(name_of("ed2k", 7), 0).error().code == errc::not_found);
}

TEST_CASE_METHOD(name_fixture, "an empty content has a name and no hashes") {
  auto r = record("ed2k", 5, 0);
  r.hashes = {sha256_list(0, 500, evidence::structural, 0)};
  REQUIRE(table->learn(r));
  CHECK(table->find(r.name, 0)->hashes.empty());
  CHECK(table->find(r.name, 0)->size == 0);
}

TEST_CASE_METHOD(name_fixture, "several MiB of leaves are kept") {
  auto r = record("bittorrent", 9, std::uint64_t{2} << 30);
  r.hashes.push_back(sha256_list(0x5A, 16384, evidence::verified, r.size));
  r.metadata = digest(0x11, 3 << 20);
  REQUIRE(table->learn(r));
  CHECK(*table->find(r.name, 0) == r);
}

TEST_CASE_METHOD(name_fixture, "leases lapse, are told before, and are renewed") {
  auto r = torrent;
  r.expires = 100;
  REQUIRE(table->link({r, donkey}));
  CHECK(table->lapsing(0, 99, 10)->empty());
  CHECK(table->lapsing(0, 100, 10)->size() == 1);
  CHECK(table->names(donkey.name, 100)->size() == 1);
  CHECK(table->names(torrent.name, 100).error().code == errc::not_found);
  r.expires = 200;
  REQUIRE(table->learn(r));
  CHECK(table->names(donkey.name, 100)->size() == 2);
  REQUIRE(table->renew(torrent.name, 50));
  CHECK(table->renew(other_torrent.name, 50).error().code == errc::not_found);
  CHECK(table->expire(49).value() == 0);
  CHECK(table->expire(50).value() == 1);
  CHECK(table->names(donkey.name, 0)->size() == 1);
  CHECK(table->lapsing(0, 1000, 10)->empty());
}

TEST_CASE_METHOD(name_fixture, "titles are searched by words, newest first") {
  auto a = torrent, b = donkey, c = other_donkey;
  a.title = "Big_Buck.Bunny 1080p";
  b.title = "big buck Été";
  c.title = "Sintel";
  for (const auto& r : {a, b, c}) REQUIRE(table->learn(r));
  const auto found = [&](const char* words) {
    names out;
    const auto hits = table->search(words, 10, 0).value();
    for (const auto& r : hits) out.push_back(r.name);
    return out;
  };
  CHECK(found("BUCK big") == names{donkey.name, torrent.name});
  CHECK(found("bunn") == names{torrent.name});
  CHECK(found("bunn big").empty()); // only the last word may be a beginning
  CHECK(found("big \xC3\x89t") == names{donkey.name});
  CHECK(found("%").empty());
  CHECK(found("' or 1=1 --").empty());
  CHECK(table->search("big", 1, 0)->size() == 1);
  const auto all = table->list(10, 0, 0).value();
  REQUIRE(all.size() == 3);
  CHECK(all[0].name == other_donkey.name);
  CHECK(table->list(10, 2, 0)->front().name == torrent.name);
}

TEST_CASE_METHOD(name_fixture, "titles of a table that nobody searches are not indexed") {
  const auto other = name_table::open(*db, limits::names, name_table::titles::unindexed).value();
  auto a = torrent, b = donkey;
  a.title = b.title = "a film";
  REQUIRE(other->learn(a));
  REQUIRE(table->learn(b));
  const auto found = table->search("film", 10, 0).value();
  REQUIRE(found.size() == 1);
  CHECK(found[0].name == b.name);
  CHECK(other->find(a.name, 0)->title == "a film");
  // What was indexed goes with its name.
  REQUIRE(other->renew(b.name, 5));
  CHECK(other->expire(5).value() == 1);
  CHECK(table->search("film", 10, 0)->empty());
}

TEST_CASE_METHOD(name_fixture, "names of several contents are read at once") {
  auto a = torrent, b = donkey, c = other_donkey;
  a.content_id = slice(bytes(32, 1));
  b.content_id = slice(bytes(32, 1));
  c.content_id = slice(bytes(32, 2));
  a.evidence = b.evidence = c.evidence = msg::evidence::verified;
  for (const auto& r : {a, b, c}) REQUIRE(table->learn(r));
  CHECK(table->by_contents({}, 0)->empty());
  CHECK(table->by_contents({a.content_id}, 0)->size() == 2);
  const auto all = table->by_contents({a.content_id, slice(bytes(32, 9)), c.content_id}, 0).value();
  REQUIRE(all.size() == 3);
  CHECK(all[0].name == c.name);
  CHECK(all[0].hashes.empty());
  const std::vector<slice> many(limits::listing, a.content_id);
  CHECK(table->by_contents(many, 0)->size() == 2);
  CHECK(table->by_contents(std::vector<slice>(limits::listing + 1, a.content_id), 0).error().code ==
        errc::too_large);
}

TEST_CASE("words are bounded and stay UTF-8") {
  std::string many;
  for (std::size_t i = 0; i < limits::words_per_title + 5; ++i)
    many += "w" + std::to_string(i) + " ";
  CHECK(words_of(many).size() == limits::words_per_title);
  const auto word = words_of(std::string(limits::word_bytes - 1, 'a') + "\xC3\x89"
                                                                        "bc")
                        .at(0);
  CHECK(word == std::string(limits::word_bytes - 1, 'a'));
  CHECK(words_of("a-a A").size() == 1);
}

TEST_CASE_METHOD(name_fixture, "records that cross a limit are refused") {
  const auto refusal = [&](auto change) {
    auto r = torrent;
    change(r);
    const auto ok = table->learn(r);
    return ok ? errc::internal : ok.error().code;
  };
  CHECK(refusal([](auto& r) { r.name.key = {}; }) == errc::malformed);
  CHECK(refusal([](auto& r) { r.name.overlay = "a\nb"; }) == errc::malformed);
  CHECK(refusal([](auto& r) { r.name.overlay = std::string(limits::overlay_bytes + 1, 'a'); }) ==
        errc::too_large);
  CHECK(refusal([](auto& r) { r.name.key = digest(1, limits::name_key_bytes + 1); }) ==
        errc::too_large);
  CHECK(refusal([](auto& r) { r.size = limits::content_bytes + 1; }) == errc::too_large);
  CHECK(refusal([](auto& r) { r.content_id = digest(1, 20); }) == errc::malformed);
  CHECK(refusal([](auto& r) { r.evidence = evidence::refuted; }) == errc::malformed);
  CHECK(refusal([](auto& r) { r.evidence = static_cast<evidence>(6); }) == errc::malformed);
  CHECK(refusal([](auto& r) { r.permission = static_cast<permission>(3); }) == errc::malformed);
  CHECK(refusal([](auto& r) { r.metadata = digest(1, limits::metadata_bytes + 1); }) ==
        errc::too_large);
  CHECK(refusal([](auto& r) {
          r.hashes.assign(limits::hash_lists_per_record + 1, sha256_list(1, 500, evidence::hint));
        }) == errc::too_large);
  CHECK(refusal([](auto& r) { r.hashes = {sha256_list(1, 500, evidence::hint, 1001)}; }) ==
        errc::malformed);
  CHECK(refusal([](auto& r) {
          r.size = limits::hash_bytes_per_record / 32 + 1;
          r.hashes = {sha256_list(1, 1, evidence::hint, r.size)};
        }) == errc::too_large);
  auto r = torrent;
  r.title = std::string(limits::title_bytes + 10, 'x') + "\n";
  r.uri = std::string("a\0b", 3);
  REQUIRE(table->learn(r));
  CHECK(table->find(r.name, 0)->title.size() == limits::title_bytes);
  CHECK(table->find(r.name, 0)->uri == "a?b");
}

TEST_CASE_METHOD(name_fixture, "a lease is renewed and a title learned without losing proof data") {
  auto r = torrent;
  r.expires = 10;
  r.hashes = {sha256_list(1, 500, evidence::declared)};
  r.metadata = digest(9, 5);
  REQUIRE(table->learn(r));
  auto brief = torrent;
  brief.expires = 20;
  REQUIRE(table->learn(brief));
  brief.title = "found later";
  REQUIRE(table->learn(brief));
  r.expires = 20;
  r.title = brief.title;
  CHECK(*table->find(torrent.name, 0) == r);
  CHECK(table->search("later", 10, 0)->size() == 1);
  REQUIRE(table->verify({torrent.name}, digest(0xC4), 1000));
  CHECK(table->find(torrent.name, 0)->hashes == r.hashes);
}

TEST_CASE_METHOD(name_fixture, "a full name table takes no new names") {
  const auto small = name_table::open(*db, 2).value();
  REQUIRE(small->link({torrent, donkey}));
  CHECK(small->learn(other_donkey).error().code == errc::too_large);
  auto leased = torrent;
  leased.title = "still learned";
  REQUIRE(small->learn(leased));
  REQUIRE(small->renew(donkey.name, 5));
  REQUIRE(small->expire(5).value() == 1);
  CHECK(small->learn(other_donkey));
}

TEST_CASE("names are there again after the database was closed") {
  const fresh_database fresh;
  {
    const auto db = database::open(fresh.place()).value();
    REQUIRE(name_table::open(*db).value()->link({torrent, donkey}));
  }
  const auto db = database::open(fresh.place()).value();
  const auto table = name_table::open(*db).value();
  CHECK(table->names(torrent.name, 0)->size() == 2);
  REQUIRE(table->learn(other_torrent)); // ids go on
  CHECK(table->list(10, 0, 0)->size() == 3);
}

TEST_CASE_METHOD(name_fixture, "two connections write one table in turn") {
  const auto other_db = database::open(fresh.place()).value();
  const auto other = name_table::open(*other_db).value();
  for (byte n = 0; n < 5; ++n) {
    REQUIRE(table->learn(record("x", n)));
    REQUIRE(other->learn(record("y", n)));
    REQUIRE(table->link({record("x", n), record("y", n)}));
    REQUIRE(other->refute(name_of("x", n), name_of("y", n), 5));
  }
  CHECK(other->list(100, 0, 0)->size() == 10);
  for (byte n = 0; n < 5; ++n) {
    CHECK(group(name_of("x", n)) == names{name_of("x", n)});
    CHECK(refuted(name_of("x", n)) == names{name_of("y", n)});
  }
}
