#include "tests/unit/name_table_fixture.hpp"

using namespace interswarm;
using namespace interswarm::name_testing;

TEST_CASE_METHOD(name_fixture, "a link joins names as declared") {
  REQUIRE(table->learn(donkey));
  REQUIRE(table->link({torrent, donkey}));
  CHECK(group(donkey.name) == names{donkey.name, torrent.name});
  CHECK(group(torrent.name) == names{torrent.name, donkey.name});
  for (const auto& r : all(torrent.name)) CHECK(r.evidence == evidence::declared);
  REQUIRE(table->link({other_torrent, donkey}));
  CHECK(group(donkey.name).size() == 3);
}

TEST_CASE_METHOD(name_fixture, "equal content ids join by themselves") {
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

TEST_CASE_METHOD(name_fixture, "sizes and content ids that differ are a conflict") {
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

TEST_CASE_METHOD(name_fixture, "verification raises, and nothing weaker lowers it") {
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

TEST_CASE_METHOD(name_fixture, "proof moves a name out of a group it was only declared to be in") {
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

TEST_CASE_METHOD(name_fixture, "a refuted pair is parted, told, and never linked again") {
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

TEST_CASE_METHOD(name_fixture, "what was linked to a refuted name goes with it") {
  REQUIRE(table->link({torrent, other_torrent}));
  REQUIRE(table->link({donkey, other_donkey}));
  REQUIRE(table->link({torrent, donkey})); // the lie
  REQUIRE(group(torrent.name).size() == 4);
  REQUIRE(table->refute(donkey.name, torrent.name, 5));
  CHECK(group(torrent.name) == names{torrent.name, other_torrent.name});
  CHECK(group(donkey.name) == names{donkey.name, other_donkey.name});
}

TEST_CASE_METHOD(name_fixture, "the refuted name leaves, the proved ones keep their content") {
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

TEST_CASE_METHOD(name_fixture, "a forbidden name forbids its content") {
  auto secret = torrent;
  secret.permission = permission::forbidden;
  REQUIRE(table->link({secret, donkey}));
  for (const auto& r : all(donkey.name)) CHECK(r.permission == permission::forbidden);
  REQUIRE(table->learn(torrent)); // says allowed
  CHECK(table->find(torrent.name, 0)->permission == permission::forbidden);
  CHECK(merge_permission(permission::unknown, permission::allowed) == permission::allowed);
}

TEST_CASE_METHOD(name_fixture, "proof data is merged, stronger over weaker") {
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

TEST_CASE_METHOD(name_fixture, "a record that brings the same list twice keeps the stronger") {
  auto r = torrent;
  r.hashes = {sha256_list(1, 100, evidence::declared), sha256_list(2, 100, evidence::structural),
              sha256_list(3, 100, evidence::hint), sha256_list(4, 50, evidence::hint)};
  REQUIRE(table->learn(r));
  const auto lists = table->find(r.name, 0).value().hashes;
  REQUIRE(lists.size() == 2);
  CHECK((lists[0].unit == 100 ? lists[0] : lists[1]) == sha256_list(2, 100, evidence::structural));
}

TEST_CASE_METHOD(name_fixture, "names of one content and refutations of one name are bounded") {
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
