#include "storage/limits.hpp"
#include "storage/name_rules.hpp"
#include "storage/name_table.hpp"
#include "tests/catch.hpp"
#include "tests/fresh_database.hpp"

using namespace interswarm;
using msg::evidence;
using msg::permission;

namespace {

slice digest(byte fill, std::size_t size = 32) { return slice(bytes(size, fill)); }

msg::name name_of(const char* overlay, byte fill) { return {overlay, digest(fill, 20)}; }

msg::name_record record(const char* overlay, byte fill, std::uint64_t size = 1000) {
  msg::name_record out;
  out.name = name_of(overlay, fill);
  out.size = size;
  out.evidence = evidence::hint;
  out.permission = permission::allowed;
  return out;
}

msg::hash_list sha256_list(byte fill, std::uint64_t unit, evidence e, std::uint64_t size = 1000) {
  msg::hash_list out;
  out.algorithm = msg::hash_algorithm::sha256;
  out.unit = unit;
  out.end = size;
  out.hashes = digest(fill, (size + unit - 1) / unit * 32);
  out.evidence = e;
  return out;
}

struct fixture {
  fresh_database fresh;
  std::unique_ptr<database> db = database::open(fresh.place()).value();
  std::unique_ptr<name_table> table = name_table::open(*db).value();

  std::vector<msg::name_record> all(const msg::name& name) { return table->names(name, 0).value(); }
  std::vector<msg::name> group(const msg::name& name) {
    std::vector<msg::name> out;
    const auto found = table->names(name, 0);
    if (!found) return out;
    for (const auto& r : *found) {
      if (r.evidence != evidence::refuted) out.push_back(r.name);
    }
    return out;
  }
  std::vector<msg::name> refuted(const msg::name& name) {
    std::vector<msg::name> out;
    for (const auto& r : all(name)) {
      if (r.evidence == evidence::refuted) out.push_back(r.name);
    }
    return out;
  }
};

using names = std::vector<msg::name>;
const auto torrent = record("bittorrent", 1);
const auto other_torrent = record("bittorrent", 2);
const auto donkey = record("ed2k", 3);
const auto other_donkey = record("ed2k", 4);

} // namespace

