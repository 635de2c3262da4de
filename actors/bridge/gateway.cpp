#include "actors/bridge/gateway.hpp"

#include "actors/bridge/limits.hpp"
#include "actors/bridge/message_handler.hpp"
#include "actors/runtime/error.hpp"
#include "actors/runtime/log.hpp"
#include "schema/base/encoding.hpp"
#include "storage/limits.hpp"

#include <algorithm>

namespace interswarm::bridge {

namespace {

using namespace std::chrono_literals;

constexpr auto tick_interval = 500ms;
constexpr auto default_deadline = 60s;
/// Between two searches for offers while none was found.
constexpr auto find_pause = 2s;
constexpr auto find_timeout = 10s;
/// A unit of many MiB may have to be fetched to tell a liar from a false equation.
constexpr auto genuine_timeout = 120s;
/// Givers whose books are kept open for verdicts that are still on their way.
constexpr std::size_t max_givers = 64;

byte_range range_of(const msg::range& r) { return {r.begin, r.end}; }

msg::ledger_entry opening_entry(const msg::offer& offer, const std::string& domain,
                                const msg::name& sought) {
  msg::ledger_entry out;
  out.receipt = offer.receipt;
  out.from_domain = offer.domain;
  out.from_overlay = offer.overlay;
  out.to_domain = domain;
  out.to_overlay = sought.overlay;
  out.content_name = sought;
  out.tenant = printable(offer.tenant, interswarm::limits::domain_bytes);
  out.role = msg::ledger_entry_role::taker;
  return out;
}

} // namespace

gateway::gateway(caf::actor_config& cfg, runtime::loop& home, context ctx, msg::name_record sought,
                 std::vector<msg::offer> first)
    : loop_actor(cfg, home), ctx_(std::move(ctx)), sought_(std::move(sought)),
      delivery_(ctx_.rules), initial_(std::move(first)) {}

gateway::~gateway() noexcept = default;

gateway::behavior_type gateway::make_behavior() {
  if (!initial_.empty()) offers_arrived(initial_);
  initial_.clear();
  warm_up();
  return {
      [this](const msg::source_info& r) {
        return pass_on<msg::source_info_result>(r, std::chrono::milliseconds(r.wait_ms) +
                                                       default_deadline);
      },
      [this](const msg::source_have& r) {
        return pass_on<msg::source_have_result>(r, std::chrono::milliseconds(r.wait_ms) +
                                                       default_deadline);
      },
      [this](const msg::source_read& r) { return read(r); },
      [this](const msg::source_judge& r) { judged(r); },
      [this](const msg::source_genuine& r) {
        return pass_on<msg::source_genuine_result>(r, genuine_timeout);
      },
      [this](gateway_tick) {
        ticking_ = false;
        const auto now = clock().now();
        expire(now);
        look_for_progress();
        follow(delivery_.tick(now));
        write_down();
        if (!reads_.empty()) tick_later();
      },
      [this](gateway_look) { return look(); },
  };
}

void gateway::on_exit() {
  fail_all(errc::cancelled, "the gateway was closed");
  if (ctx_.books) write_down();
  givers_.clear();
  ctx_.handler = nullptr;
  ctx_.books = nullptr;
}

gateway::giver* gateway::in_use() {
  const auto current = delivery_.current();
  return current ? &givers_[first_ + *current] : nullptr;
}

void gateway::tick_later() {
  if (ticking_) return;
  ticking_ = true;
  delayed_send(this, tick_interval, gateway_tick{});
}

void gateway::warm_up() {
  if (sought_.size == msg::unknown_size) return;
  const auto size =
      std::min({ctx_.warm_up_bytes, sought_.size, std::uint64_t{msg::max_read_bytes}});
  if (size == 0) return;
  msg::source_read first;
  first.range = {0, size};
  request(caf::actor_cast<gateway_actor>(this), default_deadline + 1s, std::move(first))
      .then([](const msg::source_read_result&) {},
            [name = sought_.name](const caf::error& why) {
              runtime::log().debug("gateway of {}: the first read failed: {}", describe(name),
                                   to_string(runtime::to_error(why)));
            });
}

caf::typed_response_promise<msg::source_read_result>
gateway::read(const msg::source_read& request) {
  auto promise = make_response_promise<msg::source_read_result>();
  const auto r = range_of(request.range);
  if (refuted_) {
    promise.deliver(runtime::make_caf_error(errc::refuted, note_));
  } else if (r.empty() || r.size() > msg::max_read_bytes) {
    promise.deliver(runtime::make_caf_error(errc::too_large, "a read takes 1 byte to 4 MiB"));
  } else if (reads_.size() >= limits::max_reads_per_gateway) {
    promise.deliver(
        runtime::make_caf_error(errc::overloaded, "too many reads wait at this gateway"));
  } else {
    const auto limit = request.deadline_ms == 0 ? std::chrono::milliseconds(default_deadline)
                                                : std::chrono::milliseconds(request.deadline_ms);
    const auto id = next_read_++;
    reads_.emplace(id, pending_read{request, promise, clock().now() + limit});
    tick_later();
    if (reads_.size() == 1) {
      asked_since_ = clock().now();
      send(ctx_.handler, gateway_used{sought_.name});
    }
    ask(id);
  }
  return promise;
}

void gateway::ask(std::uint64_t id) {
  const auto found = reads_.find(id);
  if (found == reads_.end() || found->second.asked) return;
  auto* from = in_use();
  if (from == nullptr) {
    find();
    return;
  }
  auto& waiting = found->second;
  waiting.asked = true;
  const auto now = clock().now();
  delivery_.asked(now);
  auto request_copy = waiting.request;
  const auto left =
      std::max(std::chrono::duration_cast<std::chrono::milliseconds>(waiting.deadline - now), 1ms);
  request_copy.deadline_ms = static_cast<std::uint32_t>(left.count());
  const auto index = first_ + *delivery_.current();
  // `givers_` is a deque and only grows at its end or is cut at its front by whole answers: see
  // offers_arrived.
  const auto receipt = from->offer.receipt;
  request(from->offer.source, left + 1s, std::move(request_copy))
      .then(
          [this, id, index, receipt](const msg::source_read_result& result) {
            if (index < givers_.size() && givers_[index].offer.receipt == receipt)
              answered(id, index, result);
          },
          [this, id, index, receipt](const caf::error& why) {
            if (index < givers_.size() && givers_[index].offer.receipt == receipt)
              read_failed(id, index, why);
          });
}

void gateway::ask_waiting() {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, waiting] : reads_) {
    if (!waiting.asked) ids.push_back(id);
  }
  for (const auto id : ids) ask(id);
}

