#include "actors/overlays/ed2k/limits.hpp"
#include "actors/overlays/ed2k/upload_queue.hpp"
#include "actors/overlays/ed2k/upload_session.hpp"
#include "schema/ed2k/client_opcode.hpp"
#include "schema/ed2k/geometry.hpp"
#include "tests/catch.hpp"

#include <random>

using namespace interswarm;
using namespace interswarm::ed2k;
using namespace std::chrono_literals;

namespace {

upload_queue::client client(int n, int address = 0) {
  const auto user = static_cast<byte>(n);
  const auto host = static_cast<std::uint32_t>(0x05050000 + (address == 0 ? n : address));
  return {md4_digest{user, static_cast<byte>(n >> 8)}, {ip_address::v4(host), 4662}, md4_digest{9}};
}

const auto always = [](const upload_queue::client&) { return true; };

bytes join(const std::vector<slice>& pieces) {
  bytes out;
  for (const auto& p : pieces) append(out, p);
  return out;
}

bytes noise(std::size_t size) {
  std::mt19937 random(11);
  bytes out(size);
  for (auto& b : out) b = static_cast<byte>(random());
  return out;
}

} // namespace

TEST_CASE("ed2k upload queue: slots, ranks in order of waiting, promotion") {
  upload_queue q(2);
  CHECK(q.ask(client(1), true, 0s).what == upload_queue::answer::accepted);
  CHECK(q.ask(client(2), true, 1s).what == upload_queue::answer::accepted);
  CHECK(q.ask(client(3), true, 2s).rank == 1);
  CHECK(q.ask(client(4), true, 3s).rank == 2);
  CHECK(q.ask(client(3), true, 4s).rank == 1);
  CHECK(q.ask(client(1), true, 4s).what == upload_queue::answer::accepted);
  CHECK_FALSE(q.promote(5s, always));
  q.leave(client(1).user_hash);
  // Whoever comes now must not overtake those that wait.
  CHECK(q.ask(client(5), true, 6s).what == upload_queue::answer::queued);
  CHECK(q.promote(6s, [](const auto& c) {
           return c.user_hash != client(3).user_hash;
         })->user_hash == client(4).user_hash);
  CHECK(q.rank(client(3).user_hash) == 1);
  CHECK(q.has_slot(client(4).user_hash));
  CHECK(q.uploading() == 2);
  CHECK(q.waiting() == 2);
}

TEST_CASE("ed2k upload queue: a client waits while proof data is missing though slots are free") {
  upload_queue q(2);
  CHECK(q.ask(client(1), false, 0s).what == upload_queue::answer::queued);
  CHECK(q.promote(1s, always)->user_hash == client(1).user_hash);
}

TEST_CASE("ed2k upload queue: a session ends after its share only when others wait") {
  upload_queue q(1);
  q.ask(client(1), true, 0s);
  q.sent(client(1).user_hash, limits::session_bytes);
  CHECK_FALSE(q.session_over(client(1).user_hash, 1s));
  q.ask(client(2), true, 1s);
  CHECK(q.session_over(client(1).user_hash, 1s));
  q.requeue(client(1).user_hash, 2s);
  CHECK(q.rank(client(2).user_hash) == 1);
  CHECK(q.rank(client(1).user_hash) == 2);
  CHECK(q.promote(2s, always)->user_hash == client(2).user_hash);
  CHECK_FALSE(q.session_over(client(2).user_hash, 3s));
  CHECK(q.session_over(client(2).user_hash, 2s + limits::session_time));
}

TEST_CASE("ed2k upload queue: limits of clients, addresses, flooding and leases") {
  upload_queue q(1);
  q.ask(client(1), true, 0s);
  for (int i = 0; i < 3; ++i)
    CHECK(q.ask(client(100 + i, 7), true, 0s).what == upload_queue::answer::queued);
  CHECK(q.ask(client(103, 7), true, 0s).what == upload_queue::answer::full);
  for (int i = 0; q.waiting() < limits::max_waiting_clients; ++i) q.ask(client(1000 + i), true, 0s);
  CHECK(q.ask(client(9000), true, 0s).what == upload_queue::answer::full);
  q.expire(limits::waiting_lease);
  CHECK(q.waiting() == 0);
  CHECK(q.uploading() == 1);
  for (std::size_t i = 0; i < limits::max_asks_in_window; ++i) {
    CHECK(q.ask(client(2), true, limits::waiting_lease).what == upload_queue::answer::queued);
  }
  CHECK(q.ask(client(2), true, limits::waiting_lease).what == upload_queue::answer::banned);
  CHECK(q.is_banned(client(2).user_hash, limits::waiting_lease + limits::ban_time - 1ms));
  CHECK_FALSE(q.is_banned(client(2).user_hash, limits::waiting_lease + limits::ban_time));
}

