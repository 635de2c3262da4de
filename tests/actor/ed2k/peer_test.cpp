#include "tests/actor/ed2k/bad_uploader.hpp"

#include <thread>

using namespace interswarm;
using namespace interswarm::ed2k;

TEST_CASE("ed2k peer: a fetch takes a served file byte for byte") {
  const bool with_hash_set = GENERATE(true, false);
  const unsigned mask = GENERATE(0xFFu, 0x03u); // random, and compressible
  INFO("hash set known " << with_hash_set << " mask " << mask);
  peer_world w;
  auto& one = w.new_loop("one");
  auto& two = w.new_loop("two");
  const auto size = 2 * part_bytes + 3 * block_bytes + 777;
  const test_file file(size, of_bytes(random_bytes(size, 5, mask)));
  const auto up = w.new_peer(one);
  const auto down = w.new_peer(two);
  const auto counters = std::make_shared<source_counters>();
  const auto serving = w.serve(up, file.record(with_hash_set), w.source(one, file, counters));
  CHECK(counters->read_bytes == 0); // nothing before a client asks
  const auto source = w.fetch(down, file.record(false), {w.address_of(up)}, two);
  CHECK(w.compare(source, file) == "");
  CHECK(counters->read_bytes <= size * (with_hash_set ? 1 : 2));

  const auto status = ask<msg::serving_status_result>(w.system, serving, msg::serving_status{});
  REQUIRE(status);
  CHECK(status->status.clients == 1);
  CHECK(status->status.bytes_sent == size);

  // All parts get hashed, and the hash set that came is proof data now.
  CHECK(eventually([&] {
    const auto info = ask<msg::source_info_result>(w.system, source, msg::source_info{});
    return info && info->info.held_bytes == size;
  }));
  const auto info = ask<msg::source_info_result>(w.system, source, msg::source_info{});
  CHECK(info->info.size == size);
  CHECK(info->info.record.title == "test.bin");
  REQUIRE(info->info.record.hashes.size() == 1);
  CHECK(info->info.record.hashes[0].evidence == msg::evidence::structural);
  const auto genuine = ask<msg::source_genuine_result>(
      w.system, source, msg::source_genuine{{part_bytes, part_bytes + 1}, 1000});
  REQUIRE(genuine);
  CHECK(genuine->verdict == msg::verdict::good);
  CHECK(genuine->range == msg::range{part_bytes, 2 * part_bytes});
}

