#include "actors/overlays/ed2k/block_scheduler.hpp"
#include "actors/overlays/ed2k/download_session.hpp"
#include "actors/overlays/ed2k/part_blame.hpp"
#include "actors/overlays/ed2k/source_book.hpp"
#include "actors/overlays/ed2k/upload_session.hpp"
#include "schema/base/encoding.hpp"
#include "schema/ed2k/client_opcode.hpp"
#include "tests/catch.hpp"

#include <random>

using namespace interswarm;
using namespace interswarm::ed2k;
using namespace std::chrono_literals;

namespace {

const auto any_part = [](std::uint64_t) { return true; };

bytes content(std::uint64_t size, std::uint32_t seed, bool compressible) {
  std::mt19937 random(seed);
  bytes out(size);
  for (auto& b : out) b = static_cast<byte>(compressible ? random() & 3 : random());
  return out;
}

/// The uploader's end of a conversation, made of the upload decisions.
struct uploader {
  uploader(byte_view bytes_of_file, const md4_digest& file, bool compress, bool corrupt = false)
      : data(bytes_of_file), hash(file), session(file, bytes_of_file.size(), compress),
        corrupts(corrupt) {}

  byte_view data;
  md4_digest hash;
  upload_session session;
  bool corrupts;
  bool alive = true;
  frame_splitter in{link_kind::client};

  /// Answers what came; appends to `out`.
  void answer(byte_view from_client, bytes& out) {
    in.feed(from_client);
    for (auto next = in.next(); next && *next; next = in.next()) answer_one(**next, out);
  }
  void answer_one(const frame& f, bytes& out) {
    if (f.opcode == emule_opcode::multi_packet_ext) {
      const auto q = decode_multi_packet(f.payload, true, 2);
      REQUIRE(q);
      append_multi_packet_answer(out, {hash, "file", part_status{true, {}}, {}});
    } else if (f.opcode == opcode::hash_set_request) {
      hash_set set{hash, {}};
      for (std::uint64_t p = 0; p < part_count(data.size()); ++p) {
        const auto r = part_range(data.size(), p);
        set.parts.push_back(md4(data.subspan(r.begin, r.size())));
      }
      if (data.size() % part_bytes == 0) set.parts.push_back(md4({}));
      append_hash_set(out, set);
    } else if (f.opcode == opcode::start_upload_req) {
      append_bare(out, opcode::accept_upload_req);
    } else if (f.opcode == opcode::request_parts) {
      const auto r = decode_request_parts(f.payload, false);
      REQUIRE(r);
      session.request(*r);
    }
  }
  /// Sends one block, if any was asked.
  void send_block(bytes& out) {
    const auto block = session.next_block();
    if (!block) return;
    bytes piece(data.begin() + static_cast<std::ptrdiff_t>(block->begin),
                data.begin() + static_cast<std::ptrdiff_t>(block->end));
    if (corrupts) piece[piece.size() / 2] ^= 1;
    for (const auto& s : session.encode(*block, {slice(std::move(piece))})) append(out, s);
  }
};

capabilities amule() { return decode_capabilities(0x34133216, 0x5B8); }

/// A whole download from several uploaders on virtual time, bytes cut at random.
struct swarm {
  swarm(const bytes& file, std::uint32_t seed)
      : data(file), random(seed), schedule(file.size()), blame(file.size()), got(file.size()) {
    std::vector<md4_digest> parts;
    for (std::uint64_t p = 0; p < part_count(file.size()); ++p) {
      const auto r = part_range(file.size(), p);
      parts.push_back(md4(byte_view(file).subspan(r.begin, r.size())));
    }
    part_hashes = parts;
    hash = file_hash(parts, file.size(), hash_variant::red);
  }

  struct link {
    link(source_id number, uploader&& from, download_session&& to)
        : id(number), up(std::move(from)), down(std::move(to)) {}
    source_id id;
    uploader up;
    download_session down;
    frame_splitter in{link_kind::client};
    sent_ranges sent;
    bytes to_client, to_uploader;
  };

  const bytes& data;
  std::mt19937 random;
  block_scheduler schedule;
  part_blame blame;
  bytes got;
  md4_digest hash{};
  std::vector<md4_digest> part_hashes;
  std::vector<std::unique_ptr<link>> links;
  source_book book;
  std::size_t hash_sets = 0;
  std::uint64_t payload = 0;