TEST_CASE("ed2k upload session: aMule's sliding window is answered once") {
  const std::uint64_t size = 2 * part_bytes;
  upload_session s({}, size, false);
  const auto block = [&](std::uint64_t i) { return block_range(size, {0, i}); };
  CHECK(s.request({{}, {block(0), block(1), block(2)}}) == 3);
  CHECK(s.request({{}, {block(1), block(2), block(3)}}) == 1);
  CHECK(s.next_block() == block(0));
  CHECK(s.request({{}, {block(0), block(3), block(4)}}) == 1);
  for (std::uint64_t i = 1; i <= 4; ++i) CHECK(s.next_block() == block(i));
  CHECK_FALSE(s.next_block());
}

TEST_CASE("ed2k upload session: what cannot be asked is passed over") {
  upload_session s({}, 1'000'000, false);
  CHECK(s.request({{}, {byte_range{0, 0}, byte_range{5, 4}, byte_range{999'999, 1'000'001}}}) == 0);
  CHECK(s.request({{}, {byte_range{0, limits::max_requested_range_bytes + 1}}}) == 0);
  CHECK(s.request({{}, {byte_range{0, limits::max_requested_range_bytes}}}) == 1);
  upload_session many({}, 1u << 30, false);
  std::size_t added = 0;
  for (std::uint64_t i = 0; i < 2 * limits::max_requested_blocks; ++i) {
    added += many.request({{}, {byte_range{i * 10, i * 10 + 10}}});
  }
  CHECK(added == limits::max_requested_blocks);
}

TEST_CASE("ed2k upload session: plain packets are cut as eMule cuts them") {
  const auto data = noise(block_bytes);
  const slice whole{bytes(data)};
  upload_session s({7}, part_bytes, true); // noise does not shrink, so it goes plain
  const byte_range block{block_bytes, 2 * block_bytes};
  const auto wire =
      join(s.encode(block, {whole.sub(0, 1000), whole.sub(1000, data.size() - 1000)}));
  frame_splitter in(link_kind::client);
  in.feed(wire);
  bytes got;
  auto at = block.begin;
  for (auto next = in.next(); next && *next; next = in.next()) {
    CHECK((*next)->family == protocol::edonkey);
    CHECK((*next)->opcode == opcode::sending_part);
    const auto d = decode_sending_part((*next)->payload, false);
    REQUIRE(d);
    CHECK(d->range.begin == at);
    CHECK(d->data.size() < 2 * limits::data_packet_bytes);
    at = d->range.end;
    append(got, d->data);
  }
  CHECK(at == block.end);
  CHECK(got == data);
}

TEST_CASE("ed2k upload session: compressible blocks go packed, large files in the wide form") {
  const bytes data(block_bytes, 'a');
  for (const bool large : {false, true}) {
    upload_session s({7}, large ? 5'000'000'000 : part_bytes, true);
    const byte_range block{0, block_bytes};
    const auto wire = join(s.encode(block, {slice{bytes(data)}}));
    CHECK(wire.size() < 4096);
    CHECK(wire[5] == (large ? emule_opcode::compressed_part_i64 : emule_opcode::compressed_part));
    upload_session plain({7}, large ? 5'000'000'000 : part_bytes, false);
    const auto bare = join(plain.encode(block, {slice{bytes(data)}}));
    CHECK(bare.size() > data.size());
    CHECK(bare[5] == (large ? emule_opcode::sending_part_i64 : opcode::sending_part));
  }
}

TEST_CASE("ed2k upload session: the next part is foretold only to clients that go in order") {
  const std::uint64_t size = 5 * part_bytes;
  upload_session s({}, size, false);
  const auto take = [&](std::uint64_t part) {
    s.request({{}, {block_range(size, {part, 0})}});
    s.next_block();
    return s.next_part();
  };
  CHECK_FALSE(s.next_part());
  CHECK(take(0) == 1u);
  CHECK(take(1) == 2u);
  CHECK_FALSE(take(4));
  CHECK_FALSE(take(2));
  CHECK(take(3) == 4u);
  CHECK_FALSE(s.peek(0));
}
