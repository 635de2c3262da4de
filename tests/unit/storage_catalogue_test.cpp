#include "storage/catalogue.hpp"
#include "storage/chunk.hpp"
#include "tests/catch.hpp"
#include "tests/fresh_database.hpp"

using namespace interswarm;

namespace {

slice id_of(byte n) { return slice(bytes(32, n)); }
bytes chunks_of(std::uint64_t size, byte n) { return bytes(chunk_count(size) * 32, n); }

msg::publication made(byte n, const std::string& tenant, const std::string& title) {
  msg::publication p;
  p.open = true;
  p.content_id = id_of(n);
  p.size = 5'000'000;
  p.tenant = tenant;
  p.title = title;
  p.media_type = "video/mp4";
  p.published_at = 1000;
  return p;
}

struct shelf {
  fresh_database fresh;
  std::unique_ptr<database> db = database::open(fresh.place()).value();
  catalogue books{*db};

  std::vector<slice> publish(const msg::publication& p) {
    return books.publish(p, chunks_of(p.size, p.content_id.data()[0])).value();
  }
  std::vector<std::string> titles(const msg::query& q, std::int64_t before = 0,
                                  std::size_t limit = 100) {
    std::vector<std::string> out;
    const auto found = books.list(q, before, limit, 2000).value();
    for (const auto& p : found) out.push_back(p.title);
    return out;
  }
};

msg::query words(const std::string& text) {
  msg::query q;
  q.words = text;
  return q;
}

using names = std::vector<std::string>;

} // namespace

TEST_CASE("catalogue: two publishers of equal bytes share one content") {
  shelf s;
  auto p = made(1, "alice", "A film");
  p.properties = {{"duration", "5400"}, {"tag", "old"}, {"tag", "black & white"}};
  CHECK(s.publish(p).empty());
  CHECK(s.publish(made(1, "bob", "The same film")).empty());
  const auto kept = s.books.find(id_of(1)).value();
  CHECK(kept.size == 5'000'000);
  CHECK(equal(kept.chunks, chunks_of(5'000'000, 1)));
  const auto both = s.books.publications(id_of(1), 2000).value();
  REQUIRE(both.size() == 2);
  p.id = both[0].id;
  CHECK(both[0] == p);
  CHECK(s.books.wanted({}, 10)->size() == 1);

  CHECK(s.books.withdraw(id_of(1), "carol", 200).error().code == errc::not_found);
  CHECK(s.books.withdraw(id_of(1), "alice", 200)->empty());
  CHECK(s.books.withdraw(id_of(1), "bob", 200).value() == std::vector{id_of(1)});
  CHECK(s.books.find(id_of(1)).error().code == errc::not_found);
  CHECK(s.books.wanted({}, 10)->empty());
}

TEST_CASE("catalogue: what a tenant uses is what it publishes now") {
  shelf s;
  CHECK(s.books.usage("alice", 2000)->bytes == 0);
  s.publish(made(1, "alice", "One"));
  auto lent = made(2, "alice", "Two");
  lent.expires = 3000;
  s.publish(lent);
  s.publish(made(1, "bob", "One"));
  CHECK(s.books.usage("alice", 2000)->bytes == 10'000'000);
  CHECK(s.books.usage("alice", 2000)->publications == 2);
  CHECK(s.books.usage("alice", 3000)->bytes == 5'000'000);
  CHECK(s.books.usage("bob", 2000)->publications == 1);
  s.publish(made(1, "bob", "One again"));
  CHECK(s.books.usage("bob", 2000)->bytes == 5'000'000);
  CHECK(s.books.expire(3000)->size() == 1);
  CHECK(s.books.usage("alice", 3000)->bytes == 5'000'000);
  CHECK(s.books.usage("alice", 3000)->publications == 1);
  CHECK(s.books.withdraw(id_of(1), "alice", 3000));
  CHECK(s.books.usage("alice", 3000)->publications == 0);
  CHECK(s.books.usage("bob", 3000)->publications == 1);
  auto next = made(4, "bob", "Nightly 1");
  next.series = "nightly";
  s.publish(next);
  next.content_id = id_of(5);
  s.publish(next);
  CHECK(s.books.usage("bob", 3000)->publications == 2);
}

