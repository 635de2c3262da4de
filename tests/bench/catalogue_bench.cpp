// Look-ups, searches and publishing in a catalogue of any size, beside plain SQLite.
//
//   catalogue_bench PLACE [CONTENTS] [ROUNDS] [PUBLICATIONS]      default: 10 1000 1000
//                                                                PLACE as for database::open
//
// A catalogue with fewer contents is filled first. Each content has a v1 torrent, a v2 torrent and
// an ed2k link with an AICH root, which with the content id are five names of it. Contents have up
// to 16 KiB, whose proof data is one digest of each kind. Titles have 3 to 9 words, the word of
// rank r with a frequency of 1/r. Of a file, the same is asked through SQLite's own interface, and
// titles of an FTS5 table that is made beside it (PLACE.peer).
#include "schema/base/encoding.hpp"
#include "storage/catalogue.hpp"
#include "storage/name_table.hpp"
#include "storage/postgresql_target.hpp"
#include "tests/bench/catalogue_contents.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <numeric>
#include <time.h>

using namespace interswarm;
using namespace interswarm::bench;
using steady = std::chrono::steady_clock;

namespace {

constexpr std::int64_t some_day = 1'700'000'000;

struct shelf {
  std::unique_ptr<database> db;
  std::unique_ptr<catalogue> contents;
  std::unique_ptr<name_table> names;

  std::uint64_t count() {
    std::uint64_t out = 0;
    for (unsigned t = 0; t < tenants; ++t)
      out += must(contents->usage("tenant-" + std::to_string(t), some_day)).publications;
    return out;
  }
  /// As the catalogue's desk enters a publication; records are taken as verified, which makes the
  /// same rows.
  result<void> enter(const generated& g) {
    for (const auto& r : g.records)
      if (auto ok = names->learn(r); !ok) return ok;
    if (auto ok = contents->publish(g.what, g.chunks); !ok) return tl::unexpected(ok.error());
    return {};
  }
};

void fill(shelf& s, const std::string& place, std::uint64_t wanted) {
  constexpr std::uint64_t a_batch = 1000, few = 1000;
  auto n = s.count();
  if (!is_postgresql(place) && wanted > n + few) return fill_file(place, n, wanted);
  while (n < wanted) {
    const auto end = std::min(wanted, n + a_batch);
    must(s.db->batch([&]() -> result<void> {
      for (; n < end; ++n)
        if (auto ok = s.enter(content(n)); !ok) return ok;
      return {};
    }));
  }
}

/// What this thread had of a core: on a shared machine others' turns are in the time beside it.
double thread_ms() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
}

void measure(const std::string& what, unsigned rounds,
             const std::function<std::size_t(std::uint64_t)>& f) {
  std::vector<double> ms, cpu_ms;
  std::size_t rows = 0;
  numbers from(rounds);
  // What one does first warms the caches that it will find in use.
  for (unsigned i = 0; i < rounds / 10; ++i) f(from.next());
  for (unsigned i = 0; i < rounds; ++i) {
    const auto n = from.next();
    const auto begin = steady::now();
    const auto cpu_begin = thread_ms();
    rows += f(n);
    cpu_ms.push_back(thread_ms() - cpu_begin);
    ms.push_back(std::chrono::duration<double, std::milli>(steady::now() - begin).count());
  }
  std::sort(ms.begin(), ms.end());
  std::sort(cpu_ms.begin(), cpu_ms.end());
  const auto sum = std::accumulate(ms.begin(), ms.end(), 0.0);
  std::printf(
      "%-44s p50 %7.3f  p99 %7.3f  max %7.3f ms, of a core p99 %7.3f ms %8.0f /s %5.1f rows\n",
      what.c_str(), ms[ms.size() / 2], ms[ms.size() * 99 / 100], ms.back(),
      cpu_ms[cpu_ms.size() * 99 / 100], 1000.0 * rounds / sum, static_cast<double>(rows) / rounds);
  std::fflush(stdout);
}