TEST_CASE("ed2k peer: small files and files of whole parts") {
  const std::uint64_t size =
      GENERATE(std::uint64_t{1}, std::uint64_t{16'385}, part_bytes - 1, part_bytes, 2 * part_bytes);
  INFO("size " << size);
  peer_world w;
  auto& one = w.new_loop("one");
  const test_file file(size, of_bytes(random_bytes(size, 6)));
  const auto up = w.new_peer(one);
  const auto down = w.new_peer(one);
  const auto serving = w.serve(up, file.record(false), w.source(one, file));
  const auto source = w.fetch(down, file.record(false), {w.address_of(up)}, one);
  CHECK(w.compare(source, file) == "");
}

TEST_CASE("ed2k peer: ranges behind 4 GiB of a sparse file, read in any order") {
  peer_world w;
  auto& one = w.new_loop("one");
  const std::uint64_t size = 5ull * 1024 * 1024 * 1024 + 12'345;
  const test_file file(
      size, [](byte_range r) { return bytes(r.size()); }, true);
  const auto up = w.new_peer(one);
  const auto down = w.new_peer(one, [](peer_options& o) { o.read_ahead_bytes = 1u << 20; });
  const auto counters = std::make_shared<source_counters>();
  const auto serving = w.serve(up, file.record(true), w.source(one, file, counters));
  const auto source = w.fetch(down, file.record(false), {w.address_of(up)}, one);
  const std::uint64_t four_gib = 1ull << 32;
  for (const std::uint64_t at :
       {size - 1, std::uint64_t{0}, four_gib - 5, four_gib + 700'000, size - 12'345}) {
    const byte_range r{at, std::min(size, at + 100)};
    const auto got = w.read(source, r);
    REQUIRE(got);
    CHECK(*got == bytes(r.size()));
  }
  CHECK(counters->read_bytes < 20 * part_bytes);
}

TEST_CASE("ed2k peer: several sources at once, one of which goes away") {
  peer_world w;
  auto& one = w.new_loop("one");
  auto& two = w.new_loop("two");
  const auto size = 4 * part_bytes + 5;
  const test_file file(size, of_bytes(random_bytes(size, 8)));
  auto a = w.new_peer(one);
  const auto b = w.new_peer(one);
  const auto down = w.new_peer(two, [](peer_options& o) { o.read_ahead_bytes = 4u << 20; });
  auto from_a = w.serve(a, file.record(true), w.source(one, file));
  const auto from_b = w.serve(b, file.record(true), w.source(one, file));
  const auto source = w.fetch(down, file.record(false), {w.address_of(a), w.address_of(b)}, two);
  std::uint64_t sent_a = 0;
  for (std::uint64_t at = 0; at < size; at += 500'000) {
    const byte_range r{at, std::min(size, at + 500'000)};
    const auto got = w.read(source, r);
    REQUIRE(got);
    REQUIRE(*got == file.content(r));
    if (a && at > 2 * part_bytes) {
      sent_a = ask<msg::serving_status_result>(w.system, from_a, msg::serving_status{})
                   ->status.bytes_sent;
      a = nullptr; // its sockets close with it
      from_a = nullptr;
    }
  }
  const auto sent_b =
      ask<msg::serving_status_result>(w.system, from_b, msg::serving_status{})->status.bytes_sent;
  CHECK(sent_a > part_bytes / 2);
  CHECK(sent_b > part_bytes / 2);
}

TEST_CASE("ed2k peer: downloads of several files from one client share one connection") {
  peer_world w;
  auto& one = w.new_loop("one");
  auto& two = w.new_loop("two");
  const auto up = w.new_peer(one);
  const auto down = w.new_peer(two, [](peer_options& o) { o.read_ahead_bytes = 2u << 20; });
  std::vector<test_file> files;
  for (const std::uint64_t size : {2 * part_bytes + 7, part_bytes / 2, 3 * part_bytes})
    files.emplace_back(size, of_bytes(random_bytes(size, static_cast<std::uint32_t>(size))));
  std::vector<msg::serving_actor> servings;
  std::vector<msg::source_actor> sources;
  for (const auto& f : files) {
    servings.push_back(w.serve(up, f.record(true), w.source(one, f)));
    sources.push_back(w.fetch(down, f.record(false), {w.address_of(up)}, two));
  }
  // All are read at the same time, in pieces of their own: turns are taken many times.
  std::vector<std::thread> readers;
  std::vector<std::string> outcomes(files.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    readers.emplace_back([&, i] { outcomes[i] = w.compare(sources[i], files[i], 700'000); });
  }
  for (auto& r : readers) r.join();
  for (const auto& outcome : outcomes) CHECK(outcome == "");
  // A new download on the open connection begins at once: the slot is the client's.
  const test_file late(part_bytes + 1, of_bytes(random_bytes(part_bytes + 1, 77)));
  servings.push_back(w.serve(up, late.record(true), w.source(one, late)));
  sources.push_back(w.fetch(down, late.record(false), {w.address_of(up)}, two));
  CHECK(w.compare(sources.back(), late) == "");
}

TEST_CASE("ed2k peer: a source that has only some parts") {
  peer_world w;
  auto& one = w.new_loop("one");
  const auto size = 3 * part_bytes;
  const test_file file(size, of_bytes(random_bytes(size, 9)));
  const auto up = w.new_peer(one);
  const auto down = w.new_peer(one);
  const auto serving = w.serve(up, file.record(true),
                               w.source(one, file, {}, range_set{{part_bytes, 2 * part_bytes}}));
  const auto source = w.fetch(down, file.record(false), {w.address_of(up)}, one);
  // "Nothing" is not told before the source had its time to find parties; part of it is told at
  // once.
  CHECK(eventually([&] {
    const auto have = ask<msg::source_have_result>(w.system, source, msg::source_have{});
    return have && have->ranges == std::vector<msg::range>{{part_bytes, 2 * part_bytes}};
  }));
  const byte_range r{part_bytes + 5, part_bytes + 500'000};
  CHECK(*w.read(source, r) == file.content(r));
  CHECK(w.read(source, {0, 10}, 1s).error().code == errc::timed_out);
}

TEST_CASE("ed2k peer: bytes that are not what the name says never leave") {
  peer_world w;
  auto& one = w.new_loop("one");
  const auto size = part_bytes + 5;
  const test_file file(size, of_bytes(random_bytes(size, 10)));
  test_file other = file;
  other.content = of_bytes(random_bytes(size, 11));
  const bool with_hash_set = GENERATE(true, false);
  const auto up = w.new_peer(one);
  const auto down = w.new_peer(one);
  const auto counters = std::make_shared<source_counters>();
  const auto serving = w.serve(up, file.record(with_hash_set), w.source(one, other, counters));
  const auto source = w.fetch(down, file.record(true), {w.address_of(up)}, one);
  CHECK_FALSE(w.read(source, {0, 100}, 3s));
  const auto status = ask<msg::serving_status_result>(w.system, serving, msg::serving_status{});
  CHECK(status->status.bytes_sent == 0);
  if (with_hash_set) CHECK(counters->judged_bad >= 1);
}

TEST_CASE("ed2k peer: a reader has a server asked again that knew nobody") {
  peer_world w;
  auto& home = w.new_loop("peer");
  const auto giver = w.new_peer(home);
  const auto taker = w.new_peer(home);
  const test_file file(300'000, of_bytes(random_bytes(300'000, 21)));
  const auto serving = w.serve(giver, file.record(true), w.source(home, file));
  const auto open = std::make_shared<std::atomic<bool>>(false);
  const auto source = w.fetch(taker, file.record(true), {w.address_of(giver)}, home, open);
  const auto nobody = w.read(source, {0, 1000});
  REQUIRE_FALSE(nobody);
  CHECK(nobody.error().code == errc::unavailable);
  // By itself it would ask again only some seconds from now; and a reader right after a question
  // has to wait for the next one, not for that one's answer.
  std::this_thread::sleep_for(GENERATE(0ms, 1s, 2s));
  *open = true;
  const auto got = w.read(source, {0, 1000});
  REQUIRE(got);
  CHECK(*got == file.content({0, 1000}));
}

TEST_CASE("ed2k peer: a source that lies is found out, the others make up for it") {
  peer_world w;
  auto& one = w.new_loop("one");
  const auto size = 2 * part_bytes + 99;
  const test_file file(size, of_bytes(random_bytes(size, 12)));
  const auto up = w.new_peer(one);
  const auto down = w.new_peer(one);
  const auto serving = w.serve(up, file.record(true), w.source(one, file));
  runtime::on_loop<bad_uploader> bad;
  runtime::on(one, [&] {
    bad = runtime::on_loop<bad_uploader>(one, std::in_place, one, file, bad_uploader::fault::lies);
  });
  CHECK(eventually([&] { return runtime::on(one, [&] { return bad->port(); }) != 0; }));
  auto lies = w.address_of(up);
  lies.endpoint.port = runtime::on(one, [&] { return bad->port(); });
  const auto source = w.fetch(down, file.record(true), {lies, w.address_of(up)}, one);
  // What was read before its part was checked may be wrong; what is genuine may not.
  for (std::uint64_t p = 0; p < 3; ++p) {
    const auto part = part_range(size, p);
    bool good = false;
    for (int attempt = 0; attempt < 8 && !good; ++attempt) {
      const auto proof = ask<msg::source_genuine_result>(
          w.system, source, msg::source_genuine{{part.begin, part.begin + 1}, 20'000}, 25s);
      REQUIRE(proof);
      good = proof->verdict == msg::verdict::good;
    }
    REQUIRE(good);
    const byte_range r{part.begin, std::min(part.end, part.begin + msg::max_read_bytes)};
    CHECK(*w.read(source, r) == file.content(r));
  }
  CHECK(runtime::on(one, [&] { return bad->blocks.load(); }) > 0);
  runtime::on(one, [&] { bad.reset(); });
}

TEST_CASE("ed2k peer: a client that stands still is dialled anew") {
  using fault = bad_uploader::fault;
  const auto what = GENERATE(fault::mute, fault::stuck, fault::slow);
  peer_world w;
  auto& one = w.new_loop("one");
  const test_file file(300'000, of_bytes(random_bytes(300'000, 13)));
  const auto down = w.new_peer(one, [](peer_options& o) {
    o.hello_patience = 300ms;
    o.amule_patience = 300ms;
  });
  runtime::on_loop<bad_uploader> bad;
  runtime::on(one,
              [&] { bad = runtime::on_loop<bad_uploader>(one, std::in_place, one, file, what); });
  CHECK(eventually([&] { return runtime::on(one, [&] { return bad->port(); }) != 0; }));
  auto at = w.address_of(down);
  at.endpoint.port = runtime::on(one, [&] { return bad->port(); });
  const auto source = w.fetch(down, file.record(true), {at}, one);
  // Only an aMule is known to get stuck: elsewhere the slot is worth more than the time.
  const auto got = w.read(source, {0, 300'000}, what == fault::slow ? 4s : 20s);
  CHECK(got.has_value() == (what != fault::slow));
  if (got) CHECK(*got == file.content({0, 300'000}));
  CHECK(runtime::on(one, [&] { return bad->connections.load(); }) == (got ? 2 : 1));
  runtime::on(one, [&] { bad.reset(); });
}

TEST_CASE("ed2k peer: a reader's verdict makes the blocks come again") {
  peer_world w;
  auto& one = w.new_loop("one");
  const auto size = 2 * part_bytes;
  const test_file file(size, of_bytes(random_bytes(size, 13)));
  const auto up = w.new_peer(one);
  const auto down = w.new_peer(one);
  const auto serving = w.serve(up, file.record(true), w.source(one, file));
  const auto source = w.fetch(down, file.record(true), {w.address_of(up)}, one);
  REQUIRE(w.read(source, {0, 1000}));
  REQUIRE(runtime::tell(w.system, source, msg::source_judge{{0, 1000}, msg::verdict::bad}));
  CHECK(*w.read(source, {0, 1000}) == file.content({0, 1000}));
}

TEST_CASE("ed2k peer: of two fetches asked for at once one is made, and it stays whole") {
  peer_world w;
  auto& home = w.new_loop("peers");
  const test_file file(300'000, of_bytes(random_bytes(300'000, 5)));
  const auto giver = w.new_peer(home);
  const auto serving = w.serve(giver, file.record(true), w.source(home, file));
  caf::scoped_actor self{w.system};
  for (int round = 0; round < 20; ++round) {
    const auto taker = w.new_peer(home);
    msg::peer_fetch request;
    request.record = file.record(true);
    request.tracker = runtime::spawn_on<test_tracker>(home, std::vector{w.address_of(giver)},
                                                      std::make_shared<std::atomic<bool>>(true));
    self->send(taker, request);
    self->send(taker, request);
    std::vector<msg::source_actor> made;
    std::size_t answers = 0;
    self->receive_for(answers, std::size_t{2})(
        [&](const msg::peer_fetch_result& r) { made.push_back(r.source); },
        [](const caf::error& e) { CHECK(runtime::to_error(e).code == errc::conflict); });
    REQUIRE(!made.empty());
    CHECK(made.size() == 1);
    made.resize(1);
    CHECK((w.read(made[0], {0, 100'000}, 5s) == file.content({0, 100'000})));
  }
}

TEST_CASE("ed2k peer: refusals") {
  peer_world w;
  auto& one = w.new_loop("one");
  const test_file file(1000, of_bytes(random_bytes(1000, 14)));
  const auto peer = w.new_peer(one);
  const auto code_of = [&](const auto& r) { return r ? errc{} : r.error().code; };
  msg::peer_serve request;
  request.record = file.record(true);
  CHECK(code_of(ask<msg::peer_serve_result>(w.system, peer, request)) ==
        errc::malformed); // no source
  request.source = w.source(one, file);
  request.record.permission = msg::permission::forbidden;
  CHECK(code_of(ask<msg::peer_serve_result>(w.system, peer, request)) == errc::denied);
  request.record = file.record(true);
  request.record.name.key = slice(bytes{1, 2, 3});
  CHECK(code_of(ask<msg::peer_serve_result>(w.system, peer, request)) == errc::malformed);
  const auto source = w.fetch(peer, file.record(true), {}, one);
  CHECK(code_of(w.read(source, {0, 1001})) == errc::malformed);
  CHECK(code_of(w.read(source, {0, 10}, 20s)) == errc::unavailable); // nobody has it
  // The port is taken.
  const auto told = w.address_of(peer);
  peer_options o;
  o.listen = {*ip_address::parse("127.0.0.1"), told.endpoint.port};
  const auto second = spawn_peer(one, o);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == errc::io);
}
