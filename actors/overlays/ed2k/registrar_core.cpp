#include "actors/overlays/ed2k/registrar_core.hpp"

#include "schema/base/encoding.hpp"
#include "schema/ed2k/client_hello.hpp"

#include <algorithm>

namespace interswarm::ed2k {

namespace {

constexpr std::uint64_t edonkey_version = 0x3C;
constexpr std::uint32_t our_login_flags =
    login_flag::zlib | login_flag::new_tags | login_flag::unicode | login_flag::large_files;
constexpr std::uint64_t max_small_file_bytes = 0xFFFFFFFF;

std::int64_t seconds(std::chrono::milliseconds time) { return (time.count() + 999) / 1000; }

} // namespace

registrar_core::registrar_core(registrar_options options, std::uint32_t seed)
    : options_(std::move(options)), random_(seed),
      asks_(static_cast<std::int64_t>(limits::source_request_burst) *
                limits::source_request_seconds,
            1) {}

std::string registrar_core::server_name() const {
  return "ed2k server " + printable(options_.host, 100) + ':' + std::to_string(options_.port);
}

std::string registrar_core::status_line(instant now) const {
  switch (at_) {
  case stage::waiting:
    return server_name() + ": " + (trouble_.empty() ? "not connected" : trouble_) +
           "; next try in " + std::to_string(seconds(std::max(instant{}, retry_at_ - now))) + " s";
  case stage::dialling: return server_name() + ": connecting";
  case stage::logging_in: return server_name() + ": logging in";
  case stage::online: break;
  }
  std::string out = server_name() + ": logged in, ";
  out += id_.is_low() ? "low id (the server cannot reach our port " +
                            std::to_string(options_.own.address.port) + ")"
                      : std::string("high id");
  if (!last_message_.empty()) out += "; it says: " + last_message_;
  return out;
}

registrar_effects registrar_core::start(instant now) {
  registrar_effects out;
  if (at_ != stage::waiting) return out;
  at_ = stage::dialling;
  since_ = now;
  out.push_back(dial_server{});
  return out;
}

registrar_effects registrar_core::connected(instant now) {
  registrar_effects out;
  if (at_ != stage::dialling) return out;
  at_ = stage::logging_in;
  since_ = now;
  sent_at_ = now;
  log_in(out);
  return out;
}

void registrar_core::log_in(registrar_effects& out) {
  login_request login{options_.own.user_hash, {}, options_.own.address.port, {}};
  login.tags = {tag(tag_name::name, options_.nick), tag(tag_name::version, edonkey_version),
                tag(tag_name::server_flags, std::uint64_t{our_login_flags}),
                tag(tag_name::emule_version, std::uint64_t{compatible_emule_version})};
  // Not packed: the server's flags come with its answer.
  out.push_back(send_request{std::move(login), false});
}

registrar_effects registrar_core::closed(const std::string& why, instant now) {
  registrar_effects out;
  if (at_ == stage::waiting) return out;
  wait(back_off_, printable(why), now, out);
  return out;
}

/// Not connected for `time`; who waits for the server gets to know.
void registrar_core::wait(std::chrono::milliseconds time, std::string why, instant now,
                          registrar_effects& out) {
  at_ = stage::waiting;
  trouble_ = std::move(why);
  // Up to a quarter more, so that the nodes of a failed server do not come back as one.
  retry_at_ =
      now + time +
      std::chrono::milliseconds(random_() % (static_cast<std::uint64_t>(time.count()) / 4 + 1));
  back_off_ = std::min(back_off_ * 2, limits::max_back_off);
  for (auto& [file, a] : announced_) a.offered = false;
  offers_changed_ = true;
  withdrawn_ = false;
  offered_at_.reset();
  called_.clear();
  // Low ids were this session's.
  for (auto& [file, f] : files_)
    std::erase_if(f.sources, [](const source_entry& s) { return s.id.is_low(); });
  const auto line = status_line(now);
  lose(line, out);
  out.push_back(report_status{line});
}

void registrar_core::lose(const std::string& why, registrar_effects& out) {
  for (const auto& file : ask_queue_) files_.at(file).queued = false;
  ask_queue_.clear();
  for (auto& [file, f] : files_) {
    for (const auto& w : f.waiting) out.push_back(call_failed{w.call, {errc::unavailable, why}});
    f.waiting.clear();
  }
  waiting_finds_ = 0;
  for (const auto& s : searches_) out.push_back(call_failed{s.call, {errc::unavailable, why}});
  searches_.clear();
}

registrar_effects registrar_core::received(const server_answer& answer, instant now) {
  registrar_effects out;
  if (at_ != stage::logging_in && at_ != stage::online) return out;
  if (const auto* change = std::get_if<id_change_answer>(&answer)) {
    on_id(*change, now, out);
  } else if (const auto* message = std::get_if<server_message_answer>(&answer)) {
    const auto first = std::string_view(message->text).substr(0, message->text.find('\n'));
    // The line about the version is for programs.
    if (!first.starts_with("server version")) last_message_ = printable(first, 120);
  } else if (at_ != stage::online) {
    return out;
  } else if (const auto* found = std::get_if<found_sources_answer>(&answer)) {
    on_sources(found->found, now, out);
  } else if (const auto* results = std::get_if<search_result_answer>(&answer)) {
    on_results(*results, now, out);
  } else if (std::holds_alternative<reject_answer>(answer)) {
    on_reject(now, out);
  }
  return out;
}

void registrar_core::on_id(const id_change_answer& change, instant now, registrar_effects& out) {
  if (change.id.value == 0) {
    refused_ = true;
    out.push_back(hang_up{});
    wait(limits::refused_back_off,
         "refuses us" + (last_message_.empty() ? std::string() : " (\"" + last_message_ + "\")"),
         now, out);
    return;
  }
  const bool fresh = at_ != stage::online;
  id_ = change.id;
  flags_ = change.flags;
  refused_ = false;
  at_ = stage::online;
  if (!fresh) return;
  since_ = now;
  back_off_ = limits::first_back_off;
  trouble_.clear();
  out.push_back(report_status{status_line(now)});
  offers_changed_ = true;
  offer_changes(now, out);
  ask(now, out);
}

registrar_effects registrar_core::tick(instant now) {
  registrar_effects out;
  switch (at_) {
  case stage::waiting:
    if (now >= retry_at_) return start(now);
    return out;
  case stage::dialling: return out; // the hands' time-out ends it
  case stage::logging_in:
    if (now - since_ < limits::server_login_timeout) return out;
    out.push_back(hang_up{});
    wait(back_off_, "did not answer our login", now, out);
    return out;
  case stage::online: break;
  }
  if (withdrawn_ && now - since_ >= limits::relogin_gap && waiting_finds_ == 0 &&
      searches_.empty()) {
    out.push_back(hang_up{});
    wait(std::chrono::milliseconds(1000), "logging in anew to take back withdrawn files", now, out);
    return out;
  }
  offer_changes(now, out);
  for (const auto& file : followed_) {
    auto* f = remember(file);
    if (f == nullptr || f->queued || !may_ask(*f, now) ||
        ask_queue_.size() >= limits::source_request_burst)
      continue;
    f->queued = true;
    ask_queue_.push_back(file);
  }
  ask(now, out);
  for (auto& [file, f] : files_) {
    if (f.waiting.empty()) continue;
    const bool settled =
        !f.queued && (f.answered || (f.asked && now - *f.asked >= limits::find_timeout));
    if (settled || now - f.waiting.front().since >= limits::longest_find_wait)
      answer(file, f, now, out);
  }
  if (!searches_.empty() && searches_.front().sent &&
      now - *searches_.front().sent >= limits::search_timeout) {
    out.push_back(call_failed{searches_.front().call,
                              {errc::timed_out, server_name() + ": no answer to the search"}});
    searches_.pop_front();
    next_search(now, out);
  }
  if (now - sent_at_ >= limits::server_keep_alive) send(offer_files_request{}, now, out);
  return out;
}

void registrar_core::send(server_request request, instant now, registrar_effects& out) {
  sent_at_ = now;
  out.push_back(send_request{std::move(request), (flags_ & server_flag::zlib) != 0});
}

result<void> registrar_core::announce(const file_key& file, std::string_view name, bool complete) {
  if (refused_) return fail(errc::denied, server_name() + ": " + trouble_);
  const auto found = announced_.find(file);
  if (found == announced_.end() && announced_.size() >= limits::max_announced_files) {
    return fail(errc::too_large, server_name() + ": more than " +
                                     std::to_string(limits::max_announced_files) +
                                     " files are announced");
  }
  announced a{std::string(name), complete, false};
  if (found != announced_.end()) {
    if (found->second.name == a.name && found->second.complete == a.complete) return {};
    found->second = std::move(a);
  } else {
    announced_.emplace(file, std::move(a));
  }
  offers_changed_ = true;
  return {};
}

void registrar_core::withdraw(const file_key& file) {
  const auto found = announced_.find(file);
  if (found == announced_.end()) return;
  // The protocol has no word for it; the server forgets our offers when we leave.
  withdrawn_ = withdrawn_ || found->second.offered;
  announced_.erase(found);
}

bool registrar_core::offered(const file_key& file) const {
  const auto found = announced_.find(file);
  return online() && found != announced_.end() && found->second.offered;
}

void registrar_core::offer_changes(instant now, registrar_effects& out) {
  if (!offers_changed_ || (offered_at_ && now - *offered_at_ < limits::offer_gap)) return;
  offers_changed_ = false;
  const bool markers = (flags_ & server_flag::zlib) != 0;
  const client_id plain_id = id_.is_low() ? client_id{} : id_;
  const std::uint16_t plain_port = id_.is_low() ? std::uint16_t{0} : options_.own.address.port;
  offer_files_request request;
  for (auto& [file, a] : announced_) {
    if (a.offered || (file.size > max_small_file_bytes && (flags_ & server_flag::large_files) == 0))
      continue;
    if (request.files.size() >= limits::max_files_per_offer) {
      offers_changed_ = true; // the rest goes with the next one
      break;
    }
    a.offered = true;
    file_entry entry{file.hash, plain_id, plain_port, file_tags(a.name, file.size)};
    if (markers) {
      entry.id = a.complete ? complete_marker_id : partial_marker_id;
      entry.port = a.complete ? complete_marker_port : partial_marker_port;
    }
    request.files.push_back(std::move(entry));
  }
  if (request.files.empty()) return;
  offered_at_ = now;
  send(std::move(request), now, out);
}

} // namespace interswarm::ed2k