TEST_CASE_METHOD(fixture, "a name record comes back as it was stored") {
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

TEST_CASE_METHOD(fixture, "an empty content has a name and no hashes") {
  auto r = record("ed2k", 5, 0);
  r.hashes = {sha256_list(0, 500, evidence::structural, 0)};
  REQUIRE(table->learn(r));
  CHECK(table->find(r.name, 0)->hashes.empty());
  CHECK(table->find(r.name, 0)->size == 0);
}

TEST_CASE_METHOD(fixture, "several MiB of leaves are kept") {
  auto r = record("bittorrent", 9, std::uint64_t{2} << 30);
  r.hashes.push_back(sha256_list(0x5A, 16384, evidence::verified, r.size));
  r.metadata = digest(0x11, 3 << 20);
  REQUIRE(table->learn(r));
  CHECK(*table->find(r.name, 0) == r);
}

TEST_CASE_METHOD(fixture, "a link joins names as declared") {
  REQUIRE(table->learn(donkey));
  REQUIRE(table->link({torrent, donkey}));
  CHECK(group(donkey.name) == names{donkey.name, torrent.name});
  CHECK(group(torrent.name) == names{torrent.name, donkey.name});
  for (const auto& r : all(torrent.name)) CHECK(r.evidence == evidence::declared);
  REQUIRE(table->link({other_torrent, donkey}));
  CHECK(group(donkey.name).size() == 3);
}

TEST_CASE_METHOD(fixture, "equal content ids join by themselves") {
  auto v2 = torrent;
  v2.content_id = digest(0xC0);
  v2.evidence = evidence::structural;
  auto hashed = donkey;
  hashed.content_id = digest(0xC0);
  hashed.evidence = evidence::verified;
  REQUIRE(table->link({torrent, other_torrent}));
  REQUIRE(table->learn(hashed));
  REQUIRE(table->learn(v2));
  CHECK(group(other_torrent.name).size() == 3);
  const auto found = table->by_content(digest(0xC0), 0).value();
  REQUIRE(found.size() == 3);
  for (const auto& r : found) CHECK(r.content_id == digest(0xC0));
  CHECK(table->find(other_torrent.name, 0)->evidence == evidence::declared);
  CHECK(table->find(torrent.name, 0)->evidence == evidence::structural);
}

TEST_CASE_METHOD(fixture, "sizes and content ids that differ are a conflict") {
  auto longer = donkey;
  longer.size = 1001;
  CHECK(table->link({torrent, longer}).error().code == errc::conflict);
  CHECK(table->find(torrent.name, 0).error().code == errc::not_found); // all or nothing
  REQUIRE(table->learn(torrent));
  auto other = torrent;
  other.size = 1;
  CHECK(table->learn(other).error().code == errc::conflict);

  auto a = torrent, b = donkey;
  a.content_id = digest(1);
  b.content_id = digest(2);
  CHECK(table->link({a, b}).error().code == errc::conflict);

  // A size that is learned later is held against the names that were linked before.
  auto unsized = other_donkey;
  unsized.size = msg::unknown_size;
  REQUIRE(table->link({torrent, unsized}));
  unsized.size = 77;
  CHECK(table->learn(unsized).error().code == errc::conflict);
  unsized.size = 1000;
  CHECK(table->learn(unsized));
}

TEST_CASE_METHOD(fixture, "verification raises, and nothing weaker lowers it") {
  REQUIRE(table->link({torrent, donkey}));
  REQUIRE(table->verify({torrent.name, donkey.name}, digest(0xC1), 1000));
  for (const auto& r : all(torrent.name)) {
    CHECK(r.evidence == evidence::verified);
    CHECK(r.content_id == digest(0xC1));
  }
  REQUIRE(table->learn(torrent)); // a hint
  REQUIRE(table->link({torrent, donkey}));
  CHECK(table->find(torrent.name, 0)->evidence == evidence::verified);
  auto lie = torrent;
  lie.content_id = digest(0xC2);
  lie.evidence = evidence::quorum;
  CHECK(table->learn(lie).error().code == errc::conflict);
  CHECK(table->find(torrent.name, 0)->content_id == digest(0xC1));
  CHECK(table->verify({torrent.name}, digest(0xC2), 1000).error().code == errc::conflict);
  CHECK(table->verify({torrent.name}, digest(0xC1), 999).error().code == errc::conflict);
  CHECK(table->verify({other_torrent.name}, digest(0xC1), 1000).error().code == errc::not_found);
  CHECK(table->verify({torrent.name}, digest(0xC1, 31), 1000).error().code == errc::malformed);
}

TEST_CASE_METHOD(fixture, "proof moves a name out of a group it was only declared to be in") {
  auto claimed = torrent;
  claimed.content_id = digest(0xC1);
  claimed.evidence = evidence::declared;
  REQUIRE(table->link({claimed, donkey}));
  CHECK(table->find(donkey.name, 0)->content_id == digest(0xC1));
  REQUIRE(table->verify({donkey.name}, digest(0xC2), 1000));
  CHECK(group(donkey.name) == names{donkey.name});
  CHECK(group(torrent.name) == names{torrent.name});
  // The same by learning a proved record.
  auto proved = torrent;
  proved.content_id = digest(0xC2);
  proved.evidence = evidence::structural;
  REQUIRE(table->learn(proved));
  CHECK(group(torrent.name).size() == 2);
}

TEST_CASE_METHOD(fixture, "a refuted pair is parted, told, and never linked again") {
  REQUIRE(table->link({torrent, donkey}));
  REQUIRE(table->refute(torrent.name, donkey.name, 5));
  CHECK(group(torrent.name) == names{torrent.name});
  CHECK(group(donkey.name) == names{donkey.name});
  CHECK(refuted(torrent.name) == names{donkey.name});
  CHECK(refuted(donkey.name) == names{torrent.name});
  CHECK(table->is_refuted(donkey.name, torrent.name).value());
  CHECK(table->find(torrent.name, 0)->evidence == evidence::hint);
  CHECK(table->link({torrent, donkey}).error().code == errc::refuted);
  CHECK(table->link({donkey, torrent}).error().code == errc::refuted);
  // Nor through a third name.
  REQUIRE(table->link({torrent, other_donkey}));
  CHECK(table->link({donkey, other_donkey}).error().code == errc::refuted);
  CHECK(group(donkey.name) == names{donkey.name});
  CHECK(table->refute(torrent.name, torrent.name, 5).error().code == errc::malformed);
  CHECK(table->refute(name_of("x", 1), name_of("x", 2), 5).error().code == errc::not_found);
}

TEST_CASE_METHOD(fixture, "what was linked to a refuted name goes with it") {
  REQUIRE(table->link({torrent, other_torrent}));
  REQUIRE(table->link({donkey, other_donkey}));
  REQUIRE(table->link({torrent, donkey})); // the lie
  REQUIRE(group(torrent.name).size() == 4);
  REQUIRE(table->refute(donkey.name, torrent.name, 5));
  CHECK(group(torrent.name) == names{torrent.name, other_torrent.name});
  CHECK(group(donkey.name) == names{donkey.name, other_donkey.name});
}

TEST_CASE_METHOD(fixture, "the refuted name leaves, the proved ones keep their content") {
  REQUIRE(table->link({torrent, donkey, other_donkey}));
  REQUIRE(table->verify({torrent.name, other_donkey.name}, digest(0xC3), 1000));
  REQUIRE(table->refute(donkey.name, torrent.name, 5));
  CHECK(group(torrent.name) == names{torrent.name, other_donkey.name});
  CHECK(table->find(donkey.name, 0)->content_id.empty());
  CHECK(table->find(torrent.name, 0)->content_id == digest(0xC3));
  CHECK(table->refute(torrent.name, other_donkey.name, 5).error().code == errc::conflict);
  // Proof to the contrary ends a refutation.
  REQUIRE(table->verify({donkey.name}, digest(0xC3), 1000));
  CHECK(group(donkey.name).size() == 3);
  CHECK_FALSE(table->is_refuted(donkey.name, torrent.name).value());
}

TEST_CASE_METHOD(fixture, "a forbidden name forbids its content") {
  auto secret = torrent;
  secret.permission = permission::forbidden;
  REQUIRE(table->link({secret, donkey}));
  for (const auto& r : all(donkey.name)) CHECK(r.permission == permission::forbidden);
  REQUIRE(table->learn(torrent)); // says allowed
  CHECK(table->find(torrent.name, 0)->permission == permission::forbidden);
  CHECK(merge_permission(permission::unknown, permission::allowed) == permission::allowed);
}

TEST_CASE_METHOD(fixture, "proof data is merged, stronger over weaker") {
  auto r = torrent;
  r.size = msg::unknown_size;
  REQUIRE(table->learn(r));
  r.size = 1000;
  r.title = "first";
  r.hashes = {sha256_list(1, 500, evidence::declared)};
  REQUIRE(table->learn(r));
  r.title = "second";
  r.metadata = digest(9, 5);
  r.hashes = {sha256_list(2, 500, evidence::hint), sha256_list(3, 100, evidence::structural)};
  REQUIRE(table->learn(r));
  auto found = *table->find(torrent.name, 0);
  CHECK(found.size == 1000);
  CHECK(found.title == "first");
  CHECK(found.metadata == digest(9, 5));
  CHECK(found.hashes == std::vector{sha256_list(3, 100, evidence::structural),
                                    sha256_list(1, 500, evidence::declared)});
  r.hashes = {sha256_list(4, 500, evidence::verified)};
  REQUIRE(table->learn(r));
  found = *table->find(torrent.name, 0);
  CHECK(found.hashes[1] == sha256_list(4, 500, evidence::verified));
}

TEST_CASE_METHOD(fixture, "a record that brings the same list twice keeps the stronger") {
  auto r = torrent;
  r.hashes = {sha256_list(1, 100, evidence::declared), sha256_list(2, 100, evidence::structural),
              sha256_list(3, 100, evidence::hint), sha256_list(4, 50, evidence::hint)};
  REQUIRE(table->learn(r));
  const auto lists = table->find(r.name, 0).value().hashes;
  REQUIRE(lists.size() == 2);
  CHECK((lists[0].unit == 100 ? lists[0] : lists[1]) == sha256_list(2, 100, evidence::structural));
}

TEST_CASE_METHOD(fixture, "leases lapse, are told before, and are renewed") {
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

TEST_CASE_METHOD(fixture, "titles are searched by words, newest first") {
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

TEST_CASE_METHOD(fixture, "titles of a table that nobody searches are not indexed") {
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

TEST_CASE_METHOD(fixture, "names of several contents are read at once") {
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

TEST_CASE_METHOD(fixture, "records that cross a limit are refused") {
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

TEST_CASE_METHOD(fixture, "names of one content and refutations of one name are bounded") {
  std::vector<msg::name_record> all;
  for (std::size_t i = 0; i <= limits::names_per_content; ++i) {
    auto r = record("ed2k", 0);
    r.name.key = slice(bytes{static_cast<byte>(i), static_cast<byte>(i >> 8)});
    all.push_back(r);
  }
  CHECK(table->link({}).error().code == errc::malformed);
  CHECK(table->link(all).error().code == errc::too_large);
  all.pop_back();
  REQUIRE(table->link(all));
  CHECK(table->link({all[0], torrent}).error().code == errc::too_large);

  REQUIRE(table->learn(torrent));
  for (std::size_t i = 0; i <= limits::refuted_per_name; ++i) {
    const msg::name other{"x", slice(bytes{static_cast<byte>(i), 1})};
    REQUIRE(table->refute(torrent.name, other, static_cast<std::int64_t>(i)));
  }
  CHECK(refuted(torrent.name).size() == limits::refuted_per_name);
  CHECK_FALSE(table->is_refuted(torrent.name, {"x", slice(bytes{0, 1})}).value()); // the oldest
}

TEST_CASE_METHOD(fixture, "a lease is renewed and a title learned without losing proof data") {
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

TEST_CASE_METHOD(fixture, "a full name table takes no new names") {
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

TEST_CASE_METHOD(fixture, "two connections write one table in turn") {
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