void gateway::answered(std::uint64_t id, std::size_t from, const msg::source_read_result& result) {
  const auto found = reads_.find(id);
  // An answer of a replaced source is as good as any, if the read still waits.
  if (found == reads_.end()) return;
  const auto r = range_of(found->second.request.range);
  if (result.data.size() != r.size()) {
    read_failed(
        id, from,
        runtime::make_caf_error(errc::malformed, "a source answered with the wrong length"));
    return;
  }
  delivery_.answered(r.size(), clock().now());
  bytes_since_report_ += r.size();
  givers_[from].provided.add(r);
  auto promise = std::move(found->second.promise);
  reads_.erase(found);
  promise.deliver(result);
  if (reads_.empty()) report(from, false);
}

void gateway::read_failed(std::uint64_t id, std::size_t from, const caf::error& why) {
  const auto current = in_use();
  const bool is_current = current != nullptr && current == &givers_[from];
  const auto reason = runtime::to_error(why);
  if (reason.code == errc::io && givers_[from].offer.domain == ctx_.domain) {
    // This node's own disk: no other source helps, and whoever waits should know.
    if (note_ != reason.text)
      runtime::log().error("{}: {}; a read failed", describe(sought_.name), reason.text);
    note_ = reason.text;
    if (const auto found = reads_.find(id); found != reads_.end()) {
      auto promise = std::move(found->second.promise);
      reads_.erase(found);
      promise.deliver(why);
    }
    return;
  }
  if (const auto found = reads_.find(id); found != reads_.end() && is_current)
    found->second.asked = false;
  if (!is_current) return;
  note_ = to_string(reason);
  runtime::log().debug("gateway of {}: a read failed: {}", describe(sought_.name), note_);
  const bool gone = reason.code == errc::disconnected || reason.code == errc::denied ||
                    reason.code == errc::not_found || reason.code == errc::refuted ||
                    reason.code == errc::cancelled || reason.code == errc::unimplemented;
  report(from, true);
  const auto step = delivery_.failed(gone, clock().now());
  if (step == delivery_step::stay) {
    // Asked again with the next tick: a source that fails at once must not be asked in a circle.
    tick_later();
    return;
  }
  follow(step);
}

