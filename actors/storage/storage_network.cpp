#include "actors/storage/storage_network.hpp"

#include "actors/runtime/log.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "actors/runtime/on_loop.hpp"
#include "actors/runtime/reason.hpp"
#include "actors/runtime/registration.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "actors/storage/chunk_cache.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>
#include <list>
#include <map>

namespace interswarm::storage {

namespace {

constexpr auto chore_interval = 500 * kj::MILLISECONDS;
/// How exactly a silent node's time is kept.
constexpr auto hedge_interval = 10 * kj::MILLISECONDS;

instant clock_now() {
  return std::chrono::duration_cast<instant>(std::chrono::steady_clock::now().time_since_epoch());
}

class storage_network final : public runtime::loop_actor<msg::storage_network_actor> {
public:
  storage_network(caf::actor_config& config, runtime::loop& home, storage_network_options options)
      : loop_actor(config, home), options_(std::move(options)), board_(options_.timing),
        cache_(options_.cache_bytes),
        pool_(std::make_unique<runtime::worker_pool>(options_.threads)),
        hub_(std::make_shared<hub>()) {
    hub_->owner = this;
  }
  ~storage_network() noexcept override { hub_->owner = nullptr; }

  const char* name() const override { return "storage-network"; }

  void on_exit() override {
    hub_->owner = nullptr;
    chores_.reset();
    watch_.reset();
    pool_.reset();
    nodes_.clear();
    const auto ended = runtime::make_caf_error(errc::cancelled, "the storage network ended");
    for (auto& [id, p] : puts_) p.promise.deliver(ended);
    puts_.clear();
    for (auto& [name, r] : reads_) answer(r, ended);
    reads_.clear();
  }

  behavior_type make_behavior() override {
    chores_ =
        runtime::on_loop<kj::Promise<void>>(home(), chores().eagerlyEvaluate([](kj::Exception&& e) {
          runtime::log().error("the storage network stopped: {}", runtime::reason_of(e));
        }));
    return {
        [this](const msg::storage_network_join& x) { return join(x); },
        [this](const msg::storage_network_put& x) { return put(x); },
        [this](const msg::storage_network_chunk& x) { return chunk(x); },
        [this](const msg::storage_network_open& x) { return open(x); },
        [this](const msg::storage_network_members&) { return members(); },
    };
  }

private:
  struct hub {
    storage_network* owner = nullptr;
  };
  struct member {
    msg::storage_node_actor handle;
    /// Tells a membership that was replaced from the one in force.
    std::uint64_t joined = 0;
    instant asked_at{};
    bool asking = false;
  };
  struct put_work {
    msg::storage_network_put what;
    std::vector<node_board::number> order;
    std::size_t next = 0;
    std::size_t waiting = 0;
    std::size_t stored = 0;
    std::optional<error> failure;
    caf::typed_response_promise<msg::storage_network_put_result> promise;
  };
  using chunk_promise = caf::typed_response_promise<msg::storage_network_chunk_result>;
  struct read_work {
    std::uint64_t id = 0;
    hedged_read plan{{}};
    std::vector<chunk_promise> waiting;
    std::optional<error> failure;
  };

  // Members.

  caf::result<msg::storage_network_join_result> join(const msg::storage_network_join& x) {
    if (!x.node) return runtime::make_caf_error(errc::malformed, "no storage node");
    auto promise = make_response_promise<msg::storage_network_join_result>();
    request(x.node, options_.patience, msg::storage_node_stat{})
        .then(
            [this, promise, node = x.node](const msg::storage_node_stat_result& told) mutable {
              const auto number = board_.joined(told.state, clock_now());
              if (!number) {
                promise.deliver(runtime::make_caf_error(number.error()));
                return;
              }
              if (nodes_.size() <= *number) nodes_.resize(*number + 1);
              auto& m = nodes_[*number];
              m = {node, ++joins_, clock_now(), false};
              runtime::log().info("storage node {} joined, {} chunks", told.state.id,
                                  told.state.chunks);
              promise.deliver(msg::storage_network_join_result{membership(*number, m.joined)});
            },
            [promise](const caf::error& e) mutable { promise.deliver(e); });
    return promise;
  }

  msg::registration_actor membership(node_board::number n, std::uint64_t joined) {
    return runtime::spawn_on<runtime::registration>(
        home(),
        [weak = std::weak_ptr(hub_), n, joined] {
          const auto h = weak.lock();
          const bool in =
              h && h->owner && h->owner->nodes_[n].joined == joined && h->owner->nodes_[n].handle;
          return msg::registration_check_result{in, in ? "a member" : "not a member any more"};
        },
        [weak = std::weak_ptr(hub_), loop = home().weak_from_this(), n, joined] {
          const auto at = loop.lock();
          if (!at) return;
          at->post([weak, n, joined] {
            const auto h = weak.lock();
            if (h && h->owner && h->owner->nodes_[n].joined == joined) h->owner->leave(n, "left");
          });
        });
  }

