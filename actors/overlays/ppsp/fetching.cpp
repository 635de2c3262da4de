#include "actors/overlays/ppsp/fetching.hpp"

namespace interswarm::ppsp {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t max_pending = 4096;

caf::error refuse(errc code, std::string text) {
  return runtime::make_caf_error(code, std::move(text));
}

} // namespace

fetching::place::~place() {
  if (!swarm) return;
  swarm->close();
  seat.stir();
}

fetching::fetching(caf::actor_config& config, runtime::loop& at, std::shared_ptr<hub> h,
                   const peer_options& options, msg::name_record record, swarm_key key,
                   msg::tracker_actor tracker)
    : loop_actor(config, at), options_(options), record_(std::move(record)), key_(std::move(key)),
      tracker_(std::move(tracker)), ahead_(options.read_ahead_bytes),
      self_(std::make_shared<fetching*>(this)), place_(at, std::in_place, std::move(h), key_.id) {}

fetching::behavior_type fetching::make_behavior() {
  tasks_ = runtime::on_loop<kj::TaskSet>(home(), std::in_place, errors_);
  return {[this](const msg::source_info& ask) { return info(ask); },
          [this](const msg::source_have& ask) { return have(ask); },
          [this](const msg::source_read& ask) { return read(ask); },
          // All that counts here is proved by the name itself: whoever finds it wrong has another
          // name for something else.
          [](const msg::source_judge&) -> caf::result<void> { return caf::unit; },
          [this](const msg::source_genuine& ask) { return genuine(ask); }};
}

void fetching::on_exit() {
  *self_ = nullptr;
  tasks_.reset();
  place_.reset();
  if (finder_) caf::anon_send_exit(finder_, caf::exit_reason::user_shutdown);
  finder_ = nullptr;
  tracker_ = nullptr;
  const error ended{errc::cancelled, "the fetch has ended"};
  fail_pending(ended);
  for (auto& w : infos_) w.answer.deliver(runtime::make_caf_error(ended));
  for (auto& w : haves_) w.answer.deliver(runtime::make_caf_error(ended));
  infos_.clear();
  haves_.clear();
}

msg::source_state fetching::state() const {
  msg::source_state out;
  out.size = size_.value_or(record_.size);
  out.record = record_;
  out.record.size = out.size;
  out.version = version_;
  out.held_bytes = told_held_;
  out.bytes_per_second = bytes_per_second_;
  if (place_->swarm) out.peers = static_cast<std::uint32_t>(place_->swarm->peers());
  return out;
}

msg::source_have_result fetching::available() const {
  msg::source_have_result out;
  out.version = version_;
  if (!place_->swarm) return out;
  out.received = place_->swarm->counted().bytes_received;
  const auto size = size_.value_or(record_.size);
  for (const auto& r : told_) {
    const auto begin = r.begin * key_.chunk_bytes;
    const auto end = std::min(size, r.end * key_.chunk_bytes);
    if (begin < end) out.ranges.push_back({begin, end});
  }
  return out;
}

bool fetching::too_many() const {
  return reads_.size() + proofs_.size() + infos_.size() + haves_.size() >= max_pending;
}

caf::result<msg::source_info_result> fetching::info(const msg::source_info& ask) {
  prepare();
  if (version_ > ask.after_version || ask.wait_ms == 0) return msg::source_info_result{state()};
  if (too_many()) return refuse(errc::overloaded, "too many wait for news");
  auto answer = make_response_promise<msg::source_info_result>();
  infos_.push_back({ask.after_version, now() + ask.wait_ms * 1ms, answer});
  return answer;
}

caf::result<msg::source_have_result> fetching::have(const msg::source_have& ask) {
  prepare();
  if (version_ > ask.after_version || ask.wait_ms == 0) return available();
  if (too_many()) return refuse(errc::overloaded, "too many wait for news");
  auto answer = make_response_promise<msg::source_have_result>();
  haves_.push_back({ask.after_version, now() + ask.wait_ms * 1ms, answer});
  return answer;
}

void fetching::answer_waiters() {
  const auto at = now();
  std::erase_if(infos_, [&](auto& w) {
    if (version_ <= w.after && at < w.until) return false;
    w.answer.deliver(msg::source_info_result{state()});
    return true;
  });
  std::erase_if(haves_, [&](auto& w) {
    if (version_ <= w.after && at < w.until) return false;
    w.answer.deliver(available());
    return true;
  });
}

void fetching::prepare() {
  if (place_->swarm) return;
  start_swarm();
}

