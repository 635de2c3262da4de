// Which transfers run, and what becomes of what they bring.
#include "actors/runtime/wall_clock.hpp"
#include "actors/services/origin/origin_source_actor.hpp"

#include <algorithm>

namespace interswarm::origin {

namespace {

/// Between two looks at deadlines, stalls and servers that may be asked again.
constexpr auto tick_time = 100 * kj::MILLISECONDS;
constexpr instant rate_time = std::chrono::seconds(1);

std::string range_field(const asked_range& asked) {
  return "bytes=" + std::to_string(asked.from) + "-" +
         (asked.to ? std::to_string(*asked.to - 1) : std::string());
}

} // namespace

kj::Promise<void> origin_source::tick() {
  return home().timer().afterDelay(tick_time).then([this] {
    look_after_transfers();
    expire();
    pump();
    tell();
    answer_waiters();
    return tick();
  });
}

void origin_source::look_after_transfers() {
  const auto now = hub_->now();
  const auto& options = hub_->options();
  for (auto& t : side_->transfers) {
    t->check();
    if (t->ended()) continue;
    if (t->paused() && now - t->paused_since() >= options.idle_timeout)
      t->end({transfer_end::kind::again});
    else if (t->pace() && *t->pace() < options.slow_bytes_per_second &&
             set_.has_ranges(t->mirror()) &&
             hub_->board().better_than(t->server(), *t->pace(), servers_in_use(), now)) {
      set_.did(t->mirror(), "was slower than another mirror");
      t->end({transfer_end::kind::again});
    }
  }
  if (now - rate_since_ < rate_time) return;
  const auto passed = static_cast<std::uint64_t>((now - rate_since_).count());
  rate_ = (received_ - rate_bytes_) * 1'000'000 / passed;
  rate_since_ = now;
  rate_bytes_ = received_;
}

std::vector<origin_board::number> origin_source::servers_in_use() const {
  std::vector<origin_board::number> out;
  for (std::size_t i = 0; i < numbers_.size(); ++i) {
    if (!set_.is_out(i)) out.push_back(numbers_[i]);
  }
  return out;
}

bool origin_source::nobody_delivers() const {
  return !side_ || std::none_of(side_->transfers.begin(), side_->transfers.end(),
                                [](const auto& t) { return t->delivers(); });
}

/// Not from within a call of a transfer: it clears away those that have ended.
void origin_source::pump() {
  if (!side_) return;
  auto& transfers = side_->transfers;
  transfers.erase(
      std::remove_if(transfers.begin(), transfers.end(), [](const auto& t) { return t->ended(); }),
      transfers.end());
  if (failed_) return transfers.clear();
  if (!set_.knows() && transfers.empty() && window_.empty()) open({0, 0});
  for (;;) {
    std::vector<pull_window::transfer_view> views;
    for (const auto& t : transfers) views.push_back(t->view());
    const auto gap = window_.gap(views);
    if (!gap || !open(*gap)) break;
  }
  for (auto& t : transfers) t->wake();
}

void origin_source::pump_later() {
  if (pump_due_) return;
  pump_due_ = true;
  side_->tasks.add(kj::evalLater([this] {
    pump_due_ = false;
    pump();
  }));
}

/// Mirrors that can give bytes from there on; those that would send everything before them only
/// when there is no other.
std::vector<std::size_t> origin_source::candidates(std::uint64_t from) const {
  std::vector<std::size_t> out;
  for (const bool ranges : {true, false}) {
    for (std::size_t i = 0; i < numbers_.size(); ++i) {
      if (!set_.is_out(i) && (set_.has_ranges(i) || from == 0) == ranges) out.push_back(i);
    }
    if (!out.empty()) break;
  }
  return out;
}

bool origin_source::make_place() {
  auto& transfers = side_->transfers;
  if (transfers.size() < limits::transfers) return true;
  const auto idle = std::find_if(transfers.begin(), transfers.end(), [this](const auto& t) {
    return t->paused() && !window_.is_wanted(t->view());
  });
  if (idle == transfers.end()) return false;
  transfers.erase(idle);
  return true;
}

bool origin_source::open(const byte_range& gap) {
  const auto which = candidates(gap.begin);
  std::vector<origin_board::number> servers;
  for (const auto i : which) servers.push_back(numbers_[i]);
  const auto chosen = hub_->board().choose(servers, hub_->now());
  if (!chosen || !make_place()) return false;
  const auto m = which[*chosen];
  transfer::job job;
  job.mirror = m;
  job.server = numbers_[m];
  job.from = gap.begin;
  job.asked =
      set_.ask(m, gap.begin, gap.end > 0 ? std::optional<std::uint64_t>(gap.end) : std::nullopt);
  job.request.url = mirrors_[m].url;
  job.request.secret = mirrors_[m].headers;
  if (job.asked.ranged) job.request.range = range_field(job.asked);
  job.request.if_range = set_.if_range(m, job.asked);
  ++requests_;
  transfer_owner& self = *this;
  side_->transfers.push_back(kj::heap<transfer>(hub_, std::move(job), self));
  return true;
}

verdict origin_source::on_head(transfer& t, const response_head& head) {
  auto v = set_.judge(t.mirror(), t.asked(), head, runtime::unix_seconds());
  size_changed();
  if (v.what == verdict::kind::take && v.begin < t.from() && !set_.has_ranges(t.mirror())) {
    const auto others = candidates(t.from());
    // Another mirror can go on where this one would begin again.
    if (!others.empty() && set_.has_ranges(others[0])) v.what = verdict::kind::again;
  }
  pump_later();
  return v;
}

void origin_source::size_changed() {
  if (set_.size() == told_size_) return;
  told_size_ = set_.size();
  ++version_;
  // Who is told of the size may look at the report.
  tell();
  if (!told_size_) return window_.forget_size();
  const auto beyond = window_.set_size(*told_size_);
  fail_reads(beyond, {errc::malformed, "the range passes the end of the content, which has " +
                                           std::to_string(*told_size_) + " bytes"});
}

void origin_source::on_data(transfer& t, std::uint64_t at, const slice& data) {
  const auto added = window_.add_bytes(at, data);
  received_ += added;
  discarded_ += data.size() - added;
  if (added > 0) {
    set_.used(t.mirror());
    note_giver(t.mirror(), {at, at + data.size()});
  }
  answer_reads();
}

bool origin_source::wants_more(const transfer& t) {
  return !failed_ && (t.position() < t.from() || window_.may_read(t.view()));
}

void origin_source::on_end(transfer& t, const transfer_end& end) {
  using kind = transfer_end::kind;
  auto& board = hub_->board();
  discarded_ += t.discarded();
  const auto text = end.why.text;
  switch (end.what) {
  case kind::complete:
    if (!set_.size()) {
      set_.ended_at(t.position());
      size_changed();
    }
    set_.did(t.mirror(), "delivered");
    break;
  case kind::failed:
    board.failed(t.server(), text, hub_->now(), hub_->random(),
                 end.retry_after ? std::optional<instant>(*end.retry_after) : std::nullopt);
    if (!end.judged) set_.did(t.mirror(), text);
    break;
  case kind::out:
    board.noted(t.server(), text);
    if (!end.judged) set_.leave_out(t.mirror(), end.why);
    break;
  case kind::again: break;
  case kind::conflict: return fail_all(end.why);
  }
  if (auto none = set_.all_out()) return fail_all(*none);
  pump_later();
}

void origin_source::answer_reads() {
  auto finished = window_.take_finished();
  // Who has its bytes may look at the report.
  if (!finished.empty()) tell();
  for (auto& f : finished) {
    const auto waiting = reads_.find(f.id);
    if (waiting == reads_.end()) continue;
    auto promise = std::move(waiting->second);
    reads_.erase(waiting);
    promise.deliver(msg::source_read_result{std::move(f.data)});
  }
}

void origin_source::expire() {
  const auto late = window_.take_expired(hub_->now());
  if (late.empty()) return;
  const bool away = hub_->board().all_failing(servers_in_use(), hub_->now()) && nobody_delivers();
  fail_reads(late, away
                       ? error{errc::unavailable, "no origin delivers: " + set_.lines()}
                       : error{errc::timed_out, "the bytes did not come in time: " + set_.lines()});
}

void origin_source::fail_reads(const std::vector<pull_window::read_id>& ids, const error& why) {
  for (const auto id : ids) {
    const auto waiting = reads_.find(id);
    if (waiting == reads_.end()) continue;
    auto promise = std::move(waiting->second);
    reads_.erase(waiting);
    promise.deliver(runtime::make_caf_error(why));
  }
}

void origin_source::fail_all(error why) {
  if (failed_) return;
  failed_ = std::move(why);
  ++version_;
  tell();
  fail_reads(window_.take_all(), *failed_);
  answer_waiters();
  if (side_) pump_later();
}

void origin_source::note_giver(std::size_t m, const byte_range& r) {
  if (!givers_.empty() && givers_.back().mirror == m && givers_.back().range.end == r.begin) {
    givers_.back().range.end = r.end;
    return;
  }
  if (givers_.size() >= limits::givers) givers_.erase(givers_.begin());
  givers_.push_back({r, m});
}

/// Brings the report up to date, and the version when something is new.
void origin_source::tell() {
  auto mirrors = set_.lines();
  if (received_ != told_received_ || mirrors != told_mirrors_) ++version_;
  told_received_ = received_;
  told_mirrors_ = mirrors;
  pull_state s;
  s.size = set_.size().value_or(msg::unknown_size);
  s.learned = set_.learned();
  s.received = received_;
  s.discarded = discarded_;
  s.requests = requests_;
  s.note = set_.note();
  s.mirrors = std::move(mirrors);
  s.failed = failed_;
  report_->set(std::move(s));
}

} // namespace interswarm::origin
