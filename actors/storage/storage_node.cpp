#include "actors/storage/storage_node.hpp"

#include "actors/runtime/log.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "actors/runtime/on_loop.hpp"
#include "actors/runtime/reason.hpp"
#include "actors/runtime/wall_clock.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>
#include <atomic>

namespace interswarm::storage {

namespace {

constexpr auto node_chore_interval = 1 * kj::SECONDS;
/// Of the longest lists of chunks and holders.
constexpr std::uint64_t list_bytes = std::uint64_t{1} << 20;
/// Removals in one go, so that a disk is not held up by them.
constexpr std::size_t collect_at_once = 256;

result<chunk_name> checked_name(byte_view raw) {
  chunk_name out;
  if (raw.size() != out.size()) return fail(errc::malformed, "a chunk's name has 32 bytes");
  std::copy(raw.begin(), raw.end(), out.begin());
  return out;
}

result<std::vector<chunk_name>> to_names(const std::vector<slice>& all) {
  if (all.size() > limits::chunk_batch)
    return fail(errc::too_large, "too many chunks in one request");
  std::vector<chunk_name> out;
  out.reserve(all.size());
  for (const auto& one : all) {
    const auto name = checked_name(one);
    if (!name) return tl::unexpected(name.error());
    out.push_back(*name);
  }
  return out;
}

msg::chunk_state to_message(const chunk_state& s) {
  return {slice::copy_of(s.name),
          s.size,
          s.stored_at,
          s.checked_at,
          static_cast<msg::chunk_condition>(s.condition),
          s.unheld_since};
}

std::vector<msg::chunk_state> to_messages(const std::vector<chunk_state>& all) {
  std::vector<msg::chunk_state> out;
  out.reserve(all.size());
  for (const auto& s : all) out.push_back(to_message(s));
  return out;
}

/// `T` made of what `found` has, or its error.
template <class T, class Found, class Make>
result<T> then(const Found& found, Make make) {
  if (!found) return tl::unexpected(found.error());
  return T{make(*found)};
}

// What runs on the node's threads.

result<msg::storage_node_hold_result> hold(chunk_store& store, const msg::storage_node_hold& x) {
  const auto names = to_names(x.names);
  if (!names) return tl::unexpected(names.error());
  return then<msg::storage_node_hold_result>(store.hold(*names, x.holder), [](const auto& missing) {
    std::vector<slice> out;
    for (const auto& name : missing) out.push_back(slice::copy_of(name));
    return out;
  });
}

result<msg::storage_node_find_result> find(chunk_store& store, const msg::storage_node_find& x) {
  const auto names = to_names(x.names);
  if (!names) return tl::unexpected(names.error());
  msg::storage_node_find_result out;
  for (const auto& name : *names) {
    const auto found = store.find(name);
    if (!found) return tl::unexpected(found.error());
    if (*found) out.chunks.push_back(to_message(**found));
  }
  return out;
}

result<msg::storage_node_list_result> list(chunk_store& store, const msg::storage_node_list& x) {
  std::optional<chunk_name> after;
  if (!x.after.empty()) {
    const auto name = checked_name(x.after);
    if (!name) return tl::unexpected(name.error());
    after = *name;
  }
  return then<msg::storage_node_list_result>(store.list(after, x.limit), to_messages);
}

result<msg::storage_node_holders_result> holders(chunk_store& store,
                                                 const msg::storage_node_holders& x) {
  return then<msg::storage_node_holders_result>(store.holders(x.after, x.limit),
                                                [](const auto& found) {
                                                  std::vector<slice> out;
                                                  for (const auto& h : found)
                                                    out.push_back(slice::copy_of(h));
                                                  return out;
                                                });
}

class storage_node final : public runtime::loop_actor<msg::storage_node_actor> {
public:
  storage_node(caf::actor_config& config, runtime::loop& home, std::shared_ptr<chunk_store> store,
               storage_node_options options)
      : loop_actor(config, home), store_(std::move(store)), options_(std::move(options)),
        pool_(std::make_unique<runtime::worker_pool>(options_.threads)) {}
  ~storage_node() noexcept override = default;

  const char* name() const override { return "storage-node"; }

  void on_exit() override {
    chores_.reset();
    // What was begun is brought to its end: an acknowledged chunk is never half there.
    pool_.reset();
    store_.reset();
  }

  behavior_type make_behavior() override;

private:
  /// Runs `work(store)`, which needs up to so many bytes of memory, on a thread and answers with
  /// its `result<Result>`.
  template <class Result, class Work>
  caf::result<Result> answer(Work work, std::uint64_t bytes = list_bytes) {
    if (in_work_ >= node_requests || in_work_bytes_ + bytes > node_request_bytes)
      return runtime::make_caf_error(errc::overloaded,
                                     "too many requests are in work at this storage node");
    in_work_bytes_ += bytes;
    return answer_always<Result>(std::move(work), bytes);
  }