result<void> fetching::open_file() {
  if (disk_failure_) return tl::unexpected(*disk_failure_);
  if (file_open_) return {};
  auto ok = file_.open(options_.spool_dir);
  file_open_ = ok.has_value();
  return ok;
}

/// Until the size is proved, nobody knows.
bool fetching::beyond(const byte_range& range) const {
  if (range.end < range.begin) return true;
  if (size_) return range.end > *size_;
  if (const auto chunks = place_->swarm ? place_->swarm->chunks() : std::nullopt)
    return chunks_of(range.end, key_.chunk_bytes) > *chunks;
  return record_.size != msg::unknown_size && range.end > record_.size;
}

caf::result<msg::source_read_result> fetching::read(const msg::source_read& ask) {
  const byte_range range{ask.range.begin, ask.range.end};
  if (range.size() > msg::max_read_bytes)
    return refuse(errc::too_large, "a read longer than allowed");
  if (beyond(range)) return refuse(errc::malformed, "a read beyond the content");
  if (range.empty()) return msg::source_read_result{};
  prepare();
  if (auto ok = open_file(); !ok) return runtime::make_caf_error(ok.error());
  if (holds(range)) {
    want_ahead(range);
    auto data = file_.read(range);
    if (!data) return runtime::make_caf_error(data.error());
    return msg::source_read_result{slice(std::move(*data))};
  }
  if (too_many()) return refuse(errc::overloaded, "too many reads in flight");
  auto answer = make_response_promise<msg::source_read_result>();
  reads_.push_back({range, now() + ask.deadline_ms * 1ms, answer});
  want(range, ask.urgent ? chunk_picker::tier::urgent : chunk_picker::tier::asked);
  want_ahead(range);
  return answer;
}

/// Chunks prove themselves: what is held is genuine.
caf::result<msg::source_genuine_result> fetching::genuine(const msg::source_genuine& ask) {
  if (ask.range.begin >= ask.range.end || beyond({ask.range.begin, ask.range.end}))
    return refuse(errc::malformed, "a range beyond the content");
  prepare();
  if (auto ok = open_file(); !ok) return runtime::make_caf_error(ok.error());
  const auto chunks = chunks_around({ask.range.begin, ask.range.end});
  const byte_range whole{chunks.begin * key_.chunk_bytes,
                         std::min(chunks.end * key_.chunk_bytes, size_.value_or(record_.size))};
  if (holds(whole)) return msg::source_genuine_result{{whole.begin, whole.end}, msg::verdict::good};
  if (too_many()) return refuse(errc::overloaded, "too many proofs in flight");
  auto answer = make_response_promise<msg::source_genuine_result>();
  proofs_.push_back({whole, now() + ask.deadline_ms * 1ms, answer});
  want(whole, chunk_picker::tier::urgent);
  return answer;
}

void fetching::answer_ready() {
  std::erase_if(reads_, [&](auto& r) {
    if (!holds(r.range)) return false;
    auto data = file_.read(r.range);
    if (data)
      r.answer.deliver(msg::source_read_result{slice(std::move(*data))});
    else
      r.answer.deliver(runtime::make_caf_error(data.error()));
    return true;
  });
  std::erase_if(proofs_, [&](auto& p) {
    if (!holds(p.range)) return false;
    p.answer.deliver(msg::source_genuine_result{{p.range.begin, p.range.end}, msg::verdict::good});
    return true;
  });
}

void fetching::give_up_late() {
  const auto at = now();
  const auto late = [&](auto& list) {
    std::erase_if(list, [&](auto& p) {
      const bool wrong = size_ && p.range.end > *size_;
      if (at < p.until && !wrong) return false;
      p.answer.deliver(wrong ? refuse(errc::malformed, "a read beyond the content")
                             : refuse(errc::timed_out, "not within its time"));
      if (place_->swarm) place_->swarm->unwant(chunks_around(p.range));
      return true;
    });
  };
  const auto before = reads_.size() + proofs_.size();
  late(reads_);
  late(proofs_);
  if (reads_.size() + proofs_.size() == before) return;
  // Others may wait for some of the same chunks.
  for (const auto& r : reads_) want(r.range, chunk_picker::tier::asked);
  for (const auto& p : proofs_) want(p.range, chunk_picker::tier::urgent);
}

void fetching::fail_pending(const error& e) {
  for (auto& r : reads_) r.answer.deliver(runtime::make_caf_error(e));
  for (auto& p : proofs_) p.answer.deliver(runtime::make_caf_error(e));
  reads_.clear();
  proofs_.clear();
}

} // namespace interswarm::ppsp
