#include "actors/services/origin/origin_source.hpp"

#include "actors/services/origin/origin_source_actor.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>

namespace interswarm::origin {

namespace {

std::vector<mirror_set::origin> origins_of(const std::vector<origin_source::mirror>& mirrors) {
  std::vector<mirror_set::origin> out;
  for (const auto& m : mirrors) out.push_back({m.url.server(), m.url.file_name()});
  return out;
}

bool in_order(const msg::range& r) { return r.begin <= r.end; }

} // namespace

origin_source::origin_source(caf::actor_config& config, runtime::loop& at,
                             std::shared_ptr<origin_hub> hub, std::vector<mirror> mirrors,
                             std::shared_ptr<pull_report> report)
    : loop_actor(config, at), hub_(std::move(hub)), mirrors_(std::move(mirrors)),
      report_(std::move(report)), set_(origins_of(mirrors_)), window_(hub_->options().window) {}

origin_source::behavior_type origin_source::make_behavior() {
  side_ = runtime::on_loop<loop_side>(home(), std::in_place);
  for (const auto& m : mirrors_) {
    auto n = hub_->board().open(m.url.server(), hub_->now());
    if (!n) {
      fail_all(n.error());
      break;
    }
    numbers_.push_back(*n);
  }
  tell();
  pump();
  side_->tasks.add(tick());
  return {
      [this](const msg::source_info& x) { return info(x); },
      [this](const msg::source_have& x) { return have(x); },
      [this](const msg::source_read& x) { return read(x); },
      [this](const msg::source_judge& x) { judged(x); },
      // The name of this source is its URLs: what they give is what they say.
      [this](const msg::source_genuine& x) -> caf::result<msg::source_genuine_result> {
        if (!in_order(x.range) || (set_.size() && x.range.end > *set_.size()))
          return runtime::make_caf_error(errc::malformed,
                                         "the range passes the end of the content");
        return msg::source_genuine_result{x.range, msg::verdict::good};
      },
  };
}

void origin_source::on_exit() {
  side_.reset();
  for (const auto n : numbers_) hub_->board().close(n);
  numbers_.clear();
  reads_.clear();
  waiters_.clear();
}

void origin_source::loop_side::taskFailed(kj::Exception&& e) {
  runtime::log().error("a pull from an origin: {}", printable(e.getDescription().cStr()));
}

caf::result<msg::source_info_result> origin_source::info(const msg::source_info& x) {
  if (failed_ || x.after_version < version_) {
    auto now = info_now(x.wait_ms == 0);
    if (!now) return runtime::make_caf_error(now.error());
    return *now;
  }
  return wait_for_news<msg::source_info_result>(x.after_version, x.wait_ms);
}

caf::result<msg::source_have_result> origin_source::have(const msg::source_have& x) {
  if (failed_) return runtime::make_caf_error(*failed_);
  if (x.after_version < version_) return have_now();
  return wait_for_news<msg::source_have_result>(x.after_version, x.wait_ms);
}

template <class Result>
caf::result<Result> origin_source::wait_for_news(std::uint64_t after, std::uint32_t wait_ms) {
  if (waiters_.size() >= limits::waiters)
    return runtime::make_caf_error(errc::overloaded, "too many wait for news of this content");
  auto promise = make_response_promise<Result>();
  waiters_.push_back(
      {after,
       hub_->now() + std::min<instant>(std::chrono::milliseconds(wait_ms), limits::longest_wait),
       promise});
  return promise;
}

result<msg::source_info_result> origin_source::info_now(bool waited) const {
  if (failed_) return tl::unexpected(*failed_);
  // Who has time to wait is not told of what may be over in a second.
  if (waited && !set_.knows() && hub_->board().all_failing(servers_in_use(), hub_->now()))
    return fail(errc::unavailable, "no origin can be reached: " + set_.lines());
  msg::source_info_result out;
  out.info.size = set_.size().value_or(msg::unknown_size);
  out.info.record.size = out.info.size;
  out.info.record.title = set_.learned().file_name;
  const auto now = hub_->now();
  for (const auto n : servers_in_use())
    out.info.peers += hub_->board().status(n, now).state == health::up ? 1 : 0;
  out.info.bytes_per_second = rate_;
  out.info.version = version_;
  out.info.held_bytes = window_.held_bytes();
  return out;
}

msg::source_have_result origin_source::have_now() const {
  msg::source_have_result out;
  out.version = version_;
  out.received = received_;
  if (set_.size() &&
      (!nobody_delivers() || !hub_->board().all_failing(servers_in_use(), hub_->now()))) {
    if (*set_.size() > 0) out.ranges.push_back({0, *set_.size()});
    return out;
  }
  for (const auto& r : window_.held()) out.ranges.push_back({r.begin, r.end});
  return out;
}

void origin_source::answer(waiter& w) {
  if (auto* promise = std::get_if<0>(&w.promise)) {
    auto now = info_now(w.until <= hub_->now());
    if (now)
      promise->deliver(std::move(*now));
    else
      promise->deliver(runtime::make_caf_error(now.error()));
    return;
  }
  if (failed_)
    std::get<1>(w.promise).deliver(runtime::make_caf_error(*failed_));
  else
    std::get<1>(w.promise).deliver(have_now());
}

void origin_source::answer_waiters() {
  const auto now = hub_->now();
  for (auto& w : waiters_) {
    if (failed_ || w.after < version_ || w.until <= now) answer(w);
  }
  waiters_.erase(std::remove_if(waiters_.begin(), waiters_.end(),
                                [&](const waiter& w) {
                                  return failed_ || w.after < version_ || w.until <= now;
                                }),
                 waiters_.end());
}

caf::result<msg::source_read_result> origin_source::read(const msg::source_read& x) {
  if (failed_) return runtime::make_caf_error(*failed_);
  if (!in_order(x.range))
    return runtime::make_caf_error(errc::malformed, "the range ends before it begins");
  const byte_range r{x.range.begin, x.range.end};
  if (r.size() > msg::max_read_bytes)
    return runtime::make_caf_error(errc::too_large, "a read is at most 4194304 bytes");
  if (r.empty() && (!set_.size() || r.end <= *set_.size())) return msg::source_read_result{};
  const auto id =
      window_.add_read(r, x.urgent,
                       hub_->now() + std::min<instant>(std::chrono::milliseconds(x.deadline_ms),
                                                       limits::longest_read));
  if (!id) return runtime::make_caf_error(id.error());
  auto promise = make_response_promise<msg::source_read_result>();
  reads_.emplace(*id, promise);
  answer_reads();
  pump();
  return promise;
}

/// Bytes that the reader's hashes refute: if one mirror gave them all, it is asked no more.
void origin_source::judged(const msg::source_judge& x) {
  if (x.verdict != msg::verdict::bad || failed_) return;
  const byte_range r{x.range.begin, x.range.end};
  std::vector<std::size_t> from;
  for (const auto& g : givers_) {
    if (g.range.overlaps(r) && std::find(from.begin(), from.end(), g.mirror) == from.end())
      from.push_back(g.mirror);
  }
  if (from.size() != 1 || set_.is_out(from[0])) return;
  set_.leave_out(from[0], {errc::refuted, "gave bytes that the reader's hashes refute"});
  for (auto& t : side_->transfers) {
    if (t->mirror() == from[0]) t->end({transfer_end::kind::again});
  }
  if (auto none = set_.all_out()) fail_all(*none);
  pump();
}

result<origin_pull> spawn_origin_source(std::shared_ptr<origin_hub> hub, origin_request request) {
  if (request.urls.empty()) return fail(errc::malformed, "no URL to pull from was given");
  if (request.urls.size() > limits::mirrors)
    return fail(errc::too_large,
                "a content has at most " + std::to_string(limits::mirrors) + " mirrors");
  std::vector<origin_source::mirror> mirrors;
  for (auto& u : request.urls) {
    auto url = http_url::parse(u.url);
    if (!url) return tl::unexpected(url.error());
    if (u.headers.size() > limits::request_headers)
      return fail(errc::too_large, "a URL has at most " + std::to_string(limits::request_headers) +
                                       " request headers");
    for (const auto& h : u.headers) {
      if (auto ok = check_request_header(h); !ok) return tl::unexpected(ok.error());
    }
    mirrors.push_back({std::move(*url), std::move(u.headers)});
  }
  auto report = std::make_shared<pull_report>();
  pull_state start;
  start.size = msg::unknown_size;
  report->set(std::move(start));
  auto& home = hub->home();
  return origin_pull{
      runtime::spawn_on<origin_source>(home, std::move(hub), std::move(mirrors), report), report};
}

} // namespace interswarm::origin
