#include "actors/overlays/ed2k/server_budget.hpp"
#include "actors/overlays/ed2k/server_index.hpp"
#include "actors/overlays/ed2k/server_wanted.hpp"
#include "schema/ed2k/limits.hpp"
#include "tests/catch.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <set>

using namespace interswarm;
using namespace interswarm::ed2k;

namespace {

file_key key(unsigned n, std::uint64_t size = 1000) {
  file_key out{{}, size};
  out.hash.fill(static_cast<byte>(n + 1));
  out.hash[15] = static_cast<byte>(n >> 8);
  return out;
}

party someone(std::uint32_t id) { return {{id}, 4662, {}, 0, false}; }

search_expression query(std::string words) {
  search_query q;
  q.words = std::move(words);
  return make_search(q).value();
}

offer of(const file_key& file, std::string_view name, bool complete = true) {
  return {file, name, "Video", complete, nullptr};
}

} // namespace

TEST_CASE("offers are found by hash and by word until their party leaves") {
  server_index index({});
  index.enter(5, someone(0x05050505));
  index.enter(6, someone(0x06060606));
  CHECK(index.enter_offer(5, of(key(1), "Big Film.avi")) == offer_outcome::taken);
  CHECK(index.enter_offer(5, of(key(1), "Big Film.avi")) == offer_outcome::known);
  CHECK(index.enter_offer(6, of(key(1), "big movie.avi", false)) == offer_outcome::taken);
  CHECK(index.counts(key(1)).complete == 1);
  CHECK(index.counts(key(1)).partial == 1);
  CHECK(index.search(query("film"), 10) == std::vector{key(1)});
  CHECK(index.search(query("movie big"), 10) == std::vector{key(1)});
  CHECK(index.search(query("big absent"), 10).empty());
  CHECK(index.enter_offer(6, of(key(1), "other name", true)) == offer_outcome::changed);
  CHECK(index.search(query("movie"), 10).empty());
  CHECK(index.counts(key(1)).complete == 2);
  CHECK(index.sources(key(1), 5, 10, false) == std::vector<party_id>{6});
  CHECK(index.find_file(key(1).hash) == key(1));
  index.leave(6);
  CHECK(index.search(query("other"), 10).empty());
  CHECK(index.consistent());
  index.leave(5);
  CHECK(index.file_count() == 0);
  CHECK(index.word_count() == 0);
  CHECK_FALSE(index.counts(key(1)).known);
  CHECK_FALSE(index.find_file(key(1).hash));
  CHECK(index.consistent());
}

TEST_CASE("our own peer is given to others and counted as nobody") {
  server_index index({});
  auto own = someone(0x01010101);
  own.own = true;
  index.enter(1, own);
  index.enter_offer(1, of(key(1), "x"));
  CHECK(index.counts(key(1)).known);
  CHECK(index.counts(key(1)).complete == 0);
  CHECK(index.sources(key(1), 9, 10, true) == std::vector<party_id>{1});
  CHECK(tag_integer(index.describe(key(1))->tags, tag_name::complete_sources) == 1);
  index.withdraw_offer(1, key(1));
  CHECK(index.file_count() == 0);
  CHECK(index.consistent());
}

TEST_CASE("sources take turns and low ids are left out for who cannot reach them") {
  server_index index({});
  for (party_id who = 10; who < 20; ++who) {
    index.enter(who, someone(who < 15 ? 0x05050500u + static_cast<std::uint32_t>(who)
                                      : static_cast<std::uint32_t>(who)));
    index.enter_offer(who, of(key(1), "x"));
  }
  std::set<party_id> seen;
  for (int i = 0; i < 5; ++i) {
    for (const auto who : index.sources(key(1), 0, 2, false)) seen.insert(who);
  }
  CHECK(seen.size() == 10);
  CHECK(index.sources(key(1), 0, 100, true).size() == 5);
  CHECK(index.sources(key(1), 12, 100, true).size() == 4);
}