void measure_ours(shelf& s, std::uint64_t count, unsigned rounds) {
  const auto now = some_day;
  measure("look-up: content id", rounds, [&](auto n) {
    return must(s.contents->find(content(n % count).what.content_id)).chunks.empty() ? 0U : 1U;
  });
  const char* const overlays[] = {"v1 info-hash", "v2 info-hash", "ed2k hash"};
  for (std::size_t i = 0; i < 3; ++i)
    measure(std::string("look-up: ") + overlays[i] + ", all names", rounds, [&](auto n) {
      return must(s.names->names(content(n % count).records[i].name, now)).size();
    });
  measure("look-up: a name that is not there", rounds, [&](auto n) {
    return s.names->find(content((n >> 8) + (std::uint64_t{1} << 60)).records[0].name, now) ? 1U
                                                                                            : 0U;
  });
  const auto ask = [&](const std::string& what, const std::function<msg::query(numbers&)>& make,
                       double before = 0) {
    const auto page = static_cast<std::int64_t>(before * static_cast<double>(count));
    measure("search: " + what, rounds, [&](auto n) {
      numbers from(n);
      return must(s.contents->list(make(from), page, 20, now)).size();
    });
  };
  const auto words = [](std::string text) {
    msg::query q;
    q.words = std::move(text);
    return q;
  };
  const auto ranked = [](numbers& from, std::uint64_t low, std::uint64_t high) {
    return word(low + from.next() % (high - low));
  };
  ask("newest", [&](auto&) { return msg::query{}; });
  ask("a rare word", [&](auto& r) { return words(ranked(r, 50'000, vocabulary)); });
  ask("a common word", [&](auto& r) { return words(ranked(r, 1, 10)); });
  ask(
      "a common word, deep page", [&](auto& r) { return words(ranked(r, 1, 10)); }, 0.1);
  ask("any title word", [&](auto& r) {
    return words(word(static_cast<std::uint64_t>(std::pow(vocabulary, r.unit()))));
  });
  ask("two common words",
      [&](auto& r) { return words(ranked(r, 1, 10) + " " + ranked(r, 10, 30)); });
  ask("a common and a rare word",
      [&](auto& r) { return words(ranked(r, 1, 10) + " " + ranked(r, 50'000, vocabulary)); });
  ask("three words of one title", [&](auto& r) {
    auto title = content(r.next() % count).what.title;
    return words(title.substr(0, title.find(' ', title.find(' ', title.find(' ') + 1) + 1)));
  });
  for (std::size_t letters = 1; letters <= 3; ++letters)
    ask("a beginning of " + std::to_string(letters),
        [&, letters](auto& r) { return words(ranked(r, 1, vocabulary).substr(0, letters)); });
  ask("a word and a beginning", [&](auto& r) {
    return words(ranked(r, 1, 10) + " " + ranked(r, 1, vocabulary).substr(0, 2));
  });
  const auto with = [&](auto set) {
    msg::query q;
    set(q);
    return q;
  };
  ask("a rare property", [&](auto& r) {
    return with([&](auto& q) { q.property = {"duration", std::to_string(r.next() % 10'000)}; });
  });
  ask("a common property", [&](auto&) {
    return with([](auto& q) { q.property = {"codec", "h264"}; });
  });
  ask(
      "a common property, deep page",
      [&](auto&) { return with([](auto& q) {
                     q.property = {"codec", "h264"};
                   }); }, 0.1);
  const auto tenant = [](numbers& r) { return "tenant-" + std::to_string(r.next() % tenants); };
  ask("a tenant", [&](auto& r) { return with([&](auto& q) { q.tenant = tenant(r); }); });
  ask("a tenant, open, a common word", [&](auto& r) {
    return with([&](auto& q) {
      q.words = ranked(r, 1, 10);
      q.tenant = tenant(r);
      q.open_only = true;
    });
  });
  ask("a type's beginning, open", [&](auto&) {
    return with([](auto& q) {
      q.media_type = "audio/";
      q.open_only = true;
    });
  });
  ask("a type and a property that never meet", [&](auto&) {
    return with([](auto& q) {
      q.media_type = "audio/";
      q.property = {"codec", "h264"};
    });
  });
  measure("search: names by a common word", rounds,
          [&](auto n) { return must(s.names->search(word(1 + n % 9), 20, now)).size(); });
  measure("a tenant's use", rounds, [&](auto n) {
    return must(s.contents->usage("tenant-" + std::to_string(n % tenants), now)).publications > 0
               ? 1U
               : 0U;
  });
}

void measure_publishing(shelf& s, std::uint64_t count, unsigned rounds) {
  auto n = count;
  measure("publish with all names, each on the disk", rounds, [&](auto) {
    const auto g = content(n++);
    must(s.db->batch([&] { return s.enter(g); }));
    return 1U;
  });
}

void measure_plain(const std::string& place, std::uint64_t count, unsigned rounds) {
  plain db(place);
  db.run("attach '" + place + ".peer' as peer");
  db.run("drop table if exists peer.titles");
  db.run("create virtual table peer.titles using fts5 (title, content = '', detail = none, "
         "columnsize = 0)");
  db.run("insert into peer.titles (rowid, title) select id, title from publications");
  const auto ask = [&](const std::string& what, const std::string& sql, auto value) {
    measure("plain " + what, rounds, [&](auto n) { return db.rows(sql, {text(value(n))}); });
  };
  ask("SQLite: content id", "select size, chunks from contents where content_id = ?",
      [&](auto n) { return to_hex(content(n % count).what.content_id); });
  ask("SQLite: v1 info-hash, its row",
      "select * from names where overlay = 'bittorrent' and name_key = ?",
      [&](auto n) { return to_hex(content(n % count).records[0].name.key); });
  const std::string search =
      "select p.* from peer.titles t cross join publications p where t.titles match ? and p.id = "
      "t.rowid order by t.rowid desc limit 20";
  ask("FTS5: a rare word", search, [](auto n) { return word(50'000 + n % (vocabulary - 50'000)); });
  ask("FTS5: a common word", search, [](auto n) { return word(1 + n % 9); });
  ask("FTS5: two common words", search,
      [](auto n) { return word(1 + n % 9) + " " + word(10 + (n >> 20) % 20); });
  rounds = std::min(rounds, 100U);
  ask("FTS5: a common word's beginning", search,
      [](auto n) { return word(1 + n % 9).substr(0, 3) + "*"; });
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::string place = argv[1];
  const auto wanted = static_cast<std::uint64_t>(argc > 2 ? std::atoll(argv[2]) : 10);
  const auto number = [&](int at) {
    return static_cast<unsigned>(std::max(1, argc > at ? std::atoi(argv[at]) : 1000));
  };
  const auto rounds = number(3), publications = number(4);
  shelf s;
  s.db = must(database::open(place));
  s.contents = std::make_unique<catalogue>(*s.db);
  s.names = must(name_table::open(*s.db, limits::published_names));
  fill(s, place, wanted);
  const auto count = s.count();
  std::printf("%llu contents, %llu names with the content ids and AICH roots\n",
              static_cast<unsigned long long>(count), static_cast<unsigned long long>(5 * count));
  measure_ours(s, count, rounds);
  if (!is_postgresql(place)) measure_plain(place, count, rounds);
  // As the catalogue's desk has it, see there.
  s.names = must(name_table::open(*s.db, limits::published_names, name_table::titles::unindexed));
  measure_publishing(s, count, publications);
  return 0;
}
