#pragma once

#include "actors/overlays/ed2k/peer.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "schema/ed2k/client_file.hpp"
#include "schema/ed2k/client_hello.hpp"
#include "schema/ed2k/client_opcode.hpp"
#include "schema/ed2k/geometry.hpp"
#include "schema/ed2k/record.hpp"
#include "tests/actor/overlay_fixture.hpp"

namespace interswarm::ed2k {

using runtime::ask;
using runtime::eventually;
using namespace std::chrono_literals;

/// A content with its ed2k name, made from its bytes part by part.
struct test_file {
  std::uint64_t size = 0;
  content_function content;
  std::vector<md4_digest> parts;
  md4_digest hash{};

  test_file(std::uint64_t of_size, content_function bytes_of, bool same_parts = false)
      : size(of_size), content(std::move(bytes_of)) {
    for (std::uint64_t p = 0; p < std::max<std::uint64_t>(1, part_count(size)); ++p) {
      const auto r = part_range(size, p);
      const bool reuse = same_parts && p > 0 && r.size() == part_bytes;
      parts.push_back(reuse ? parts.front() : md4(content(r)));
    }
    hash = file_hash(parts, size, hash_variant::red);
  }

  msg::name_record record(bool with_hash_set) const {
    file_link link;
    link.name = "test.bin";
    link.size = size;
    link.hash = hash;
    if (with_hash_set && size >= part_bytes) {
      link.part_hashes = parts;
      if (size % part_bytes == 0) link.part_hashes.push_back(md4({}));
    }
    return make_record(link);
  }
};

struct peer_world : runtime::world {
  std::vector<msg::peer_actor> peers;

  ~peer_world() { peers.clear(); }

  msg::peer_actor new_peer(runtime::loop& home, std::function<void(peer_options&)> set = {}) {
    peer_options o;
    o.listen = {*ip_address::parse("127.0.0.1"), 0};
    o.udp_port = 0;
    if (set) set(o);
    auto made = spawn_peer(home, o);
    REQUIRE(made);
    return *made;
  }
  msg::peer_address address_of(const msg::peer_actor& peer) {
    const auto told = ask<msg::peer_describe_result>(system, peer, msg::peer_describe{});
    REQUIRE(told);
    return {told->listen.at(0), {}};
  }
  msg::source_actor source(runtime::loop& home, const test_file& file,
                           std::shared_ptr<source_counters> counters = {},
                           std::optional<range_set> available = {}) {
    if (!counters) counters = std::make_shared<source_counters>();
    if (!available) available = range_set{{0, file.size}};
    return runtime::spawn_on<test_source>(home, file.size, file.content, counters, *available);
  }
  msg::serving_actor serve(const msg::peer_actor& peer, const msg::name_record& record,
                           const msg::source_actor& from) {
    msg::peer_serve request;
    request.record = record;
    request.source = from;
    auto made = ask<msg::peer_serve_result>(system, peer, request);
    REQUIRE(made);
    return made->serving;
  }
  msg::source_actor fetch(const msg::peer_actor& peer, const msg::name_record& record,
                          std::vector<msg::peer_address> from, runtime::loop& home,
                          test_tracker::flag open = std::make_shared<std::atomic<bool>>(true)) {
    msg::peer_fetch request;
    request.record = record;
    request.tracker = runtime::spawn_on<test_tracker>(home, std::move(from), std::move(open));
    auto made = ask<msg::peer_fetch_result>(system, peer, request);
    REQUIRE(made);
    return made->source;
  }
  result<bytes> read(const msg::source_actor& from, byte_range range,
                     std::chrono::milliseconds limit = 30s) {
    msg::source_read request;
    request.range = {range.begin, range.end};
    request.deadline_ms = static_cast<std::uint32_t>(limit.count());
    auto got = ask<msg::source_read_result>(system, from, request, limit + 5s);
    if (!got) return tl::unexpected(got.error());
    return bytes(got->data.view().begin(), got->data.view().end());
  }
  /// Reads all of it in order and compares; "" when alike, else what is wrong.
  std::string compare(const msg::source_actor& from, const test_file& file,
                      std::uint64_t step = 1u << 20) {
    for (std::uint64_t at = 0; at < file.size; at += step) {
      const byte_range r{at, std::min(file.size, at + step)};
      const auto got = read(from, r);
      if (!got) return "at " + std::to_string(at) + ": " + to_string(got.error());
      if (*got != file.content(r)) return "wrong bytes at " + std::to_string(at);
    }
    return {};
  }
};

} // namespace interswarm::ed2k