void gateway::follow(delivery_step step) {
  if (step != delivery_step::stay) {
    runtime::log().debug("gateway of {}: {} ({})", describe(sought_.name),
                         step == delivery_step::switched ? "takes the next source"
                                                         : "looks for other sources",
                         note_);
    for (auto& [id, waiting] : reads_) waiting.asked = false;
  }
  if (step == delivery_step::resolve || (in_use() == nullptr && !reads_.empty())) find();
  ask_waiting();
}

void gateway::find() {
  const auto now = clock().now();
  if (finding_ || refuted_ || now < find_after_ || !ctx_.handler) return;
  finding_ = true;
  find_after_ = now + find_pause;
  request(ctx_.handler, find_timeout, find_offers{sought_, ctx_.own_swarm})
      .then(
          [this](offers_found& found) {
            finding_ = false;
            offers_arrived(found.offers);
          },
          [this](const caf::error& why) {
            finding_ = false;
            const auto reason = runtime::to_error(why);
            note_ = to_string(reason);
            if (reason.code == errc::denied || reason.code == errc::refuted)
              fail_all(reason.code, reason.text);
          });
}

void gateway::offers_arrived(std::vector<msg::offer>& offers) {
  write_down();
  // Older givers stay for verdicts that are still on their way; the oldest go when there are too
  // many.
  while (givers_.size() > max_givers) givers_.pop_front();
  first_ = givers_.size();
  for (auto& offer : offers) {
    if (!offer.source || givers_.size() - first_ >= limits::max_offers) continue;
    auto entry = opening_entry(offer, ctx_.domain, sought_.name);
    givers_.push_back({std::move(offer), tally(std::move(entry)), {}});
  }
  delivery_.offered(givers_.size() - first_, clock().now());
  if (const auto* now_used = in_use()) {
    note_ = "from " + now_used->offer.domain + "/" + now_used->offer.overlay;
  } else {
    note_ = "nobody offers this content at the moment";
  }
  runtime::log().debug("gateway of {}: {}", describe(sought_.name), note_);
  ask_waiting();
}

/// A slow source may need longer for one read than for what a reader is patient with.
void gateway::look_for_progress() {
  auto* from = reads_.empty() ? nullptr : in_use();
  if (from == nullptr || looking_) return;
  looking_ = true;
  request(from->offer.source, find_timeout, msg::source_have{0, 0})
      .then(
          [this, receipt = from->offer.receipt](const msg::source_have_result& have) {
            looking_ = false;
            const auto* now_used = in_use();
            if (now_used == nullptr || now_used->offer.receipt != receipt) return;
            if (have.received != received_) delivery_.progressed(clock().now());
            received_ = have.received;
          },
          [this](const caf::error&) { looking_ = false; });
}

void gateway::fail_all(errc code, const std::string& text) {
  auto all = std::move(reads_);
  reads_.clear();
  for (auto& [id, waiting] : all) waiting.promise.deliver(runtime::make_caf_error(code, text));
}

void gateway::expire(instant now) {
  for (auto at = reads_.begin(); at != reads_.end();) {
    if (now < at->second.deadline) {
      ++at;
      continue;
    }
    at->second.promise.deliver(
        runtime::make_caf_error(in_use() == nullptr ? errc::unavailable : errc::timed_out,
                                "no source delivered in time; " + note_));
    at = reads_.erase(at);
  }
}

template <class Result, class Request>
caf::typed_response_promise<Result> gateway::pass_on(const Request& question,
                                                     std::chrono::milliseconds limit) {
  auto promise = make_response_promise<Result>();
  if (refuted_) {
    promise.deliver(runtime::make_caf_error(errc::refuted, note_));
  } else {
    try_pass_on<Result>(question, promise, clock().now() + limit);
  }
  return promise;
}

template <class Result, class Request>
void gateway::try_pass_on(const Request& question, caf::typed_response_promise<Result> promise,
                          instant until) {
  if (auto* from = in_use()) {
    request(from->offer.source,
            std::chrono::duration_cast<std::chrono::milliseconds>(until - clock().now()), question)
        .then([promise](Result& result) mutable { promise.deliver(std::move(result)); },
              [promise](const caf::error& why) mutable { promise.deliver(why); });
    return;
  }
  request(ctx_.handler, find_timeout, find_offers{sought_, ctx_.own_swarm})
      .then(
          [this, question, promise, until](offers_found& found) mutable {
            if (in_use() == nullptr) offers_arrived(found.offers);
            if (in_use() == nullptr) {
              promise.deliver(runtime::make_caf_error(errc::unavailable, note_));
            } else {
              try_pass_on<Result>(question, promise, until);
            }
          },
          [promise](const caf::error& why) mutable { promise.deliver(why); });
}

} // namespace interswarm::bridge
