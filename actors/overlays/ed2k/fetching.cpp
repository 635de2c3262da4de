#include "actors/overlays/ed2k/fetching.hpp"

#include "storage/hash_list.hpp"

namespace interswarm::ed2k {

namespace {

constexpr std::uint64_t first_ahead_bytes = 1u << 20;
/// A read that begins so near the end of the last one continues it, though several readers take
/// turns.
constexpr std::uint64_t sequential_slack_bytes = 16u << 20;

caf::error refuse(errc code, std::string text) {
  return runtime::make_caf_error(code, std::move(text));
}

} // namespace

fetching::fetching(caf::actor_config& config, runtime::loop& at, std::weak_ptr<hub> of,
                   msg::name_record record, file_key key, msg::tracker_actor tracker)
    : loop_actor(config, at), hub_(std::move(of)), record_(std::move(record)), key_(key),
      tracker_(std::move(tracker)), schedule_(key.size), blame_(key.size),
      checking_(part_count(key.size)) {
  // At once, so that who asks for the same file with the next message is told that it is fetched.
  if (const auto h = hub_.lock()) h->join(*this);
}

fetching::~fetching() {
  if (const auto h = hub_.lock()) h->leave(*this);
}

fetching::behavior_type fetching::make_behavior() {
  record_.size = key_.size;
  const auto written = make_link(record_);
  if (written && written->aich) aich_root_ = written->aich;
  if (key_.size < part_bytes) {
    take_hash_set({key_.hash});
  } else if (written && !written->part_hashes.empty()) {
    take_hash_set(written->part_hashes);
  }
  for (const auto& list : record_.hashes) {
    const bool leaves = list.algorithm == msg::hash_algorithm::sha1 && list.unit == block_bytes &&
                        list.period == part_bytes && list.end == key_.size;
    if (!leaves || list.evidence < msg::evidence::verified || !checked_hash_list::make(list))
      continue;
    little_endian_reader in(list.hashes);
    while (!in.done()) aich_leaves_.push_back(in.array<20>());
  }
  return {[this](const msg::source_info& ask) { return info(ask); },
          [this](const msg::source_have& ask) { return have(ask); },
          [this](const msg::source_read& ask) { return read(ask); },
          [this](const msg::source_judge& ask) { return judge(ask); },
          [this](const msg::source_genuine& ask) { return genuine(ask); }};
}

void fetching::on_exit() {
  leave_all();
  if (const auto h = hub_.lock()) h->leave(*this);
  fail_reads({errc::cancelled, "the fetch has ended"});
  info_waiters_.clear();
  have_waiters_.clear();
  tracker_ = nullptr;
}

instant fetching::now() const {
  const auto h = hub_.lock();
  return h ? h->now() : instant{};
}

msg::source_state fetching::state() const {
  msg::source_state out;
  out.size = key_.size;
  out.record = record_;
  out.version = version_;
  out.held_bytes = verified_.bytes();
  for (const auto& [id, l] : links_) {
    if (l.talk.status()) ++out.peers;
    if (l.talk.state() == download_session::phase::granted)
      out.bytes_per_second += l.talk.bytes_per_second();
  }
  return out;
}

std::vector<msg::range> fetching::available() const {
  range_set all = schedule_.held();
  for (const auto& [id, l] : links_) {
    if (!l.talk.status()) continue;
    if (l.talk.status()->complete) {
      all.add({0, key_.size});
      break;
    }
    for (std::uint64_t p = 0; p < part_count(key_.size); ++p) {
      if (l.talk.has_part(p)) all.add(part_range(key_.size, p));
    }
  }
  std::vector<msg::range> out;
  for (const auto r : all) out.push_back({r.begin, r.end});
  return out;
}

caf::result<msg::source_info_result> fetching::info(const msg::source_info& ask) {
  if (auto ok = prepare(); !ok) return runtime::make_caf_error(ok.error());
  if (version_ > ask.after_version || ask.wait_ms == 0) return msg::source_info_result{state()};
  if (info_waiters_.size() >= limits::max_pending_reads)
    return refuse(errc::overloaded, "too many wait for news");
  auto answer = make_response_promise<msg::source_info_result>();
  info_waiters_.push_back({ask.after_version, now() + instant(ask.wait_ms), answer});
  return answer;
}

caf::result<msg::source_have_result> fetching::have(const msg::source_have& ask) {
  if (auto ok = prepare(); !ok) return runtime::make_caf_error(ok.error());
  if (version_ > ask.after_version || ask.wait_ms == 0)
    return msg::source_have_result{version_, available(), received_bytes_};
  if (have_waiters_.size() >= limits::max_pending_reads)
    return refuse(errc::overloaded, "too many wait for news");
  auto answer = make_response_promise<msg::source_have_result>();
  have_waiters_.push_back({ask.after_version, now() + instant(ask.wait_ms), answer});
  return answer;
}

void fetching::answer_waiters(instant at) {
  std::erase_if(info_waiters_, [&](auto& w) {
    if (version_ <= w.after && at < w.until) return false;
    w.answer.deliver(msg::source_info_result{state()});
    return true;
  });
  std::erase_if(have_waiters_, [&](auto& w) {
    if (version_ <= w.after && at < w.until) return false;
    w.answer.deliver(msg::source_have_result{version_, available(), received_bytes_});
    return true;
  });
}

/// The first question of any kind starts the search for sources; data is asked for only by reads.
result<void> fetching::prepare() {
  const auto h = hub_.lock();
  if (!h) return fail(errc::unavailable, "the ed2k peer has ended");
  if (started_) return {};
  started_ = true;
  started_at_ = h->now();
  find(h->now());
  return {};
}

caf::result<msg::source_read_result> fetching::read(const msg::source_read& ask) {
  const byte_range range{ask.range.begin, ask.range.end};
  if (range.end < range.begin || range.end > key_.size)
    return refuse(errc::malformed, "a read beyond the content");
  if (range.size() > msg::max_read_bytes)
    return refuse(errc::too_large, "a read longer than allowed");
  if (range.empty()) return msg::source_read_result{};
  if (auto ok = prepare(); !ok) return runtime::make_caf_error(ok.error());
  if (!spool_) {
    auto made = std::make_shared<block_file>();
    if (auto ok = made->open(hub_.lock()->options().spool_dir); !ok)
      return runtime::make_caf_error(ok.error());
    spool_ = std::move(made);
  }
  read_ahead(range);
  if (schedule_.held().contains(range)) {
    ask_blocks_of_all();
    auto data = spool_->read(range);
    if (!data) return runtime::make_caf_error(data.error());
    return msg::source_read_result{slice(std::move(*data))};
  }
  if (reads_.size() >= limits::max_pending_reads)
    return refuse(errc::overloaded, "too many reads in flight");
  auto answer = make_response_promise<msg::source_read_result>();
  reads_.push_back({range, now() + instant(ask.deadline_ms), answer});
  schedule_.want(range, ask.urgent ? block_scheduler::tier::urgent : block_scheduler::tier::asked);
  find_for_reader(now());
  ask_blocks_of_all();
  return answer;
}

void fetching::read_ahead(const byte_range& range) {
  const auto h = hub_.lock();
  const bool continues = range.begin <= last_read_end_ + sequential_slack_bytes &&
                         last_read_end_ <= range.end + sequential_slack_bytes;
  if (continues && last_read_end_ != 0) {
    ahead_bytes_ =
        std::min(h->options().read_ahead_bytes, std::max(first_ahead_bytes, ahead_bytes_) * 2);
  } else {
    ahead_bytes_ = range.begin == 0 || continues ? first_ahead_bytes : 0;
  }
  last_read_end_ = continues ? std::max(last_read_end_, range.end) : range.end;
  schedule_.clear_ahead();
  if (ahead_bytes_ == 0) return;
  const byte_range ahead{last_read_end_, std::min(key_.size, last_read_end_ + ahead_bytes_)};
  for (const auto missing : schedule_.held().missing(ahead))
    schedule_.want(missing, block_scheduler::tier::ahead);
}

void fetching::answer_reads() {
  std::erase_if(reads_, [&](pending_read& r) {
    if (!schedule_.held().contains(r.range)) return false;
    auto data = spool_->read(r.range);
    if (data) {
      r.answer.deliver(msg::source_read_result{slice(std::move(*data))});
    } else {
      r.answer.deliver(runtime::make_caf_error(data.error()));
    }
    return true;
  });
}

void fetching::fail_reads(const error& e) {
  for (auto& r : reads_) {
    schedule_.unwant(r.range);
    r.answer.deliver(runtime::make_caf_error(e));
  }
  for (auto& p : proofs_) p.answer.deliver(runtime::make_caf_error(e));
  reads_.clear();
  proofs_.clear();
}

caf::result<void> fetching::judge(const msg::source_judge& ask) {
  const byte_range range{ask.range.begin, std::min(ask.range.end, key_.size)};
  if (ask.verdict == msg::verdict::good || range.empty()) return caf::unit;
  // What is right under our own name stays: then it is the reader's equation that is wrong.
  for (auto part = range.begin / part_bytes; part * part_bytes < range.end; ++part) {
    // What is being proved stays, too: the part's own hash will tell whose fault it is.
    const bool in_proof = std::any_of(proofs_.begin(), proofs_.end(), [&](const auto& p) {
      return p.range.overlaps(part_range(key_.size, part));
    });
    if (part_verified(part) || in_proof) continue;
    const auto bad = intersection(range, part_range(key_.size, part));
    const auto first = block_range(key_.size, block_at(bad.begin));
    const auto last = block_range(key_.size, block_at(bad.end - 1));
    const byte_range blocks{first.begin, last.end};
    for (const auto id : blame_.givers(blocks)) schedule_.avoid(id, blocks);
    schedule_.lost(blocks, block_scheduler::tier::ahead);
    changed();
  }
  return caf::unit;
}

caf::result<msg::source_genuine_result> fetching::genuine(const msg::source_genuine& ask) {
  if (ask.range.begin >= ask.range.end || ask.range.end > key_.size) {
    return refuse(errc::malformed, "a range beyond the content");
  }
  msg::source_read whole;
  whole.range = {ask.range.begin, ask.range.begin};
  if (auto ok = prepare(); !ok) return runtime::make_caf_error(ok.error());
  if (!spool_) {
    auto made = std::make_shared<block_file>();
    if (auto ok = made->open(hub_.lock()->options().spool_dir); !ok)
      return runtime::make_caf_error(ok.error());
    spool_ = std::move(made);
  }
  const byte_range parts{part_range(key_.size, ask.range.begin / part_bytes).begin,
                         part_range(key_.size, (ask.range.end - 1) / part_bytes).end};
  if (verified_.contains(parts)) {
    return msg::source_genuine_result{{parts.begin, parts.end}, msg::verdict::good};
  }
  if (proofs_.size() >= limits::max_pending_reads)
    return refuse(errc::overloaded, "too many proofs in flight");
  auto answer = make_response_promise<msg::source_genuine_result>();
  proofs_.push_back({parts, now() + instant(ask.deadline_ms), answer});
  for (const auto missing : schedule_.held().missing(parts))
    schedule_.want(missing, block_scheduler::tier::urgent);
  find_for_reader(now());
  ask_blocks_of_all();
  return answer;
}

void fetching::answer_proofs(std::uint64_t part, msg::verdict verdict) {
  const auto range = part_range(key_.size, part);
  std::erase_if(proofs_, [&](pending_proof& p) {
    if (!p.range.overlaps(range)) return false;
    if (verdict == msg::verdict::good && !verified_.contains(p.range)) return false;
    p.answer.deliver(msg::source_genuine_result{{p.range.begin, p.range.end}, verdict});
    return true;
  });
}

} // namespace interswarm::ed2k