TEST_CASE("catalogue: publishing again changes the properties and nothing else") {
  shelf s;
  s.publish(made(1, "alice", "A film"));
  auto again = made(1, "alice", "A better title");
  again.open = false;
  again.published_at = 1500;
  s.publish(again);
  const auto all = s.books.publications(id_of(1), 2000).value();
  REQUIRE(all.size() == 1);
  CHECK(all[0].title == "A better title");
  CHECK_FALSE(all[0].open);
  CHECK(s.titles(words("film")).empty());
  CHECK(s.titles(words("better")) == names{"A better title"});
}

TEST_CASE("catalogue: a new version takes the place of the old one") {
  shelf s;
  auto one = made(1, "alice", "Nightly 1");
  one.series = "nightly";
  auto other = made(2, "bob", "Bob's");
  other.series = "nightly";
  auto shared = made(1, "bob", "Bob has it too");
  s.publish(one);
  s.publish(other);
  s.publish(shared);
  auto two = made(3, "alice", "Nightly 2");
  two.series = "nightly";
  CHECK(s.publish(two).empty()); // bob still publishes the old bytes
  CHECK(s.titles(words("nightly")) == names{"Nightly 2"});
  auto three = made(4, "alice", "Nightly 3");
  three.series = "nightly";
  CHECK(s.publish(three) == std::vector{id_of(3)});
  CHECK(s.publish(three).empty());
  CHECK(s.titles({}).size() == 3);
}

TEST_CASE("catalogue: listings by words, type, tenant, property and right") {
  shelf s;
  auto film = made(1, "alice", "The Third Man");
  film.properties = {{"codec", "h264"}, {"tag", "vienna"}};
  auto song = made(2, "bob", "Third Man Theme");
  song.media_type = "audio/ogg";
  song.properties = {{"tag", "vienna"}, {"tag", "zither"}};
  auto secret = made(3, "bob", "Third draft");
  secret.open = false;
  for (const auto& p : {film, song, secret}) s.publish(p);
  CHECK(s.titles({}) == names{"Third draft", "Third Man Theme", "The Third Man"});
  CHECK(s.titles(words("third MAN")) == names{"Third Man Theme", "The Third Man"});
  CHECK(s.titles(words("man thir")) == names{"Third Man Theme", "The Third Man"});
  CHECK(s.titles(words("ird")).empty());
  CHECK(s.titles(words("!!")).empty());
  msg::query q;
  q.tenant = "bob";
  CHECK(s.titles(q) == names{"Third draft", "Third Man Theme"});
  q.open_only = true;
  CHECK(s.titles(q) == names{"Third Man Theme"});
  q = {};
  q.media_type = "video/";
  CHECK(s.titles(q) == names{"Third draft", "The Third Man"});
  q = {};
  q.property = {"tag", "vienna"};
  CHECK(s.titles(q) == names{"Third Man Theme", "The Third Man"});
  q.words = "theme";
  CHECK(s.titles(q) == names{"Third Man Theme"});
  q = {};
  q.property = {"tag", "vien"};
  CHECK(s.titles(q).empty());
  q.property = {"codec=h264", ""};
  CHECK(s.titles(q).empty());
}

TEST_CASE("catalogue: long properties are told apart behind what the index has of them") {
  shelf s;
  const std::string beginning(100, 'x');
  auto one = made(1, "alice", "one");
  one.properties = {{"key", beginning + "1"}};
  auto two = made(2, "alice", "two");
  two.properties = {{"key", beginning + "2"}};
  s.publish(one);
  s.publish(two);
  msg::query q;
  q.property = {"key", beginning + "2"};
  CHECK(s.titles(q) == names{"two"});
}