TEST_CASE("a search result says name, size, type, sources and media") {
  server_index index({});
  index.enter(5, someone(0x05050505));
  const std::vector<tag> tags{tag(tag_name::bitrate, std::uint64_t{192}),
                              tag("Artist", std::string("Someone")), tag(0x15, std::uint64_t{999}),
                              tag(tag_name::artist, std::string(500, 'x'))};
  const auto big = key(1, 5'000'000'000);
  index.enter_offer(5, {big, "Song.mp3", "Audio", true, &tags});
  const auto found = index.describe(big);
  REQUIRE(found);
  CHECK(found->size() == 5'000'000'000);
  CHECK(found->name() == "Song.mp3");
  CHECK(found->type() == "Audio");
  CHECK(tag_integer(found->tags, tag_name::sources) == 1);
  CHECK(tag_integer(found->tags, tag_name::bitrate) == 192);
  CHECK(find_tag(found->tags, tag_name::artist) == nullptr); // too long to keep
  search_query q{.words = "song",
                 .type = "audio",
                 .format = "mp3",
                 .min_bytes = 4'999'999'999,
                 .max_bytes = 5'000'000'001};
  CHECK(index.search(make_search(q).value(), 10).size() == 1);
  q.max_bytes = 4'999'999'999;
  CHECK(index.search(make_search(q).value(), 10).empty());
  CHECK_FALSE(index.describe(key(2)));
}

TEST_CASE("limits of the index hold") {
  server_index index({.max_files = 10, .max_offers = 15, .max_files_per_party = 8});
  for (party_id who = 1; who < 5; ++who) index.enter(who, someone(0x05050505));
  for (unsigned n = 0; n < 8; ++n)
    CHECK(index.enter_offer(1, of(key(n), "x")) == offer_outcome::taken);
  CHECK(index.enter_offer(1, of(key(8), "x")) == offer_outcome::party_full);
  CHECK(index.enter_offer(2, of(key(8), "x")) == offer_outcome::taken);
  CHECK(index.enter_offer(2, of(key(9), "x")) == offer_outcome::taken);
  CHECK(index.enter_offer(2, of(key(10), "x")) == offer_outcome::index_full); // files
  for (unsigned n = 0; n < 5; ++n)
    CHECK(index.enter_offer(3, of(key(n), "x")) == offer_outcome::taken);
  CHECK(index.enter_offer(3, of(key(5), "x")) == offer_outcome::index_full); // offers
  CHECK(index.enter_offer(99, of(key(1), "x")) == offer_outcome::refused);
  CHECK(index.enter_offer(4, of(key(1, limits::max_file_bytes + 1), "x")) ==
        offer_outcome::refused);
  CHECK(index.enter_offer(4, of({{}, 5}, "x")) == offer_outcome::refused);
  CHECK(index.enter_offer(4, of(key(1), "")) == offer_outcome::refused);
  CHECK(index.consistent());

  server_index many({});
  many.enter(1, someone(0x05050505));
  for (std::size_t n = 0; n < limits::max_sizes_per_hash; ++n) {
    CHECK(many.enter_offer(1, of(key(1, n + 1), "x")) == offer_outcome::taken);
  }
  CHECK(many.enter_offer(1, of(key(1, 100), "x")) == offer_outcome::refused);
  const auto long_name = std::string(limits::max_indexed_name_bytes + 1, 'y');
  CHECK(many.enter_offer(1, of(key(2), long_name)) == offer_outcome::taken);
  CHECK(many.enter_offer(1, of(key(2), long_name)) == offer_outcome::known);
  CHECK(many.describe(key(2))->name().size() == limits::max_indexed_name_bytes);
  for (party_id who = 10; who < 10 + limits::max_sources_per_file + 1; ++who) {
    many.enter(who, someone(0x05050505));
    const auto outcome = many.enter_offer(who, of(key(3), "n" + std::to_string(who)));
    CHECK(outcome == (who < 10 + limits::max_sources_per_file ? offer_outcome::taken
                                                              : offer_outcome::index_full));
  }
  CHECK(many.search(query("n10"), 10).size() == 1);
  CHECK(many.search(query("n14"), 10).empty()); // a fifth name is not kept
  CHECK(many.consistent());
}

TEST_CASE("a search looks at a bounded number of files and gives a bounded number of results") {
  server_index index({.max_files_per_party = 100'000});
  index.enter(1, someone(0x05050505));
  for (unsigned n = 0; n < limits::max_search_work + 50; ++n) {
    file_key file{{}, 1};
    file.hash[0] = 1;
    std::memcpy(&file.hash[1], &n, sizeof n);
    index.enter_offer(1, of(file, n < limits::max_search_work ? "common" : "common last"));
  }
  CHECK(index.search(query("common"), 1'000'000).size() == limits::max_search_results);
  // The rare word leads the way, so the bound is not met.
  CHECK(index.search(query("common last"), 100).size() == 50);
  // A search that binds no word sees the bounded part only.
  search_expression size_only;
  size_only.nodes.emplace_back();
  size_only.nodes[0].kind = search_node::kind_t::number;
  size_only.nodes[0].tag_id = tag_name::size;
  size_only.nodes[0].number = 1;
  CHECK(index.search(size_only, 10).size() == 10);
}

TEST_CASE("the index agrees with a plain model under random offers") {
  const auto seed = Catch::rngSeed();
  INFO("repeat with --rng-seed " << seed);
  std::mt19937 random(seed);
  const auto pick = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  const std::vector<std::string> names{
      "alpha beta.avi", "beta gamma", "Gamma DELTA.mp3", "delta", "alpha", "épée delta", "x y z"};
  struct held {
    std::string name;
    bool complete;
  };
  std::map<party_id, std::map<unsigned, held>> model;
  server_index index({.max_files = 1000, .max_offers = 100000, .max_files_per_party = 6});
  party_id next = 1;
  for (int step = 0; step < 6000; ++step) {
    const auto action = pick(20);
    if (model.empty() || action == 0) {
      index.enter(next, someone(0x05050505));
      model[next++];
    } else if (action == 1) {
      const auto who = std::next(model.begin(), pick(static_cast<unsigned>(model.size())))->first;
      index.leave(who);
      model.erase(who);
    } else {
      auto& [who, files] = *std::next(model.begin(), pick(static_cast<unsigned>(model.size())));
      const auto n = pick(12);
      if (action < 5) {
        index.withdraw_offer(who, key(n));
        files.erase(n);
      } else {
        const held h{names[pick(static_cast<unsigned>(names.size()))], pick(2) == 0};
        const bool fits = files.contains(n) || files.size() < 6;
        const auto outcome = index.enter_offer(who, of(key(n), h.name, h.complete));
        CHECK((outcome == offer_outcome::party_full) == !fits);
        if (fits) files[n] = h;
      }
    }
    if (step % 50 != 0) continue;
    REQUIRE(index.consistent());
    for (unsigned n = 0; n < 12; ++n) {
      std::set<party_id> having;
      std::set<std::string> held_names;
      std::uint32_t complete = 0;
      for (const auto& [who, files] : model) {
        if (!files.contains(n)) continue;
        having.insert(who);
        held_names.insert(files.at(n).name);
        complete += files.at(n).complete ? 1 : 0;
      }
      const auto found = index.sources(key(n), 0, 1000, false);
      REQUIRE(std::set<party_id>(found.begin(), found.end()) == having);
      REQUIRE(index.counts(key(n)).complete == complete);
      REQUIRE(index.describe(key(n)).has_value() == !having.empty());
      const auto hits = index.search(query("alpha"), 100);
      const bool hit = std::find(hits.begin(), hits.end(), key(n)) != hits.end();
      const bool any = held_names.contains("alpha") || held_names.contains("alpha beta.avi");
      // Beyond the names kept of a file a word may be missing, but none is invented.
      if (held_names.size() <= 1) REQUIRE(hit == any);
    }
  }
  while (!model.empty()) {
    index.leave(model.begin()->first);
    model.erase(model.begin());
  }
  CHECK(index.file_count() == 0);
  CHECK(index.offer_count() == 0);
  CHECK(index.word_count() == 0);
}

TEST_CASE("a sought name is told at once, then again while it lasts, never within five seconds") {
  using namespace std::chrono_literals;
  server_wanted wanted;
  instant now = 1h;
  CHECK(wanted.ask(key(1), 7, now));
  CHECK_FALSE(wanted.ask(key(1), 8, now + 4999ms));
  CHECK(wanted.ask(key(1), 8, now + 5s));
  CHECK(wanted.seekers(key(1)) == 2);
  CHECK(wanted.due(now + 9999ms).empty());
  CHECK(wanted.due(now + 10s) == std::vector{key(1)});
  CHECK(wanted.due(now + 19s).empty());
  CHECK(wanted.due(now + 20s) == std::vector{key(1)});
  wanted.satisfy(key(1), 7);
  CHECK(wanted.seekers(key(1)) == 1);
  wanted.leave(8);
  CHECK_FALSE(wanted.known(key(1)));
  CHECK(wanted.due(now + 40s).empty());
  // Asked anew before the old repetition came up: one repetition, not two.
  CHECK(wanted.ask(key(2), 7, now));
  wanted.leave(7);
  CHECK(wanted.ask(key(2), 7, now + 6s));
  CHECK(wanted.due(now + 10s).empty());
  CHECK(wanted.due(now + 16s).size() == 1);
  CHECK(wanted.due(now + 2h).empty()); // the seeker did not ask again in time
  CHECK(wanted.size() == 0);
}

TEST_CASE("the table of sought names is bounded") {
  using namespace std::chrono_literals;
  server_wanted wanted;
  const auto nth = [](std::uint64_t n) {
    file_key out{{}, n};
    out.hash[0] = 1;
    return out;
  };
  for (std::uint64_t n = 0; n <= limits::max_wanted_names; ++n) wanted.ask(nth(n), n % 100, 1s);
  CHECK(wanted.size() == limits::max_wanted_names);
  CHECK_FALSE(wanted.known(nth(0)));
  CHECK(wanted.known(nth(1)));
  for (seeker_id who = 1000; who < 1000 + 2 * limits::max_seekers_per_name; ++who)
    wanted.ask(nth(1), who, 2s);
  CHECK(wanted.seekers(nth(1)) == limits::max_seekers_per_name);
  CHECK(wanted.due(1h).size() <= limits::max_demands_per_round);
}

TEST_CASE("a budget refills with time and forgets the least used key") {
  using namespace std::chrono_literals;
  token_bucket bucket(10, 2);
  CHECK(bucket.take(10, 1s));
  CHECK_FALSE(bucket.take(1, 1s));
  CHECK_FALSE(bucket.take(1, 1499ms));
  CHECK(bucket.take(1, 1500ms));
  CHECK(bucket.take(10, 1h));
  CHECK_FALSE(bucket.take(1, 1h));
  keyed_budget<int> keyed(2, 1, 0);
  CHECK(keyed.take(1, 1, 1s));
  CHECK_FALSE(keyed.take(1, 1, 1s));
  CHECK(keyed.take(2, 1, 1s));
  CHECK(keyed.take(3, 1, 1s)); // forgets 1
  CHECK(keyed.size() == 2);
  CHECK(keyed.take(1, 1, 1s));
}
