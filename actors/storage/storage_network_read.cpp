#include "actors/runtime/log.hpp"
#include "actors/storage/storage_network_party.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>

namespace interswarm::storage {

namespace {

/// How exactly a silent node's time is kept.
constexpr auto hedge_interval = 10 * kj::MILLISECONDS;
constexpr instant crowd_pause{20};

} // namespace

bool storage_network_party::crowding::wait(std::optional<error>& failure, instant now,
                                           instant patience) {
  if (!failure || failure->code != errc::overloaded || now - begun >= patience) return false;
  failure.reset();
  again_at = now + crowd_pause;
  return true;
}

kj::Promise<void> storage_network_party::watch_reads() {
  return home().timer().afterDelay(hedge_interval).then([this]() -> kj::Promise<void> {
    // Asking may end reads.
    std::vector<chunk_name> all;
    for (const auto& [name, r] : reads_) all.push_back(name);
    for (const auto& name : all) ask_nodes(name);
    std::vector<std::uint64_t> some;
    for (const auto& [id, p] : parts_) some.push_back(id);
    for (const auto id : some) ask_for_part(id);
    watching_ = !reads_.empty() || !parts_.empty();
    return watching_ ? watch_reads() : kj::Promise<void>(kj::READY_NOW);
  });
}

void storage_network_party::watch_later() {
  if (watching_ || (reads_.empty() && parts_.empty())) return;
  watching_ = true;
  watch_ = runtime::on_loop<kj::Promise<void>>(home(), watch_reads().eagerlyEvaluate(nullptr));
}

caf::result<msg::storage_network_chunk_result>
storage_network_party::chunk(const msg::storage_network_chunk& x) {
  chunk_name name;
  if (x.name.size() != name.size())
    return runtime::make_caf_error(errc::malformed, "a chunk's name has 32 bytes");
  std::copy_n(x.name.data(), name.size(), name.begin());
  if (auto kept = cache_->find(name); !kept.empty()) return msg::storage_network_chunk_result{kept};
  auto found = reads_.find(name);
  if (found == reads_.end()) {
    if (reads_.size() >= network_reads)
      return runtime::make_caf_error(errc::overloaded, "too many chunks are being read");
    found = reads_.try_emplace(name).first;
    found->second.id = next_id_++;
    found->second.plan = hedged_read(board_.read_order(name, clock_now()));
    found->second.crowd.begun = clock_now();
  }
  auto promise = make_response_promise<msg::storage_network_chunk_result>();
  found->second.waiting.push_back(promise);
  ask_nodes(name);
  watch_later();
  return promise;
}

void storage_network_party::ask_nodes(const chunk_name& name) {
  auto found = reads_.find(name);
  if (found == reads_.end()) return;
  auto& r = found->second;
  const auto now = clock_now();
  if (now < r.crowd.again_at) return;
  while (const auto n = r.plan.next(now)) {
    if (!nodes_[*n].handle) {
      r.plan.failed(*n);
      continue;
    }
    request(nodes_[*n].handle, options_.patience,
            msg::storage_node_get{slice::copy_of(name), {0, 0}, true, true})
        .then([this, name, id = r.id, n = *n,
               now](const msg::storage_node_get_result& got) { check(name, id, n, now, got.data); },
              [this, name, id = r.id, n = *n, joined = nodes_[*n].joined](const caf::error& e) {
                note_failure(n, joined, e);
                read_failed(name, id, n, runtime::to_error(e));
              });
  }
  if (!r.plan.hopeless()) return;
  if (!r.crowd.wait(r.failure, now, options_.patience)) return end_read(name);
  r.plan = hedged_read(board_.read_order(name, now));
}

void storage_network_party::check(const chunk_name& name, std::uint64_t id, node_board::number n,
                                  instant asked, const slice& data) {
  board_.answered(n, clock_now() - asked, clock_now());
  const auto found = reads_.find(name);
  if (found == reads_.end() || found->second.id != id) return; // another was faster
  pool_->run([this, keep = caf::strong_actor_ptr(ctrl()), at = home().shared_from_this(), name, id,
              n, data]() mutable {
    const bool good = !data.empty() && data.size() <= chunk_bytes && name_chunk(data) == name;
    at->post([this, keep = std::move(keep), name, id, n, data, good] {
      if (ended()) return;
      if (good) return read_done(name, id, data);
      wrong_bytes(n, name);
      read_failed(name, id, n,
                  {errc::refuted, "a storage node gave wrong bytes for chunk " + to_hex(name)});
    });
  });
}

void storage_network_party::wrong_bytes(node_board::number n, const chunk_name& name) {
  runtime::log().warn("storage node {} gave wrong bytes for chunk {}", board_.state_of(n).id,
                      to_hex(name));
  if (!nodes_[n].handle) return;
  request(nodes_[n].handle, options_.patience, msg::storage_node_scrub{slice::copy_of(name)})
      .then([](const msg::storage_node_scrub_result&) {}, [](const caf::error&) {});
}

void storage_network_party::read_done(const chunk_name& name, std::uint64_t id, const slice& data) {
  const auto found = reads_.find(name);
  if (found == reads_.end() || found->second.id != id) return;
  cache_->store(name, data);
  auto r = std::move(found->second);
  reads_.erase(found);
  for (auto& w : r.waiting) w.deliver(msg::storage_network_chunk_result{data});
}

void storage_network_party::read_failed(const chunk_name& name, std::uint64_t id,
                                        node_board::number n, error why) {
  const auto found = reads_.find(name);
  if (found == reads_.end() || found->second.id != id) return;
  auto& r = found->second;
  r.plan.failed(n);
  if (says_more(why, r.failure)) r.failure = std::move(why);
  ask_nodes(name);
}

void storage_network_party::end_read(const chunk_name& name) {
  auto r = reads_.extract(name);
  const auto why = r.mapped().failure.value_or(
      error{errc::unavailable, "no storage node is there to read chunk " + to_hex(name)});
  answer(r.mapped(), runtime::make_caf_error(why));
}

void storage_network_party::answer(read_work& r, const caf::error& why) {
  for (auto& w : r.waiting) w.deliver(why);
  r.waiting.clear();
}

caf::result<msg::storage_network_open_result>
storage_network_party::open(const msg::storage_network_open& x) {
  auto source = spawn_stored_source(
      home(), caf::actor_cast<msg::storage_network_actor>(caf::strong_actor_ptr(ctrl())),
      x.content);
  if (!source) return runtime::make_caf_error(source.error());
  return msg::storage_network_open_result{*source};
}

} // namespace interswarm::storage