  void leave(node_board::number n, std::string_view why) {
    if (!nodes_[n].handle) return;
    runtime::log().warn("storage node {} {}", board_.state_of(n).id, why);
    nodes_[n].handle = nullptr;
    board_.lost(n);
  }

  kj::Promise<void> chores() {
    return home().timer().afterDelay(chore_interval).then([this] {
      const auto now = clock_now();
      for (node_board::number n = 0; n < nodes_.size(); ++n) ask_state(n, now);
      return chores();
    });
  }

  /// While anything is read.
  kj::Promise<void> watch_reads() {
    return home().timer().afterDelay(hedge_interval).then([this]() -> kj::Promise<void> {
      // Asking may end reads.
      std::vector<chunk_name> all;
      for (const auto& [name, r] : reads_) all.push_back(name);
      for (const auto& name : all) ask_nodes(name);
      watching_ = !reads_.empty();
      return watching_ ? watch_reads() : kj::Promise<void>(kj::READY_NOW);
    });
  }

  void ask_state(node_board::number n, instant now) {
    auto& m = nodes_[n];
    if (!m.handle || m.asking || now - m.asked_at < options_.ask_every) return;
    m.asking = true;
    m.asked_at = now;
    request(m.handle, options_.timing.away_after, msg::storage_node_stat{})
        .then(
            [this, n, joined = m.joined](const msg::storage_node_stat_result& told) {
              if (nodes_[n].joined != joined) return;
              nodes_[n].asking = false;
              board_.heard(n, told.state, clock_now());
            },
            [this, n, joined = m.joined](const caf::error& e) {
              if (nodes_[n].joined != joined) return;
              nodes_[n].asking = false;
              note_failure(n, runtime::to_error(e).code);
            });
  }

  void note_failure(node_board::number n, errc code) {
    if (code == errc::disconnected || code == errc::unavailable || code == errc::cancelled)
      leave(n, "went away");
  }

  caf::result<msg::storage_network_members_result> members() {
    msg::storage_network_members_result out;
    out.copies = static_cast<std::uint8_t>(options_.copies);
    const auto now = clock_now();
    for (node_board::number n = 0; n < board_.size(); ++n) {
      out.members.push_back(
          {board_.state_of(n), static_cast<msg::presence>(board_.presence_of(n, now))});
    }
    return out;
  }

  // Putting.

  caf::result<msg::storage_network_put_result> put(const msg::storage_network_put& x) {
    chunk_name name;
    if (x.name.size() != name.size())
      return runtime::make_caf_error(errc::malformed, "a chunk's name has 32 bytes");
    if (puts_.size() >= network_puts)
      return runtime::make_caf_error(errc::overloaded, "too many chunks are being stored");
    std::copy_n(x.name.data(), name.size(), name.begin());
    const auto id = next_id_++;
    auto& p = puts_[id];
    p.what = x;
    p.order = board_.put_order(name, options_.copies, clock_now());
    p.promise = make_response_promise<msg::storage_network_put_result>();
    auto promise = p.promise;
    put_more(id);
    return promise;
  }

  void put_more(std::uint64_t id) {
    auto& p = puts_.at(id);
    while (p.stored + p.waiting < options_.copies && p.next < p.order.size()) {
      const auto n = p.order[p.next++];
      if (!nodes_[n].handle) continue;
      ++p.waiting;
      request(nodes_[n].handle, options_.patience,
              msg::storage_node_put{p.what.name, p.what.data, p.what.holder})
          .then([this, id] { put_done(id, std::nullopt); },
                [this, id, n](const caf::error& e) {
                  auto why = runtime::to_error(e);
                  note_failure(n, why.code);
                  put_done(id, std::move(why));
                });
    }
    if (p.waiting == 0) end_put(id);
  }

  void put_done(std::uint64_t id, std::optional<error> failure) {
    const auto at = puts_.find(id);
    if (at == puts_.end()) return;
    auto& p = at->second;
    --p.waiting;
    if (failure) {
      // Bytes that are not the chunk's are so everywhere.
      if (failure->code == errc::refuted || failure->code == errc::malformed)
        p.next = p.order.size();
      // That there is no room is what an operator can mend.
      if (!p.failure || failure->code == errc::no_room) p.failure = std::move(failure);
    } else {
      ++p.stored;
    }
    put_more(id);
  }

  void end_put(std::uint64_t id) {
    auto p = puts_.extract(id);
    auto& w = p.mapped();
    if (w.stored > 0 && w.stored >= std::min(options_.least_copies, options_.copies)) {
      w.promise.deliver(msg::storage_network_put_result{static_cast<std::uint8_t>(w.stored)});
      return;
    }
    auto why = w.failure.value_or(error{errc::unavailable, "no storage node is there"});
    why.text = std::to_string(w.stored) + " of " + std::to_string(options_.copies) +
               " copies could be stored: " + why.text;
    w.promise.deliver(runtime::make_caf_error(why));
  }

  // Reading.

