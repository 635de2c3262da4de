#include "actors/overlays/ed2k/registrar_core.hpp"

#include <algorithm>

namespace interswarm::ed2k {

/// The table's entry of `file`, made if need be; null when the table is full of what is in use.
registrar_core::known_file* registrar_core::remember(const file_key& file) {
  if (const auto found = files_.find(file); found != files_.end()) return &found->second;
  if (files_.size() >= limits::max_remembered_files) {
    const auto idle = std::find_if(files_.begin(), files_.end(), [&](const auto& e) {
      return e.second.waiting.empty() && !e.second.queued && !followed_.contains(e.first);
    });
    if (idle == files_.end()) return nullptr;
    files_.erase(idle);
  }
  return &files_[file];
}

bool registrar_core::may_ask(const known_file& f, instant now) const {
  if (!f.asked) return true;
  const auto shift = std::min(f.empty_rounds, 5u);
  const auto gap = f.sources.empty() && f.empty_rounds > 0
                       ? std::min(limits::first_reask_time * (1 << (shift - 1)), limits::reask_time)
                       : limits::reask_time;
  return now - *f.asked >= gap;
}

registrar_effects registrar_core::find(call_id call, const file_key& file, std::size_t want,
                                       instant now) {
  registrar_effects out;
  if (!online()) {
    out.push_back(
        call_failed{call, {refused_ ? errc::denied : errc::unavailable, status_line(now)}});
    return out;
  }
  auto* f = remember(file);
  if (f == nullptr || waiting_finds_ >= limits::max_waiting_finds) {
    out.push_back(
        call_failed{call, {errc::overloaded, server_name() + ": too many questions wait"}});
    return out;
  }
  f->waiting.push_back({call, want, now});
  ++waiting_finds_;
  if (!f->queued && may_ask(*f, now)) {
    f->queued = true;
    // Somebody waits: before the names that are only followed.
    ask_queue_.push_front(file);
  }
  ask(now, out);
  const bool under_way =
      f->queued || (f->asked && !f->answered && now - *f->asked < limits::find_timeout);
  if (!under_way) answer(file, *f, now, out);
  return out;
}

/// Sends the questions that the budget allows.
void registrar_core::ask(instant now, registrar_effects& out) {
  while (online() && !ask_queue_.empty() && asks_.take(limits::source_request_seconds, now)) {
    const auto file = ask_queue_.front();
    ask_queue_.pop_front();
    auto& f = files_.at(file);
    f.queued = false;
    f.asked = now;
    f.answered = false;
    // Counted as empty until the server says otherwise: many say nothing.
    ++f.empty_rounds;
    send(get_sources_request{{file.hash, file.size}, false}, now, out);
  }
}

void registrar_core::on_sources(const source_list& found, instant now, registrar_effects& out) {
  // The answer does not tell the size; of files that share a hash each asked one gets it.
  for (auto& [file, f] : files_) {
    if (file.hash != found.hash || !f.asked) continue;
    f.sources.clear();
    for (const auto& source : found.sources) {
      const bool ourselves = source.id == id_ && source.port == options_.own.address.port;
      const bool out_of_reach = source.id.is_low() && (id_.is_low() || source.id.value == 0);
      if (ourselves || out_of_reach || f.sources.size() >= limits::max_remembered_sources) continue;
      f.sources.push_back({source.id, source.port, 0, source.user_hash});
    }
    f.answered = true;
    if (!f.sources.empty()) f.empty_rounds = 0;
    if (!f.queued) answer(file, f, now, out);
  }
}

void registrar_core::answer(const file_key&, known_file& f, instant now, registrar_effects& out) {
  if (f.waiting.empty()) return;
  std::size_t most = 0;
  for (const auto& w : f.waiting) {
    const auto count = std::min(w.want, f.sources.size());
    most = std::max(most, count);
    out.push_back(find_answered{
        w.call, {f.sources.begin(), f.sources.begin() + static_cast<std::ptrdiff_t>(count)}});
  }
  waiting_finds_ -= f.waiting.size();
  f.waiting.clear();
  call_back({f.sources.begin(), f.sources.begin() + static_cast<std::ptrdiff_t>(most)}, now, out);
}

void registrar_core::call_back(const std::vector<source_entry>& sources, instant now,
                               registrar_effects& out) {
  for (const auto& source : sources) {
    if (!source.id.is_low()) continue;
    const auto called = called_.find(source.id.value);
    if (called != called_.end() && now - called->second < limits::callback_gap) continue;
    if (called == called_.end() && called_.size() >= limits::max_remembered_low_ids)
      called_.clear();
    called_[source.id.value] = now;
    send(callback_request{source.id}, now, out);
  }
}

void registrar_core::follow(const std::vector<file_key>& files) {
  followed_.clear();
  for (const auto& file : files) {
    if (followed_.size() >= limits::max_followed_names) break;
    followed_.insert(file);
  }
}

std::optional<std::uint32_t> registrar_core::known_sources(const file_key& file) const {
  const auto found = files_.find(file);
  if (found == files_.end() || !found->second.asked) return std::nullopt;
  return static_cast<std::uint32_t>(found->second.sources.size());
}

registrar_effects registrar_core::search(call_id call, const search_query& query, instant now) {
  registrar_effects out;
  auto expression = make_search(query);
  if (!expression) {
    out.push_back(call_failed{call, expression.error()});
  } else if (!online()) {
    out.push_back(
        call_failed{call, {refused_ ? errc::denied : errc::unavailable, status_line(now)}});
  } else if (searches_.size() >= limits::max_waiting_searches) {
    out.push_back(
        call_failed{call, {errc::overloaded, server_name() + ": too many searches wait"}});
  } else {
    searches_.push_back({call, std::move(*expression), {}, {}});
    if (searches_.size() == 1) next_search(now, out);
  }
  return out;
}

/// Answers carry no number, so there is one search at a time.
void registrar_core::next_search(instant now, registrar_effects& out) {
  if (searches_.empty()) return;
  searches_.front().sent = now;
  send(search_request{searches_.front().expression}, now, out);
}

void registrar_core::on_results(const search_result_answer& results, instant now,
                                registrar_effects& out) {
  if (searches_.empty() || !searches_.front().sent) return;
  auto& s = searches_.front();
  for (const auto& file : results.files) {
    if (s.files.size() < limits::max_search_results) s.files.push_back(file);
  }
  if (results.more && !results.files.empty() && s.files.size() < limits::max_search_results) {
    s.sent = now;
    send(query_more_request{}, now, out);
    return;
  }
  out.push_back(search_answered{s.call, std::move(s.files)});
  searches_.pop_front();
  next_search(now, out);
}

void registrar_core::on_reject(instant now, registrar_effects& out) {
  if (searches_.empty() || !searches_.front().sent) return;
  out.push_back(call_failed{searches_.front().call,
                            {errc::malformed, server_name() + ": refuses this search"}});
  searches_.pop_front();
  next_search(now, out);
}

} // namespace interswarm::ed2k