TEST_CASE("catalogue: what conditions ask for is all asked, however long") {
  shelf s;
  auto one = made(1, "a tenant; of several words", "one");
  one.media_type = "application/vnd.one";
  one.properties = {{"k", "\xC3\xA9t\xC3\xA9"}};
  auto two = made(2, "a tenant", "two");
  two.media_type = "application/vnd.two";
  two.open = false;
  for (const auto& p : {one, two}) s.publish(p);
  msg::query q;
  q.media_type = "application/vnd.t"; // longer than what the index has
  CHECK(s.titles(q) == names{"two"});
  q.media_type = "appl";
  CHECK(s.titles(q) == names{"two", "one"});
  q.tenant = "a tenant";
  CHECK(s.titles(q) == names{"two"});
  q.open_only = true;
  CHECK(s.titles(q).empty());
  q = {};
  q.tenant = "a tenant; of several words";
  q.property = {"k", "\xC3\xA9t\xC3\xA9"};
  q.words = "on";
  CHECK(s.titles(q) == names{"one"});
  // Nothing of a search is syntax.
  for (const auto* text : {"one OR two", "one NOT two", "\"one", "one*", "words:one", "-one", "("})
    CHECK(s.books.list(words(text), 0, 10, 2000));
  CHECK(s.titles(words("one OR two")).empty());
  CHECK(s.titles(words("one*")) == names{"one"});
  // The beginnings of other terms' tokens are no words.
  CHECK(s.titles(words("te")).empty());
  CHECK(s.titles(words("op")).empty());
  // Another right and another tenant are found as such.
  two.open = true;
  s.publish(two);
  q = {};
  q.open_only = true;
  CHECK(s.titles(q) == names{"two", "one"});
}

TEST_CASE("catalogue: many words and beginnings of each length") {
  shelf s;
  const std::string word = "abcdefghijklmnopqrstuvwxyz";
  for (byte n = 1; n <= 26; ++n) s.publish(made(n, "alice", "x " + word.substr(0, n)));
  for (std::size_t n = 1; n <= 26; ++n) {
    CHECK(s.titles(words("x " + word.substr(0, n))).size() == 27 - n);
    CHECK(s.titles(words(word.substr(0, n) + " x")).size() == 1);
  }
}

TEST_CASE("catalogue: a batch happens wholly or not at all") {
  shelf s;
  CHECK(s.db->batch([&]() -> result<void> {
    s.publish(made(1, "alice", "one"));
    // What fails in it has changed nothing, and the rest goes on.
    CHECK(s.books.publish(made(1, "bob", "other"), chunks_of(5'000'000, 9)).error().code ==
          errc::conflict);
    s.publish(made(2, "alice", "two"));
    return {};
  }));
  CHECK(s.titles({}) == names{"two", "one"});
  CHECK(s.db->batch([&]() -> result<void> {
              s.publish(made(3, "alice", "three"));
              CHECK(s.titles({}).size() == 3);
              return fail(errc::denied, "no");
            })
            .error()
            .code == errc::denied);
  CHECK(s.titles({}) == names{"two", "one"});
  CHECK(s.books.usage("alice", 2000)->publications == 2);
  s.publish(made(4, "alice", "four"));
  CHECK(s.titles({}).size() == 3);
}

TEST_CASE("catalogue: listings come in pages") {
  shelf s;
  for (byte n = 1; n <= 25; ++n) s.publish(made(n, "alice", "Film " + std::to_string(n)));
  std::int64_t before = 0;
  names all;
  for (int page = 0; page < 4; ++page) {
    const auto found = s.books.list(words("film"), before, 10, 2000).value();
    CHECK(found.size() == (page < 2 ? 10u : page == 2 ? 5u : 0u));
    for (const auto& p : found) all.push_back(p.title);
    if (!found.empty()) before = found.back().id;
  }
  REQUIRE(all.size() == 25);
  CHECK(all.front() == "Film 25");
  CHECK(all.back() == "Film 1");
  const auto first = s.books.wanted({}, 20).value();
  REQUIRE(first.size() == 20);
  const auto rest = s.books.wanted(first.back().content_id, 20).value();
  REQUIRE(rest.size() == 5);
  CHECK(rest.back().content_id == id_of(25));
}