  template <class Result, class Work>
  caf::result<Result> answer_always(Work work, std::uint64_t bytes = 0) {
    auto promise = make_response_promise();
    run(std::move(work), [this, promise, bytes](auto outcome) mutable {
      in_work_bytes_ -= bytes;
      if (!outcome)
        promise.deliver(runtime::make_caf_error(outcome.error()));
      else if constexpr (std::is_void_v<Result>)
        promise.deliver(caf::unit);
      else
        promise.deliver(std::move(*outcome));
    });
    return promise;
  }

  /// `finish` gets what `work(store)` gave, on the loop.
  template <class Work, class Done>
  void run(Work work, Done finish) {
    ++in_work_;
    pool_->run([this, keep = caf::strong_actor_ptr(ctrl()), store = store_,
                at = home().shared_from_this(), work = std::move(work),
                finish = std::move(finish)]() mutable {
      at->post([this, keep = std::move(keep), finish = std::move(finish),
                outcome = work(*store)]() mutable {
        --in_work_;
        finish(std::move(outcome));
      });
    });
  }

  caf::result<void> put(const msg::storage_node_put& x) {
    return answer<void>(
        [x](chunk_store& store) -> result<void> {
          const auto name = checked_name(x.name);
          if (!name) return tl::unexpected(name.error());
          return store.put(*name, x.data, x.holder, runtime::unix_seconds());
        },
        x.data.size());
  }

  caf::result<msg::storage_node_get_result> get(const msg::storage_node_get& x) {
    return answer<msg::storage_node_get_result>(
        [x, given = given_](chunk_store& store) -> result<msg::storage_node_get_result> {
          const auto name = checked_name(x.name);
          if (!name) return tl::unexpected(name.error());
          const byte_range range{x.range.begin, x.range.end};
          auto data = x.unchecked ? store.get_unchecked(*name, x.whole ? std::nullopt
                                                                       : std::optional(range))
                      : x.whole ? store.get_all(*name)
                                  : store.get(*name, range);
          if (!data) return tl::unexpected(data.error());
          *given += data->size();
          return msg::storage_node_get_result{std::move(*data)};
        },
        // A range that is too long is refused before anything is read.
        x.whole ? chunk_bytes : std::min(x.range.end - x.range.begin, chunk_bytes));
  }

  caf::result<msg::storage_node_stat_result> stat() {
    // However busy it is: a node that does not tell its state is taken for dead.
    return answer_always<msg::storage_node_stat_result>(
        [id = options_.id, domain = options_.domain,
         given = given_->load()](chunk_store& store) -> result<msg::storage_node_stat_result> {
          const auto use = store.usage();
          if (!use) return tl::unexpected(use.error());
          const auto oldest = store.least_checked(1);
          if (!oldest) return tl::unexpected(oldest.error());
          msg::storage_node_stat_result out;
          out.state = {id, domain, use->quota_bytes, use->used_bytes, use->chunks, use->bad_chunks,
                       0,  given};
          if (!oldest->empty()) out.state.oldest_check = oldest->front().checked_at;
          return out;
        });
  }

  kj::Promise<void> chores() {
    return home().timer().afterDelay(node_chore_interval).then([this] {
      scrub_credit_ = std::min<std::int64_t>(
          scrub_credit_ + static_cast<std::int64_t>(options_.scrub_bytes_per_second),
          static_cast<std::int64_t>(options_.scrub_bytes_per_second));
      if (!scrubbing_) scrub();
      if (!collecting_) collect();
      return chores();
    });
  }

  void scrub();
  void collect();