  void add(bool compress, bool corrupt = false) {
    const auto contact =
        endpoint{ip_address::v4(0x05050501 + static_cast<std::uint32_t>(links.size())), 4662};
    const auto id = *book.add(contact, {}, 0s);
    book.due(0s);
    download_goal goal{hash, data.size(), data.size() >= part_bytes, false, false, {}};
    links.push_back(std::make_unique<link>(id, uploader(data, hash, compress, corrupt),
                                           download_session(goal, amule())));
    schedule.add_source(id, any_part);
    links.back()->down.begin(true, links.back()->to_uploader);
  }

  /// At most `limit` bytes out of `from`, at random.
  bytes cut(bytes& from) {
    const auto n = std::min<std::size_t>(from.size(), random() % 60'000 + 1);
    bytes out(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(n));
    from.erase(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(n));
    return out;
  }

  void finish_part(std::uint64_t part) {
    const auto r = part_range(data.size(), part);
    if (!schedule.held().contains(r)) return;
    const auto bytes_of_part = byte_view(got).subspan(r.begin, r.size());
    const bool right = md4(bytes_of_part) == part_hashes[part];
    const auto finding = right ? blame.good(part, bytes_of_part) : blame.bad(part, bytes_of_part);
    if (right) {
      schedule.shared(part);
    } else {
      schedule.alone(part);
    }
    for (const auto& gone : finding.drop) schedule.lost(gone, block_scheduler::tier::asked);
    for (const auto id : finding.culprits) {
      book.ban(id);
      schedule.remove_source(id);
    }
  }

  void step(instant now) {
    for (auto& l : links) {
      if (!l->up.alive || book.find(l->id)->now == source_book::state::banned) continue;
      l->up.answer(cut(l->to_uploader), l->to_client);
      if (l->to_client.size() < 200'000) l->up.send_block(l->to_client);
      l->in.feed(cut(l->to_client));
      download_events events;
      for (auto next = l->in.next(); next && *next; next = l->in.next()) {
        REQUIRE(l->down.handle(**next, now, l->to_uploader, events));
      }
      for (auto& e : events) {
        if (std::holds_alternative<download_event::hash_set_known>(e)) ++hash_sets;
        auto* b = std::get_if<download_event::block_received>(&e);
        if (b == nullptr) continue;
        payload += b->data.size();
        std::copy(b->data.begin(), b->data.end(),
                  got.begin() + static_cast<std::ptrdiff_t>(b->range.begin));
        blame.received(b->range, l->id);
        for (const auto other : schedule.received(l->id, b->range)) {
          for (auto& o : links) {
            if (o->id == other) o->down.forget(b->range);
          }
        }
        finish_part(b->range.begin / part_bytes);
      }
      std::vector<byte_range> blocks;
      for (auto room = l->down.room(); room > 0; --room) {
        const auto block = schedule.assign(l->id);
        if (!block) break;
        blocks.push_back(*block);
      }
      l->down.request(blocks, now, l->sent, l->to_uploader);
      if (l->down.stalled(now)) schedule.release(l->id);
    }
  }

  bool complete() const { return schedule.held().contains({0, data.size()}); }
  bool run(std::size_t most_steps, std::function<void(std::size_t)> each = {}) {
    schedule.want({0, data.size()}, block_scheduler::tier::asked);
    for (std::size_t i = 0; i < most_steps && !complete(); ++i) {
      if (each) each(i);
      step(instant(static_cast<std::int64_t>(i) * 10));
      // A dead source is noticed by its silence.
      for (auto& l : links) {
        if (!l->up.alive && l->down.stalled(instant(static_cast<std::int64_t>(i) * 10)))
          schedule.release(l->id);
      }
    }
    return complete() && got == data;
  }
};

} // namespace

TEST_CASE("ed2k download: one source, plain and compressed, under random splits") {
  const auto seed = GENERATE(1u, 2u, 3u);
  const bool compress = GENERATE(false, true);
  INFO("seed " << seed << " compressed " << compress);
  const auto file = content(part_bytes + 3 * block_bytes + 77, seed, compress);
  swarm s(file, seed);
  s.add(compress);
  CHECK(s.run(20'000));
  CHECK(s.hash_sets == 1);
  CHECK(s.payload == file.size());
}

TEST_CASE("ed2k download: a file of exactly two parts has its virtual part") {
  const auto file = content(2 * part_bytes, 5, false);
  swarm s(file, 5);
  s.add(false);
  CHECK(s.run(20'000));
}

TEST_CASE("ed2k download: a source that dies loses its blocks to the others") {
  const auto file = content(part_bytes + 5, 7, false);
  swarm s(file, 7);
  s.add(false);
  s.add(true);
  s.add(false);
  CHECK(s.run(30'000, [&](std::size_t i) {
    if (i == 150) s.links[0]->up.alive = false;
  }));
}

TEST_CASE("ed2k download: a corrupt source is found out and the file comes right") {
  const auto seed = GENERATE(21u, 22u);
  INFO("seed " << seed);
  const auto file = content(2 * part_bytes + 1234, seed, false);
  swarm s(file, seed);
  s.add(false);
  s.add(false, true);
  s.add(false);
  CHECK(s.run(60'000));
  CHECK(s.book.find(s.links[1]->id)->now == source_book::state::banned);
  CHECK(s.book.find(s.links[0]->id)->now != source_book::state::banned);
  CHECK(s.book.find(s.links[2]->id)->now != source_book::state::banned);
}

TEST_CASE("ed2k download session: ranks, refusals and lost slots") {
  download_goal goal{md4_digest{1}, 1000, false, false, false, {}};
  download_session s(goal, amule());
  bytes out;
  download_events events;
  s.begin(true, out);
  bytes wire;
  append_file_name_answer(wire, goal.hash, "n");
  append_queue_ranking(wire, 7);
  append_bare(wire, opcode::accept_upload_req);
  frame_splitter in(link_kind::client);
  in.feed(wire);
  for (auto next = in.next(); next && *next; next = in.next())
    REQUIRE(s.handle(**next, 1s, out, events));
  REQUIRE(events.size() == 4); // named, status of a small file, queued, granted
  CHECK(std::get<download_event::queued>(events[2]).rank == 7);
  CHECK(s.state() == download_session::phase::granted);
  CHECK(s.room() == limits::min_window_blocks);
  sent_ranges sent;
  s.request({{0, 1000}}, 1s, sent, out);
  CHECK_FALSE(s.stalled(1s + limits::stall_time - 1ms));
  CHECK(s.stalled(1s + limits::stall_time));
  events.clear();
  REQUIRE(s.handle({protocol::edonkey, opcode::out_of_part_reqs, {}}, 2s, out, events));
  CHECK(std::get<download_event::slot_lost>(events.at(0)).blocks ==
        std::vector<byte_range>{{0, 1000}});
  CHECK(s.room() == 0);
  events.clear();
  bytes no_file;
  append_hash_packet(no_file, protocol::edonkey, opcode::file_req_ans_no_file, goal.hash);
  REQUIRE(s.handle({protocol::edonkey, opcode::file_req_ans_no_file, goal.hash}, 2s, out, events));
  CHECK(std::holds_alternative<download_event::no_file>(events.at(0)));
}

TEST_CASE("ed2k download session: hostile sources are dropped") {
  download_goal goal{md4_digest{1}, 3 * part_bytes, true, false, false, {}};
  download_session s(goal, amule());
  bytes out;
  download_events events;
  s.begin(true, out);
  const auto feed = [&](const bytes& wire) {
    frame_splitter in(link_kind::client);
    in.feed(wire);
    const auto next = in.next();
    return s.handle(**next, 1s, out, events).has_value();
  };
  bytes wire;
  append_file_status(wire, goal.hash, {false, {true, true}});
  CHECK_FALSE(feed(wire));
  wire.clear();
  append_hash_set(wire, {goal.hash, std::vector<md4_digest>(4)});
  CHECK_FALSE(feed(wire));
  wire.clear();
  append_hash_set(wire, {md4_digest{2}, {}}); // of another file
  CHECK(feed(wire));
}

TEST_CASE("ed2k download block: bounds of plain and compressed data") {
  const byte_range range{100, 200};
  const bytes data(100, 'x');
  download_block plain(range);
  CHECK_FALSE(plain.add_plain(99, byte_view(data).first(1)));
  CHECK_FALSE(plain.add_plain(110, byte_view(data).first(1)));
  CHECK_FALSE(plain.add_plain(150, data));
  CHECK(*plain.add_plain(100, byte_view(data).first(60)) == 60);
  CHECK(*plain.add_plain(100, byte_view(data).first(60)) == 0);
  CHECK(*plain.add_plain(150, byte_view(data).first(50)) == 40);
  CHECK(plain.complete());
  CHECK(plain.take() == data);
  for (const std::size_t size : {99u, 100u, 101u}) {
    const auto stream = deflate_all(bytes(size, 'x'), 1);
    download_block packed(range);
    const auto got = packed.add_compressed(static_cast<std::uint32_t>(stream.size()), stream);
    CHECK(got.has_value() == (size == 100));
    CHECK(packed.complete() == (size == 100));
  }
  auto stream = deflate_all(data, 1);
  download_block mixed(range);
  CHECK(
      mixed.add_compressed(static_cast<std::uint32_t>(stream.size()), byte_view(stream).first(4)));
  CHECK_FALSE(mixed.add_plain(100, data));
  CHECK_FALSE(mixed.add_compressed(5, byte_view(stream).subspan(4)));
  stream.back() ^= 1; // wrong checksum
  download_block broken(range);
  CHECK_FALSE(broken.add_compressed(static_cast<std::uint32_t>(stream.size()), stream));
}

TEST_CASE("ed2k scheduler: urgent first, then asked in order, then ahead by rarity") {
  const std::uint64_t size = 4 * part_bytes;
  block_scheduler s(size);
  s.add_source(1, any_part);
  s.add_source(2, [](std::uint64_t part) { return part != 3; });
  s.want({0, 10}, block_scheduler::tier::asked);
  s.want({2 * part_bytes + 5, 2 * part_bytes + 6}, block_scheduler::tier::urgent);
  s.want({2 * part_bytes, 4 * part_bytes}, block_scheduler::tier::ahead);
  CHECK(s.assign(1) == block_range(size, {2, 0}));
  CHECK(s.assign(1) == block_range(size, {0, 0}));
  CHECK(s.assign(1) == block_range(size, {3, 0})); // rarer than part 2
  CHECK(s.assign(2) == block_range(size, {2, 1}));
  CHECK(s.received(1, block_range(size, {2, 0})).empty());
  s.clear_ahead();
  // End-game: all that is wanted is under way, so a second source may race, a third may not.
  CHECK(s.assign(2) == block_range(size, {0, 0}));
  CHECK_FALSE(s.assign(2));
  s.add_source(3, any_part);
  CHECK_FALSE(s.assign(3));
  CHECK(s.received(2, block_range(size, {0, 0})) == std::vector<source_id>{1});
  CHECK_FALSE(s.wants_anything());
}

TEST_CASE("ed2k scheduler: released, lost and avoided blocks") {
  const std::uint64_t size = part_bytes;
  const auto first = block_range(size, {0, 0});
  block_scheduler s(size);
  s.add_source(1, any_part);
  s.add_source(2, any_part);
  s.want(first, block_scheduler::tier::asked);
  CHECK(s.assign(1) == first);
  s.release(1);
  CHECK_FALSE(s.under_way(first));
  CHECK(s.assign(2) == first);
  s.received(2, first);
  CHECK_FALSE(s.assign(1));
  s.avoid(2, first);
  s.lost(first, block_scheduler::tier::urgent);
  CHECK_FALSE(s.assign(2));
  CHECK(s.assign(1) == first);
  s.remove_source(1);
  CHECK(s.assign(2) == first); // nobody else is left
}

TEST_CASE("ed2k blame: AICH leaves single out the wrong block") {
  auto file = content(part_bytes, 3, false);
  std::vector<sha1_digest> leaves;
  part_blame blame(file.size());
  for (std::uint64_t b = 0; b < blocks_per_part; ++b) {
    const auto r = block_range(file.size(), {0, b});
    leaves.push_back(sha1(byte_view(file).subspan(r.begin, r.size())));
    blame.received(r, 1 + b % 3);
  }
  file[10 * block_bytes + 1] ^= 1;
  const auto found = blame.bad_with_leaves(0, file, leaves);
  CHECK(found.drop == std::vector<byte_range>{block_range(file.size(), {0, 10})});
  CHECK(found.culprits == std::vector<source_id>{1 + 10 % 3});
  CHECK(blame.givers({0, 3 * block_bytes}) == std::vector<source_id>{1, 2, 3});
}
