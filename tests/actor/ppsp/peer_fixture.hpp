#pragma once

#include "actors/overlays/ppsp/group_tree.hpp"
#include "actors/overlays/ppsp/peer.hpp"
#include "schema/ppsp/record.hpp"
#include "tests/actor/overlay_fixture.hpp"

namespace interswarm::ppsp {

using runtime::ask;
using runtime::eventually;
using namespace std::chrono_literals;

/// A content with its PPSPP name, made from its bytes leaf by leaf.
struct test_content {
  bytes data;
  swarm_key key;
  std::vector<tree_digest> groups;

  explicit test_content(std::uint64_t size, std::uint32_t seed = 1,
                        merkle_hash f = merkle_hash::sha256, std::uint32_t chunk_bytes = 1024)
      : data(random_bytes(size, seed)) {
    key.hash = f;
    key.chunk_bytes = chunk_bytes;
    std::vector<tree_node> peaks;
    for (const auto& at : peaks_of(chunks_of(size, chunk_bytes)))
      peaks.push_back({at, node(at.begin, at.end)});
    const auto root = root_of(f, peaks).value();
    key.id = {root.view().begin(), root.view().end()};
    for (std::uint64_t at = 0; at < chunks_of(size, chunk_bytes); at += group_chunks)
      groups.push_back(node(at, at + group_chunks));
  }
  tree_digest node(std::uint64_t begin, std::uint64_t end) const {
    const auto from = begin * key.chunk_bytes;
    if (from >= data.size()) return tree_digest(key.hash);
    if (end - begin == 1) {
      const auto length = std::min<std::uint64_t>(key.chunk_bytes, data.size() - from);
      return chunk_hash(key.hash, byte_view(data).subspan(from, length));
    }
    const auto middle = (begin + end) / 2;
    return parent_hash(key.hash, node(begin, middle), node(middle, end));
  }
  msg::name_record record(bool with_tree, const std::vector<endpoint>& peers = {},
                          bool with_size = true) const {
    swarm_link link;
    link.key = key;
    if (with_size) link.size = data.size();
    link.name = "test.bin";
    link.peers = peers;
    auto out = make_record(link);
    if (with_tree) out.metadata = write_groups(groups);
    return out;
  }
};

struct peer_world : runtime::world {
  msg::peer_actor new_peer(runtime::loop& home) {
    peer_options o;
    o.listen = {*ip_address::parse("127.0.0.1"), 0};
    auto made = spawn_peer(home, o);
    REQUIRE(made);
    return *made;
  }
  endpoint address_of(const msg::peer_actor& peer) {
    const auto told = ask<msg::peer_describe_result>(system, peer, msg::peer_describe{});
    REQUIRE(told);
    return {*ip_address::from_bytes(told->listen.at(0).address), told->listen.at(0).port};
  }
  msg::source_actor source(runtime::loop& home, const test_content& content,
                           std::shared_ptr<source_counters> counters = {},
                           std::optional<range_set> available = {},
                           content_function bytes_of = {}) {
    if (!counters) counters = std::make_shared<source_counters>();
    if (!available) available = range_set{{0, content.data.size()}};
    if (!bytes_of) bytes_of = of_bytes(content.data);
    return runtime::spawn_on<test_source>(home, content.data.size(), bytes_of, counters,
                                          *available);
  }
  result<msg::serving_actor> serve(const msg::peer_actor& peer, const msg::name_record& record,
                                   const msg::source_actor& from,
                                   const msg::tracker_actor& tracker = {}) {
    msg::peer_serve request;
    request.record = record;
    request.source = from;
    request.tracker = tracker;
    return ask<msg::peer_serve_result>(system, peer, request).map([](const auto& made) {
      return made.serving;
    });
  }
  result<msg::source_actor> fetch(const msg::peer_actor& peer, const msg::name_record& record,
                                  const msg::tracker_actor& tracker = {}) {
    msg::peer_fetch request;
    request.record = record;
    request.tracker = tracker;
    return ask<msg::peer_fetch_result>(system, peer, request).map([](const auto& made) {
      return made.source;
    });
  }
  result<bytes> read(const msg::source_actor& from, byte_range range,
                     std::chrono::milliseconds limit = 20s) {
    msg::source_read request;
    request.range = {range.begin, range.end};
    request.deadline_ms = static_cast<std::uint32_t>(limit.count());
    auto got = ask<msg::source_read_result>(system, from, request, limit + 5s);
    if (!got) return tl::unexpected(got.error());
    return bytes(got->data.view().begin(), got->data.view().end());
  }
  /// Reads all of it in order and compares; "" when alike, else what is wrong.
  std::string compare(const msg::source_actor& from, const bytes& with) {
    constexpr std::uint64_t step = 1u << 20;
    for (std::uint64_t at = 0; at < with.size(); at += step) {
      const byte_range r{at, std::min<std::uint64_t>(with.size(), at + step)};
      const auto got = read(from, r);
      if (!got) return "at " + std::to_string(at) + ": " + to_string(got.error());
      if (*got != of_bytes(with)(r)) return "wrong bytes at " + std::to_string(at);
    }
    return {};
  }
};

} // namespace interswarm::ppsp
