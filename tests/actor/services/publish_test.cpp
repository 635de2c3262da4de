#include "schema/base/encoding.hpp"
#include "storage/hash_trees.hpp"
#include "tests/actor/services/publish_fixture.hpp"

using namespace interswarm;
using namespace interswarm::services::testing;
namespace stored = interswarm::services;

namespace {

constexpr std::size_t film_size = 9'000'001; // three chunks

} // namespace

TEST_CASE("publish: equal bytes of two tenants are stored once and kept while one wants them") {
  press p;
  const auto data = content(film_size, 1);
  const auto one = p.publish("alice", draft("Film"), data, GENERATE(700'000u, 4u << 20)).value();
  INFO(one.failure);
  REQUIRE(one.failure.empty());
  CHECK(one.done_bytes == film_size);
  CHECK(one.stored_bytes == film_size);
  CHECK(one.publication.tenant == "alice");
  CHECK(one.publication.size == film_size);
  CHECK(one.links.size() == 1);
  const auto id = one.publication.content_id;
  CHECK(p.stored_chunks() == 6);
  const auto known = p.stored(id).value();
  CHECK(equal(bep52_root_of_layer(known.content.chunks, chunk_bytes), id));
  // The upload's own hold is given up, the content's stays.
  CHECK(eventually([&] { return p.holders().size() == 1; }));

  const auto two = p.publish("bob", draft("The same"), data).value();
  REQUIRE(two.failure.empty());
  CHECK(two.publication.content_id == id);
  CHECK(p.stored_chunks() == 6);
  // The content keeps the names that it has.
  CHECK(two.records.size() == 1);
  CHECK(two.records.front().title == "Film");

  REQUIRE(runtime::tell(p.w.system, p.service("alice"), msg::storage_service_withdraw{id}));
  CHECK(p.stored(id).value().publications.size() == 1);
  CHECK(runtime::tell(p.w.system, p.service("alice"), msg::storage_service_withdraw{id})
            .error()
            .code == errc::not_found);
  REQUIRE(runtime::tell(p.w.system, p.service("bob"), msg::storage_service_withdraw{id}));
  CHECK(p.stored(id).error().code == errc::not_found);
  CHECK(eventually([&] { return p.holders().empty(); }));
  CHECK(p.names(id).records.size() == 1); // the name is still known, the content not stored
}

TEST_CASE("publish: contents of no bytes, of one, of whole chunks") {
  press p;
  const auto size = GENERATE(0u, 1u, 4u << 20, (4u << 20) + 1);
  const auto data = content(size, 2);
  const auto done_state = p.publish("alice", draft("x"), data).value();
  INFO(done_state.failure);
  REQUIRE(done_state.failure.empty());
  CHECK(p.stored_chunks() == 2 * chunk_count(size));
  const auto opened = ask<msg::storage_network_open_result>(
      p.w.system, p.network,
      msg::storage_network_open{p.stored(done_state.publication.content_id)->content});
  REQUIRE(opened);
  if (size == 0) return;
  msg::source_read r;
  r.range = {0, std::min<std::uint64_t>(size, msg::max_read_bytes)};
  r.deadline_ms = 5000;
  const auto read = ask<msg::source_read_result>(p.w.system, opened->source, r);
  REQUIRE(read);
  CHECK(equal(read->data, byte_view(data).subspan(0, r.range.end)));
}

TEST_CASE("publish: an upload that broke goes on where it was") {
  press p;
  const auto data = content(film_size, 3);
  slice id;
  {
    const auto u = p.begin("alice", draft("Film"), film_size).value();
    REQUIRE(p.put(u, 0, bytes(data.begin(), data.begin() + 4'000'000)));
    id = ask<msg::upload_publishing_result>(p.w.system, u, msg::upload_publishing{})->id;
  }
  const auto resume = [&](const std::string& tenant) {
    return ask<msg::storage_service_resume_result>(p.w.system, p.service(tenant),
                                                   msg::storage_service_resume{id});
  };
  CHECK(resume("bob").error().code == errc::not_found);
  const auto u = resume("alice").value().upload;
  const auto at =
      ask<msg::publishing_progress_result>(p.w.system, p.work_of(u), msg::publishing_progress{0, 0})
          ->progress.done_bytes;
  CHECK(at == 4'000'000);
  CHECK(p.put(u, 5'000'000, bytes(10)).error().code == errc::conflict);
  // What was sent and taken before is passed over.
  REQUIRE(p.put(u, 3'000'000, bytes(data.begin() + 3'000'000, data.begin() + 7'000'000)));
  CHECK(runtime::tell(p.w.system, u, msg::upload_finish{film_size}).error().code == errc::conflict);
  REQUIRE(p.put(u, 7'000'000, bytes(data.begin() + 7'000'000, data.end())));
  CHECK(p.put(u, film_size, bytes(1)).error().code == errc::malformed);
  REQUIRE(runtime::tell(p.w.system, u, msg::upload_finish{film_size}));
  const auto state = p.outcome(p.work_of(u)).value();
  CHECK(state.failure.empty());
  CHECK(state.publication.size == film_size);
}

TEST_CASE("publish: a size that only the end tells") {
  press p;
  const auto data = content(5'000'000, 4);
  const auto u = p.begin("alice", draft("Stream"), msg::unknown_size).value();
  REQUIRE(p.put(u, 0, bytes(data.begin(), data.begin() + 3'000'000)));
  REQUIRE(p.put(u, 3'000'000, bytes(data.begin() + 3'000'000, data.end())));
  REQUIRE(runtime::tell(p.w.system, u, msg::upload_finish{data.size()}));
  const auto state = p.outcome(p.work_of(u)).value();
  INFO(state.failure);
  CHECK(state.publication.size == data.size());
}

TEST_CASE("publish: what is cancelled or cannot be stored leaves nothing held") {
  press p;
  const auto u = p.begin("alice", draft("Film"), film_size).value();
  REQUIRE(p.put(u, 0, content(4 << 20, 5)));
  CHECK(eventually([&] { return p.stored_chunks() > 0; }));
  REQUIRE(runtime::tell(p.w.system, p.work_of(u), msg::publishing_cancel{}));
  CHECK(p.outcome(p.work_of(u))->failure == "cancelled: it was cancelled");
  CHECK(p.put(u, 4 << 20, bytes(10)).error().code == errc::cancelled);
  CHECK(eventually([&] { return p.holders().empty(); }));
}

TEST_CASE("publish: drafts that the catalogue would refuse are refused before anything is sent") {
  press p(10'000'000);
  auto bad = draft("x");
  bad.properties = {{"a=b", "c"}};
  CHECK(p.begin("alice", bad, 10).error().code == errc::malformed);
  CHECK(p.begin("alice", draft("line\nend"), 10).error().code == errc::malformed);
  CHECK(p.begin("alice", draft(std::string(2000, 'x')), 10).error().code == errc::too_large);
  auto late = draft("x");
  late.expires = 1;
  CHECK(p.begin("alice", late, 10).error().code == errc::malformed);
  CHECK(p.begin("alice", draft("x"), std::uint64_t{1} << 43).error().code == errc::too_large);
  // The quota counts what is stored and what is announced.
  REQUIRE(p.publish("small", draft("x"), content(6'000'000, 6))->failure.empty());
  CHECK(p.begin("small", draft("y"), 4'000'001).error().code == errc::no_room);
  CHECK(p.begin("small", draft("y"), msg::unknown_size).error().code == errc::no_room);
  REQUIRE(p.begin("small", draft("y"), 4'000'000));
  const auto used = ask<msg::storage_service_usage_result>(p.w.system, p.service("small"),
                                                           msg::storage_service_usage{});
  CHECK(used->stored_bytes == 6'000'000);
  CHECK(used->quota_bytes == 10'000'000);
  std::vector<msg::upload_actor> many;
  for (std::size_t i = 0; i < stored::max_works_per_tenant; ++i)
    many.push_back(p.begin("carol", draft("x"), 10).value());
  CHECK(p.begin("carol", draft("x"), 10).error().code == errc::overloaded);
}

TEST_CASE("publish: a source is pulled, over its failures, each byte once") {
  press p;
  p.origin = content(film_size, 7);
  p.how->unmeasured = GENERATE(false, true);
  p.how->failures = 2;
  const auto work = ask<msg::storage_service_pull_result>(
      p.w.system, p.service("alice"),
      msg::storage_service_pull{draft(""), {"http://origin/file"}, {}});
  REQUIRE(work);
  const auto state = p.outcome(work->work).value();
  INFO(state.failure);
  REQUIRE(state.failure.empty());
  CHECK(state.publication.title == "file");
  CHECK(state.publication.size == film_size);
  CHECK(p.how->given == film_size);
  CHECK(ask<msg::storage_service_pull_result>(
            p.w.system, p.service("alice"),
            msg::storage_service_pull{draft(""), {"http://elsewhere/"}, {}})
            .error()
            .code == errc::malformed);
}

TEST_CASE("publish: a source that will never give ends the pull at once") {
  press p;
  p.origin = content(10, 8);
  p.how->failures = 1;
  p.how->code = errc::denied;
  const auto work = ask<msg::storage_service_pull_result>(
      p.w.system, p.service("alice"),
      msg::storage_service_pull{draft(""), {"http://origin/file"}, {}});
  CHECK(p.outcome(work->work)->failure == "denied: not now");
  CHECK(eventually([&] { return p.holders().empty(); }));
}

TEST_CASE("publish: the keeper withdraws what has expired and releases what nobody publishes") {
  stored::keeper_options often;
  often.every = 50ms;
  often.compare_every = 100ms;
  press p(0, often);
  auto lent = draft("Lent");
  lent.expires = std::time(nullptr) + 2;
  const auto state = p.publish("alice", lent, content(100'000, 9)).value();
  REQUIRE(state.failure.empty());
  const auto kept = p.publish("alice", draft("Kept"), content(100'000, 10)).value();
  CHECK(eventually(
      [&] { return p.stored(state.publication.content_id).error().code == errc::not_found; }));
  CHECK(eventually([&] { return p.holders().size() == 1; }));
  // A node that was away still holds a content that was withdrawn meanwhile.
  const bytes strange(32, 0xEE);
  REQUIRE(p.nodes[0].store->put(name_chunk(bytes(10)), bytes(10), strange, 100));
  CHECK(p.holders().contains(strange));
  CHECK(eventually([&] { return !p.holders().contains(strange); }));
  CHECK(p.stored(kept.publication.content_id));
}