  std::shared_ptr<chunk_store> store_;
  storage_node_options options_;
  std::unique_ptr<runtime::worker_pool> pool_;
  /// Bytes of chunks.
  std::shared_ptr<std::atomic<std::uint64_t>> given_ =
      std::make_shared<std::atomic<std::uint64_t>>(0);
  std::size_t in_work_ = 0;
  std::uint64_t in_work_bytes_ = 0;
  /// Bytes that may be scrubbed now; below 0 after a chunk that was larger.
  std::int64_t scrub_credit_ = 0;
  bool scrubbing_ = false;
  bool collecting_ = false;
  runtime::on_loop<kj::Promise<void>> chores_;
};

storage_node::behavior_type storage_node::make_behavior() {
  chores_ = runtime::on_loop<kj::Promise<void>>(
      home(), chores().eagerlyEvaluate([this](kj::Exception&& e) {
        runtime::log().error("storage node {}: scrubbing stopped: {}", options_.id,
                             runtime::reason_of(e));
      }));
  return {
      [this](const msg::storage_node_stat&) { return stat(); },
      [this](const msg::storage_node_put& x) { return put(x); },
      [this](const msg::storage_node_hold& x) {
        return answer<msg::storage_node_hold_result>(
            [x](chunk_store& store) { return hold(store, x); });
      },
      [this](const msg::storage_node_get& x) { return get(x); },
      [this](const msg::storage_node_leaves& x) {
        return answer<msg::storage_node_leaves_result>(
            [x](chunk_store& store) -> result<msg::storage_node_leaves_result> {
              const auto name = checked_name(x.name);
              if (!name) return tl::unexpected(name.error());
              return then<msg::storage_node_leaves_result>(
                  store.leaves(*name), [](const bytes& found) { return slice::copy_of(found); });
            },
            chunk_head::max_bytes);
      },
      [this](const msg::storage_node_find& x) {
        return answer<msg::storage_node_find_result>(
            [x](chunk_store& store) { return find(store, x); });
      },
      [this](const msg::storage_node_release& x) {
        return answer<msg::storage_node_release_result>([x](chunk_store& store) {
          return then<msg::storage_node_release_result>(
              store.release(x.holder, runtime::unix_seconds()), [](auto count) { return count; });
        });
      },
      [this](const msg::storage_node_remove& x) -> caf::result<void> {
        return answer<void>([x](chunk_store& store) -> result<void> {
          const auto names = to_names(x.names);
          if (!names) return tl::unexpected(names.error());
          return store.remove(*names, runtime::unix_seconds());
        });
      },
      [this](const msg::storage_node_list& x) {
        return answer<msg::storage_node_list_result>(
            [x](chunk_store& store) { return list(store, x); });
      },
      [this](const msg::storage_node_holders& x) {
        return answer<msg::storage_node_holders_result>(
            [x](chunk_store& store) { return holders(store, x); });
      },
      [this](const msg::storage_node_bad& x) {
        return answer<msg::storage_node_bad_result>([x](chunk_store& store) {
          return then<msg::storage_node_bad_result>(store.not_good(x.limit), to_messages);
        });
      },
      [this](const msg::storage_node_scrub& x) {
        return answer<msg::storage_node_scrub_result>(
            [x](chunk_store& store) -> result<msg::storage_node_scrub_result> {
              const auto name = checked_name(x.name);
              if (!name) return tl::unexpected(name.error());
              return then<msg::storage_node_scrub_result>(
                  store.check(*name, runtime::unix_seconds()),
                  [](auto c) { return static_cast<msg::chunk_condition>(c); });
            });
      },
  };
}

void storage_node::scrub() {
  if (scrub_credit_ <= 0) return;
  scrubbing_ = true;
  struct outcome {
    chunk_state next;
    bool due = false;
    chunk_condition found = chunk_condition::good;
  };
  run(
      [older_than = runtime::unix_seconds() -
                    options_.scrub_interval.count()](chunk_store& store) -> result<outcome> {
        const auto next = store.least_checked(1);
        if (!next) return tl::unexpected(next.error());
        if (next->empty() || next->front().checked_at > older_than) return outcome{};
        const auto found = store.check(next->front().name, runtime::unix_seconds());
        // Removed meanwhile.
        if (!found && found.error().code == errc::not_found) return outcome{};
        if (!found) return tl::unexpected(found.error());
        return outcome{next->front(), true, *found};
      },
      [this](const result<outcome>& end) {
        scrubbing_ = false;
        if (!end) {
          runtime::log().error("storage node {}: cannot scrub: {}", options_.id, end.error().text);
          return;
        }
        if (!end->due || !store_) return;
        if (end->found != chunk_condition::good) {
          runtime::log().warn("storage node {}: chunk {} is {}", options_.id,
                              to_hex(end->next.name),
                              end->found == chunk_condition::lost ? "lost" : "damaged");
        }
        scrub_credit_ -= end->next.size;
        scrub();
      });
}

void storage_node::collect() {
  collecting_ = true;
  run([before = runtime::unix_seconds() - options_.grace.count()](
          chunk_store& store) { return store.collect(before, collect_at_once); },
      [this](const result<std::uint64_t>& end) {
        collecting_ = false;
        if (!end)
          runtime::log().error("storage node {}: cannot remove chunks: {}", options_.id,
                               end.error().text);
      });
}

} // namespace

msg::storage_node_actor spawn_storage_node(runtime::loop& home, std::shared_ptr<chunk_store> store,
                                           storage_node_options options) {
  return runtime::spawn_on<storage_node>(home, std::move(store), std::move(options));
}

} // namespace interswarm::storage
