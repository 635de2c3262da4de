// Publishes and look-ups a second of one connection.
//   database_bench PLACE [ROWS]      PLACE as for database::open, an empty one
#include "storage/catalogue.hpp"
#include "storage/chunk.hpp"
#include "storage/ledger.hpp"
#include "storage/name_table.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>

using namespace interswarm;

namespace {

slice key_of(unsigned n) {
  bytes out(32, 0);
  for (std::size_t i = 0; i < 4; ++i) out[i] = static_cast<byte>((n * 2654435761U) >> (8 * i));
  return slice(std::move(out));
}

template <class F>
void measure(const char* what, unsigned count, F f) {
  const auto begin = std::chrono::steady_clock::now();
  for (unsigned n = 0; n < count; ++n) {
    if (auto ok = f(n); !ok) {
      std::fprintf(stderr, "%s\n", to_string(ok.error()).c_str());
      std::exit(1);
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%-12s %9.0f /s\n", what, count / took.count());
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const auto rows = static_cast<unsigned>(argc > 2 ? std::atoi(argv[2]) : 3000);
  auto opened = database::open(argv[1]);
  if (!opened) {
    std::fprintf(stderr, "%s\n", to_string(opened.error()).c_str());
    return 1;
  }
  catalogue books(**opened);
  const auto names = name_table::open(**opened).value();
  ledger book(**opened);
  measure("publish", rows, [&](unsigned n) {
    msg::publication p;
    p.open = true;
    p.content_id = key_of(n);
    p.size = 50'000'000;
    p.tenant = "tenant " + std::to_string(n % 10);
    p.title = "A film of number " + std::to_string(n);
    p.media_type = "video/mp4";
    p.properties = {{"codec", "h264"}, {"duration", "5400"}};
    p.published_at = 1000;
    return books.publish(p, bytes(chunk_count(p.size) * 32, 1));
  });
  measure("find", rows, [&](unsigned n) { return books.find(key_of(n)); });
  measure("list", rows / 10, [&](unsigned n) {
    msg::query q;
    q.words = "film " + std::to_string(n);
    return books.list(q, 0, 20, 2000);
  });
  const auto record_of = [&](const char* overlay, unsigned n) {
    msg::name_record r;
    r.name = {overlay, key_of(n)};
    r.size = 50'000'000;
    r.evidence = msg::evidence::declared;
    r.title = "A film of number " + std::to_string(n);
    return r;
  };
  measure("link", rows, [&](unsigned n) {
    return names->link({record_of("one", n), record_of("two", n)});
  });
  measure("names", rows, [&](unsigned n) { return names->names(record_of("two", n).name, 0); });
  measure("record", rows, [&](unsigned n) {
    msg::ledger_entry e;
    e.receipt = slice::copy_of(key_of(n).view().subspan(0, 16));
    e.content_name = record_of("one", n).name;
    e.bytes = n;
    return book.record(e);
  });
}
