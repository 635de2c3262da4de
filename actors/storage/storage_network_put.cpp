#include "actors/storage/storage_network_party.hpp"
#include "storage/limits.hpp"

#include <algorithm>

namespace interswarm::storage {

caf::result<msg::storage_network_put_result>
storage_network_party::put(const msg::storage_network_put& x) {
  chunk_name name;
  if (x.name.size() != name.size())
    return runtime::make_caf_error(errc::malformed, "a chunk's name has 32 bytes");
  if (puts_.size() >= network_puts)
    return runtime::make_caf_error(errc::overloaded, "too many chunks are being stored");
  std::copy_n(x.name.data(), name.size(), name.begin());
  const auto id = next_id_++;
  auto& p = puts_[id];
  p.what = x;
  p.promise = make_response_promise<msg::storage_network_put_result>();
  auto promise = p.promise;
  when_complete([this, id, name] {
    puts_.at(id).order = board_.put_order(name, options_.copies, clock_now());
    put_more(id);
  });
  return promise;
}

void storage_network_party::put_more(std::uint64_t id) {
  auto& p = puts_.at(id);
  while (p.stored + p.waiting < options_.copies && p.next < p.order.size()) {
    const auto n = p.order[p.next++];
    if (!nodes_[n].handle) continue;
    ++p.waiting;
    request(nodes_[n].handle, options_.patience,
            msg::storage_node_put{p.what.name, p.what.data, p.what.holder})
        .then([this, id] { put_done(id, std::nullopt); },
              [this, id, n, joined = nodes_[n].joined](const caf::error& e) {
                note_failure(n, joined, e);
                put_done(id, runtime::to_error(e));
              });
  }
  if (p.waiting == 0) end_put(id);
}

void storage_network_party::put_done(std::uint64_t id, std::optional<error> failure) {
  const auto at = puts_.find(id);
  if (at == puts_.end()) return;
  auto& p = at->second;
  --p.waiting;
  if (failure) {
    // Bytes that are not the chunk's are so everywhere.
    if (failure->code == errc::refuted || failure->code == errc::malformed) p.next = p.order.size();
    // That there is no room is what an operator can mend.
    if (!p.failure || failure->code == errc::no_room) p.failure = std::move(failure);
  } else {
    ++p.stored;
  }
  put_more(id);
}

void storage_network_party::end_put(std::uint64_t id) {
  auto p = puts_.extract(id);
  auto& w = p.mapped();
  if (w.stored > 0 && w.stored >= std::min(options_.least_copies, options_.copies)) {
    w.promise.deliver(msg::storage_network_put_result{static_cast<std::uint8_t>(w.stored)});
    return;
  }
  auto why = w.failure.value_or(error{errc::unavailable, w.stored == 0
                                                             ? "no storage node is there"
                                                             : "no further storage node is there"});
  why.text = std::to_string(w.stored) + " of " + std::to_string(options_.copies) +
             " copies could be stored: " + why.text;
  w.promise.deliver(runtime::make_caf_error(why));
}

caf::result<msg::storage_network_hold_result>
storage_network_party::hold(const msg::storage_network_hold& x) {
  if (x.names.size() > limits::chunk_batch)
    return runtime::make_caf_error(errc::too_large, "too many chunks in one request");
  auto work = std::make_shared<hold_work>();
  for (const auto& raw : x.names) {
    chunk_name name;
    if (raw.size() != name.size())
      return runtime::make_caf_error(errc::malformed, "a chunk's name has 32 bytes");
    std::copy_n(raw.data(), name.size(), name.begin());
    work->held.try_emplace(name, 0);
  }
  work->holder = x.holder;
  work->promise = make_response_promise<msg::storage_network_hold_result>();
  auto promise = work->promise;
  when_complete([this, work] { ask_to_hold(work); });
  return promise;
}

void storage_network_party::ask_to_hold(const std::shared_ptr<hold_work>& work) {
  std::map<node_board::number, std::vector<slice>> by_node;
  const auto now = clock_now();
  for (const auto& [name, held] : work->held)
    for (const auto n : board_.homes(name, options_.copies, now))
      by_node[n].push_back(slice::copy_of(name));
  work->waiting = 1;
  for (auto& [n, names] : by_node) {
    if (!nodes_[n].handle) continue;
    ++work->waiting;
    request(nodes_[n].handle, options_.patience, msg::storage_node_hold{names, work->holder})
        .then(
            [this, work, asked = names](const msg::storage_node_hold_result& answer) {
              std::map<chunk_name, bool> missing;
              for (const auto& raw : answer.missing) {
                chunk_name name{};
                std::copy_n(raw.data(), std::min(raw.size(), name.size()), name.begin());
                missing[name] = true;
              }
              for (const auto& raw : asked) {
                chunk_name name;
                std::copy_n(raw.data(), name.size(), name.begin());
                if (!missing.contains(name)) ++work->held[name];
              }
              hold_answered(work);
            },
            [this, work, n = n, joined = nodes_[n].joined](const caf::error& e) {
              note_failure(n, joined, e);
              hold_answered(work);
            });
  }
  hold_answered(work);
}

void storage_network_party::hold_answered(const std::shared_ptr<hold_work>& work) {
  if (--work->waiting > 0) return;
  const auto enough = std::max<std::size_t>(1, std::min(options_.least_copies, options_.copies));
  msg::storage_network_hold_result out;
  for (const auto& [name, held] : work->held)
    if (held < enough) out.missing.push_back(slice::copy_of(name));
  work->promise.deliver(std::move(out));
}

caf::result<msg::storage_network_release_result>
storage_network_party::release(const msg::storage_network_release& x) {
  struct release_work {
    std::size_t waiting = 1;
    std::uint64_t count = 0;
    caf::typed_response_promise<msg::storage_network_release_result> promise;
  };
  auto work = std::make_shared<release_work>();
  work->promise = make_response_promise<msg::storage_network_release_result>();
  const auto answered = [work](std::uint64_t count) {
    work->count += count;
    if (--work->waiting == 0)
      work->promise.deliver(msg::storage_network_release_result{work->count});
  };
  for (node_board::number n = 0; n < nodes_.size(); ++n) {
    if (!nodes_[n].handle) continue;
    ++work->waiting;
    request(nodes_[n].handle, options_.patience, msg::storage_node_release{x.holder})
        .then([answered](const msg::storage_node_release_result& r) { answered(r.count); },
              [this, answered, n, joined = nodes_[n].joined](const caf::error& e) {
                note_failure(n, joined, e);
                answered(0);
              });
  }
  auto promise = work->promise;
  answered(0);
  return promise;
}

} // namespace interswarm::storage
