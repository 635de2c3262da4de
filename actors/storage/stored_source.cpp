#include "actors/runtime/loop_actor.hpp"
#include "actors/storage/read_pattern.hpp"
#include "actors/storage/storage_network.hpp"
#include "schema/base/encoding.hpp"
#include "schema/source.gen.hpp"
#include "storage/hash_trees.hpp"
#include "storage/limits.hpp"

#include <algorithm>
#include <cstring>

namespace interswarm::storage {

namespace {

using namespace std::chrono_literals;

/// Chunks that a reader who goes on in order has fetched ahead of it.
constexpr std::uint64_t ahead_chunks = 3;
constexpr auto ahead_patience = 30s;

/// Whether the chunks' names are those of the content's BEP 52 tree. A content within one chunk has
/// a tree of its own width, which is checked when its bytes are there.
result<void> check(const msg::stored_content& c) {
  const auto& r = c.record;
  if (r.size > limits::content_bytes || c.chunks.size() != chunk_count(r.size) * 32 ||
      r.content_id.size() != 32)
    return fail(errc::malformed, "a stored content's size and chunks do not belong together");
  if (r.size == 0 && !equal(bep52_root({}), r.content_id))
    return fail(errc::malformed, "a stored content without bytes has the id of other bytes");
  const bool one = r.size <= chunk_bytes;
  if (!one && !equal(bep52_root_of_layer(c.chunks, chunk_bytes), r.content_id))
    return fail(errc::malformed, "a stored content's chunks do not hash up to its content id");
  return {};
}

class stored_source final : public runtime::loop_actor<msg::source_actor> {
public:
  stored_source(caf::actor_config& config, runtime::loop& home, msg::storage_network_actor network,
                msg::stored_content content)
      : loop_actor(config, home), network_(std::move(network)), content_(std::move(content)) {}

  const char* name() const override { return "stored-source"; }
  void on_exit() override { network_ = nullptr; }

  behavior_type make_behavior() override {
    return {
        [this](const msg::source_info& x) { return after<msg::source_info_result>(x, info()); },
        [this](const msg::source_have& x) { return after<msg::source_have_result>(x, have()); },
        [this](const msg::source_read& x) { return read(x); },
        // What is stored was hashed against the content's own tree: a reader's other hashes cannot
        // be right about these bytes.
        [](const msg::source_judge&) {},
        [this](const msg::source_genuine& x) -> caf::result<msg::source_genuine_result> {
          if (!inside(x.range)) return beyond();
          return msg::source_genuine_result{x.range, msg::verdict::good};
        },
    };
  }

private:
  struct reading {
    byte_range range;
    std::vector<slice> parts;
    std::size_t missing = 0;
    caf::typed_response_promise<msg::source_read_result> promise;
  };

  /// Nothing here ever changes, so whoever has seen this waits for the whole time.
  template <class Result, class Request>
  caf::result<Result> after(const Request& x, Result now) {
    if (x.after_version < version) return now;
    auto promise = make_response_promise<Result>();
    home()
        .timer()
        .afterDelay(x.wait_ms * kj::MILLISECONDS)
        .then([promise, now]() mutable { promise.deliver(std::move(now)); })
        .detach([](kj::Exception&&) {});
    return promise;
  }

  msg::source_info_result info() const {
    msg::source_info_result out;
    out.info.size = content_.record.size;
    out.info.record = content_.record;
    out.info.peers = 1;
    out.info.version = version;
    return out;
  }
  msg::source_have_result have() const {
    msg::source_have_result out;
    out.version = version;
    if (content_.record.size > 0) out.ranges.push_back({0, content_.record.size});
    out.received = received_;
    return out;
  }

  bool inside(const msg::range& r) const {
    return r.begin <= r.end && r.end <= content_.record.size;
  }
  static caf::error beyond() {
    return runtime::make_caf_error(errc::malformed, "the range passes the end of the content");
  }

  caf::result<msg::source_read_result> read(const msg::source_read& x) {
    if (!inside(x.range)) return beyond();
    const byte_range r{x.range.begin, x.range.end};
    if (r.size() > msg::max_read_bytes)
      return runtime::make_caf_error(errc::too_large, "a read is at most 4194304 bytes");
    if (r.empty()) return msg::source_read_result{};
    auto work = std::make_shared<reading>();
    work->range = r;
    work->promise = make_response_promise<msg::source_read_result>();
    const auto first = r.begin / chunk_bytes;
    const auto last = (r.end - 1) / chunk_bytes;
    work->missing = last - first + 1;
    work->parts.resize(work->missing);
    const auto limit = std::chrono::milliseconds(std::max<std::uint32_t>(x.deadline_ms, 1));
    // Of a content that is one chunk the name says less than the id: it is read wholly.
    const auto way = content_.record.size > chunk_bytes ? pattern_.next(r) : read_way::chunks;
    for (auto i = first; i <= last; ++i)
      way == read_way::part ? fetch_part(work, i, i - first, limit)
                            : fetch(work, i, i - first, limit);
    if (way == read_way::ahead) {
      for (auto i = last + 1; i <= last + ahead_chunks; ++i) fetch_ahead(i);
    }
    return work->promise;
  }