  caf::result<msg::storage_network_chunk_result> chunk(const msg::storage_network_chunk& x) {
    chunk_name name;
    if (x.name.size() != name.size())
      return runtime::make_caf_error(errc::malformed, "a chunk's name has 32 bytes");
    std::copy_n(x.name.data(), name.size(), name.begin());
    if (auto kept = cache_.find(name); !kept.empty())
      return msg::storage_network_chunk_result{kept};
    auto found = reads_.find(name);
    if (found == reads_.end()) {
      if (reads_.size() >= network_reads)
        return runtime::make_caf_error(errc::overloaded, "too many chunks are being read");
      found = reads_.try_emplace(name).first;
      found->second.id = next_id_++;
      found->second.plan = hedged_read(board_.read_order(name, clock_now()));
    }
    auto promise = make_response_promise<msg::storage_network_chunk_result>();
    found->second.waiting.push_back(promise);
    ask_nodes(name);
    if (!watching_ && !reads_.empty()) {
      watching_ = true;
      watch_ = runtime::on_loop<kj::Promise<void>>(home(), watch_reads().eagerlyEvaluate(nullptr));
    }
    return promise;
  }

  void ask_nodes(const chunk_name& name) {
    auto found = reads_.find(name);
    if (found == reads_.end()) return;
    auto& r = found->second;
    const auto now = clock_now();
    while (const auto n = r.plan.next(now)) {
      if (!nodes_[*n].handle) {
        r.plan.failed(*n);
        continue;
      }
      request(nodes_[*n].handle, options_.patience,
              msg::storage_node_get{slice::copy_of(name), {0, 0}, true})
          .then([this, name, id = r.id, n = *n, now](
                    const msg::storage_node_get_result& got) { check(name, id, n, now, got.data); },
                [this, name, id = r.id, n = *n](const caf::error& e) {
                  auto why = runtime::to_error(e);
                  note_failure(n, why.code);
                  read_failed(name, id, n, std::move(why));
                });
    }
    if (r.plan.hopeless()) end_read(name);
  }

  void check(const chunk_name& name, std::uint64_t id, node_board::number n, instant asked,
             const slice& data) {
    board_.answered(n, clock_now() - asked);
    const auto found = reads_.find(name);
    if (found == reads_.end() || found->second.id != id) return; // another was faster
    pool_->run([this, keep = caf::strong_actor_ptr(ctrl()), at = home().shared_from_this(), name,
                id, n, data] {
      const bool good = !data.empty() && data.size() <= chunk_bytes && name_chunk(data) == name;
      at->post([this, keep, name, id, n, data, good] {
        if (good) return read_done(name, id, data);
        runtime::log().warn("storage node {} gave wrong bytes for chunk {}", board_.state_of(n).id,
                            to_hex(name));
        read_failed(name, id, n,
                    {errc::refuted, "a storage node gave wrong bytes for chunk " + to_hex(name)});
      });
    });
  }

  void read_done(const chunk_name& name, std::uint64_t id, const slice& data) {
    const auto found = reads_.find(name);
    if (found == reads_.end() || found->second.id != id) return;
    cache_.store(name, data);
    auto r = std::move(found->second);
    reads_.erase(found);
    for (auto& w : r.waiting) w.deliver(msg::storage_network_chunk_result{data});
  }

  void read_failed(const chunk_name& name, std::uint64_t id, node_board::number n, error why) {
    const auto found = reads_.find(name);
    if (found == reads_.end() || found->second.id != id) return;
    auto& r = found->second;
    r.plan.failed(n);
    // A damaged copy says more than one that is not there.
    if (!r.failure || r.failure->code == errc::not_found) r.failure = std::move(why);
    ask_nodes(name);
  }

  void end_read(const chunk_name& name) {
    auto r = reads_.extract(name);
    const auto why = r.mapped().failure.value_or(
        error{errc::unavailable, "no storage node is there to read chunk " + to_hex(name)});
    answer(r.mapped(), runtime::make_caf_error(why));
  }

  static void answer(read_work& r, const caf::error& why) {
    for (auto& w : r.waiting) w.deliver(why);
    r.waiting.clear();
  }

  caf::result<msg::storage_network_open_result> open(const msg::storage_network_open& x) {
    auto source = spawn_stored_source(
        home(), caf::actor_cast<msg::storage_network_actor>(caf::strong_actor_ptr(ctrl())),
        x.content);
    if (!source) return runtime::make_caf_error(source.error());
    return msg::storage_network_open_result{*source};
  }

  storage_network_options options_;
  node_board board_;
  chunk_cache cache_;
  std::unique_ptr<runtime::worker_pool> pool_;
  std::shared_ptr<hub> hub_;
  std::vector<member> nodes_;
  std::map<std::uint64_t, put_work> puts_;
  std::map<chunk_name, read_work> reads_;
  std::uint64_t next_id_ = 1;
  std::uint64_t joins_ = 0;
  bool watching_ = false;
  runtime::on_loop<kj::Promise<void>> chores_;
  runtime::on_loop<kj::Promise<void>> watch_;
};

} // namespace

msg::storage_network_actor spawn_storage_network(runtime::loop& home,
                                                 storage_network_options options) {
  return runtime::spawn_on<storage_network>(home, std::move(options));
}

} // namespace interswarm::storage