TEST_CASE("catalogue: what has expired is gone") {
  shelf s;
  auto soon = made(1, "alice", "Soon over");
  soon.expires = 1500;
  auto later = made(2, "alice", "Later");
  later.expires = 3000;
  s.publish(soon);
  s.publish(later);
  s.publish(made(3, "alice", "For ever"));
  CHECK(s.titles({}) == names{"For ever", "Later"}); // at 2000
  CHECK(s.books.publications(id_of(1), 2000)->empty());
  CHECK(s.books.expire(1499)->empty());
  CHECK(s.books.expire(2000).value() == std::vector{id_of(1)});
  CHECK(s.books.expire(9999).value() == std::vector{id_of(2)});
  CHECK(s.books.expire(9999)->empty());
  CHECK(s.books.wanted({}, 10)->size() == 1);
}

TEST_CASE("catalogue: what does not fit is refused") {
  shelf s;
  const auto code = [&](const msg::publication& p) {
    return s.books.publish(p, chunks_of(p.size, 1)).error().code;
  };
  auto p = made(1, "alice", "x");
  CHECK(s.books.publish(p, bytes(32)).error().code == errc::malformed);
  p.content_id = slice(bytes(31));
  CHECK(code(p) == errc::malformed);
  p = made(1, "", "x");
  CHECK(code(p) == errc::malformed);
  p = made(1, "alice\n", "x");
  CHECK(code(p) == errc::malformed);
  p = made(1, "alice", std::string(limits::title_bytes + 1, 'x'));
  CHECK(code(p) == errc::too_large);
  p = made(1, "alice", "x");
  p.media_type = std::string(limits::media_type_bytes + 1, 'x');
  CHECK(code(p) == errc::too_large);
  p = made(1, "alice", "x");
  p.properties = {{"a=b", "c"}};
  CHECK(code(p) == errc::malformed);
  p.properties = {{"a", "b\nc"}};
  CHECK(code(p) == errc::malformed);
  p.properties = {{"a", std::string(limits::property_bytes, 'x')}};
  CHECK(code(p) == errc::too_large);
  p = made(1, "alice", "x");
  p.size = limits::kept_content_bytes + 1;
  CHECK(s.books.publish(p, {}).error().code == errc::too_large);
  CHECK(s.titles({}).empty());

  // Other chunks under a known id.
  s.publish(made(1, "alice", "x"));
  CHECK(s.books.publish(made(1, "bob", "y"), chunks_of(5'000'000, 9)).error().code ==
        errc::conflict);
  CHECK(s.titles({}) == names{"x"});

  catalogue small(*s.db, 1);
  CHECK(small.publish(made(2, "bob", "y"), chunks_of(5'000'000, 2)).error().code ==
        errc::too_large);
  CHECK(small.find(id_of(2)).error().code == errc::not_found); // wholly or not at all
  CHECK(small.publish(made(1, "alice", "z"), chunks_of(5'000'000, 1)));
}

TEST_CASE("catalogue: an empty content, and the next process") {
  const fresh_database fresh;
  {
    const auto db = database::open(fresh.place()).value();
    catalogue books(*db);
    auto p = made(1, "alice", "nothing");
    p.size = 0;
    REQUIRE(books.publish(p, {}));
    REQUIRE(books.publish(p, {}));
  }
  const auto db = database::open(fresh.place()).value();
  catalogue books(*db);
  CHECK(books.find(id_of(1))->chunks.empty());
  CHECK(books.publications(id_of(1), 2000)->size() == 1);
}