  msg::storage_network_chunk named(std::uint64_t index) const {
    return {content_.chunks.sub(index * 32, 32)};
  }

  void fetch(const std::shared_ptr<reading>& work, std::uint64_t index, std::size_t part,
             std::chrono::milliseconds limit) {
    request(network_, limit, named(index))
        .then(
            [this, work, index, part](const msg::storage_network_chunk_result& got) {
              if (work->missing == 0) return;
              const auto chunk = chunk_range(content_.record.size, index);
              if (got.data.size() != chunk.size() || !is_content(got.data)) {
                work->missing = 0;
                work->promise.deliver(runtime::make_caf_error(
                    errc::refuted, "a stored content's chunk is not what its id says"));
                return;
              }
              arrived(work, part, chunk.begin, got.data);
            },
            [work](const caf::error& e) { failed(work, e); });
  }

  /// Of chunk `index` only the leaves that the read touches.
  void fetch_part(const std::shared_ptr<reading>& work, std::uint64_t index, std::size_t part,
                  std::chrono::milliseconds limit) {
    const auto chunk = chunk_range(content_.record.size, index);
    const auto from =
        std::max(chunk.begin, work->range.begin - work->range.begin % bep52_leaf_size);
    const auto to = std::min(chunk.end, (work->range.end + bep52_leaf_size - 1) / bep52_leaf_size *
                                            bep52_leaf_size);
    request(network_, limit,
            msg::storage_network_part{named(index).name, {from - chunk.begin, to - chunk.begin}})
        .then(
            [this, work, part, from, to](const msg::storage_network_part_result& got) {
              if (work->missing == 0) return;
              if (got.data.size() != to - from)
                return failed(work, runtime::make_caf_error(
                                        errc::refuted, "a part of a chunk has another length"));
              arrived(work, part, from, got.data);
            },
            [work](const caf::error& e) { failed(work, e); });
  }

  /// `data` are the content's bytes from `begin` on, and hold what the read wants of its `part`.
  void arrived(const std::shared_ptr<reading>& work, std::size_t part, std::uint64_t begin,
               const slice& data) {
    const auto from = std::max(begin, work->range.begin);
    const auto to = std::min(begin + data.size(), work->range.end);
    received_ += to - from;
    work->parts[part] = data.sub(from - begin, to - from);
    if (--work->missing == 0) work->promise.deliver(joined(*work));
  }

  static void failed(const std::shared_ptr<reading>& work, const caf::error& e) {
    if (work->missing == 0) return;
    work->missing = 0;
    work->promise.deliver(e);
  }

  /// A single chunk's name says less than the content id: that is as wide as the content.
  bool is_content(byte_view data) {
    if (content_.record.size > chunk_bytes || proved_) return true;
    proved_ = equal(bep52_root(bep52_leaves(data)), content_.record.content_id);
    return proved_;
  }

  void fetch_ahead(std::uint64_t index) {
    if (index >= chunk_count(content_.record.size)) return;
    request(network_, ahead_patience, named(index))
        .then([](const msg::storage_network_chunk_result&) {}, [](const caf::error&) {});
  }

  static msg::source_read_result joined(const reading& work) {
    if (work.parts.size() == 1) return {work.parts.front()};
    bytes out;
    out.reserve(work.range.size());
    for (const auto& p : work.parts) append(out, p);
    return {slice(std::move(out))};
  }

  static constexpr std::uint64_t version = 1;
  msg::storage_network_actor network_;
  msg::stored_content content_;
  read_pattern pattern_;
  std::uint64_t received_ = 0;
  bool proved_ = false;
};

} // namespace

result<msg::source_actor> spawn_stored_source(runtime::loop& home,
                                              msg::storage_network_actor network,
                                              const msg::stored_content& content) {
  if (auto ok = check(content); !ok) return tl::unexpected(ok.error());
  return runtime::spawn_on<stored_source>(home, std::move(network), content);
}

} // namespace interswarm::storage
