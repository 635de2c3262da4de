#include "actors/overlays/ed2k/download_session.hpp"

#include "schema/ed2k/client_opcode.hpp"

#include <algorithm>

namespace interswarm::ed2k {

namespace {

constexpr instant rate_window = std::chrono::seconds(2);
/// A source keeps about this much time of blocks requested.
constexpr std::uint64_t window_seconds = 1;

} // namespace

std::uint8_t download_session::extended_request() const {
  constexpr std::uint8_t ours = 2;
  return std::min(ours, theirs_.extended_request);
}

void download_session::begin(bool ask_slot, bytes& out) {
  ask_slot_ = ask_slot;
  phase_ = phase::inquiring;
  file_inquiry q;
  q.hash = goal_.hash;
  q.name = true;
  if (extended_request() >= 1) q.have = part_status{false, goal_.parts};
  if (extended_request() >= 2) q.complete_sources = 0;
  q.status = goal_.size >= part_bytes;
  const bool large = needs_64_bit(goal_.size);
  const bool multi = theirs_.ext_multi_packet || (theirs_.multi_packet && !large);
  if (goal_.want_sources && multi && theirs_.source_exchange2) {
    q.sources = source_exchange2_version;
    q.sources2 = true;
  } else if (goal_.want_sources && theirs_.source_exchange > 1) {
    q.sources = std::min(source_exchange1_version, theirs_.source_exchange);
  }
  q.aich_root = goal_.need_aich_root && theirs_.aich != 0;
  if (multi) {
    if (theirs_.ext_multi_packet) q.size = goal_.size;
    append_multi_packet(out, q);
    return;
  }
  append_request_file_name(out, q);
  if (q.status) append_hash_packet(out, protocol::edonkey, opcode::set_req_file_id, goal_.hash);
  if (q.sources)
    append_hash_packet(out, protocol::emule, emule_opcode::request_sources, goal_.hash);
  if (q.aich_root)
    append_hash_packet(out, protocol::emule, emule_opcode::aich_file_hash_request, goal_.hash);
}

decoded<void> download_session::handle(const frame& packet, instant now, bytes& out,
                                       download_events& events) {
  if (phase_ == phase::over) return {};
  return packet.family == protocol::emule ? handle_emule(packet, now, out, events)
                                          : handle_edonkey(packet, now, out, events);
}

decoded<void> download_session::handle_edonkey(const frame& packet, instant now, bytes& out,
                                               download_events& events) {
  switch (packet.opcode) {
  case opcode::req_file_name_answer:
    return take_answer(decode_file_name_answer(packet.payload), out, events);
  case opcode::file_status: return take_answer(decode_file_status(packet.payload), out, events);
  case opcode::hash_set_answer: return take_hash_set(packet.payload, out, events);
  case opcode::sending_part: return take_plain(packet.payload, false, now, events);
  case opcode::accept_upload_req: granted(now, events); return {};
  case opcode::out_of_part_reqs: lose_slot(phase::queued, events); return {};
  case opcode::queue_rank: {
    const auto rank = decode_queue_rank(packet.payload);
    if (!rank) return tl::unexpected(rank.error());
    if (phase_ == phase::granted) return {};
    phase_ = phase::queued;
    events.emplace_back(download_event::queued{*rank});
    return {};
  }
  case opcode::file_req_ans_no_file: {
    const auto hash = decode_hash_packet(packet.payload);
    if (!hash) return tl::unexpected(hash.error());
    if (*hash != goal_.hash) return {};
    lose_slot(phase::over, events);
    events.emplace_back(download_event::no_file{});
    return {};
  }
  default: return {};
  }
}

void download_session::granted(instant now, download_events& events) {
  if (phase_ == phase::granted || phase_ == phase::over) return;
  phase_ = phase::granted;
  progress_at_ = rate_from_ = now;
  rate_bytes_ = 0;
  events.emplace_back(download_event::slot_granted{});
}

decoded<void> download_session::handle_emule(const frame& packet, instant now, bytes& out,
                                             download_events& events) {
  switch (packet.opcode) {
  case emule_opcode::multi_packet_answer:
    return take_answer(decode_multi_packet_answer(packet.payload), out, events);
  case emule_opcode::sending_part_i64: return take_plain(packet.payload, true, now, events);
  case emule_opcode::compressed_part: return take_compressed(packet.payload, false, now, events);
  case emule_opcode::compressed_part_i64: return take_compressed(packet.payload, true, now, events);
  case emule_opcode::queue_ranking: {
    const auto rank = decode_queue_ranking(packet.payload);
    if (!rank) return tl::unexpected(rank.error());
    if (phase_ == phase::granted) return {};
    phase_ = phase::queued;
    events.emplace_back(download_event::queued{*rank});
    return {};
  }
  case emule_opcode::answer_sources:
  case emule_opcode::answer_sources2: {
    const auto got = packet.opcode == emule_opcode::answer_sources2
                         ? decode_source_answer2(packet.payload)
                         : decode_source_answer(packet.payload, std::min(source_exchange1_version,
                                                                         theirs_.source_exchange));
    if (!got) return tl::unexpected(got.error());
    if (got->hash == goal_.hash) events.emplace_back(download_event::sources_known{got->sources});
    return {};
  }
  case emule_opcode::aich_file_hash_answer: {
    const auto got = decode_aich_file_hash(packet.payload);
    if (!got) return tl::unexpected(got.error());
    if (got->file == goal_.hash) events.emplace_back(download_event::aich_root_known{got->root});
    return {};
  }
  case emule_opcode::aich_answer: {
    auto got = decode_aich_answer(packet.payload);
    if (!got) return tl::unexpected(got.error());
    if (got->file == goal_.hash)
      events.emplace_back(download_event::recovery_known{std::move(*got)});
    return {};
  }
  default: return {};
  }
}

decoded<void> download_session::take_answer(const decoded<file_answer>& answer, bytes& out,
                                            download_events& events) {
  if (!answer) return tl::unexpected(answer.error());
  if (answer->hash != goal_.hash) return {};
  if (answer->name) {
    named_ = true;
    events.emplace_back(download_event::named{*answer->name});
  }
  if (answer->aich_root) events.emplace_back(download_event::aich_root_known{*answer->aich_root});
  if (answer->status) {
    const auto& s = *answer->status;
    if (!s.complete && s.parts.size() != wire_part_count(goal_.size))
      return drop("wrong number of parts");
    status_ = s;
    events.emplace_back(download_event::status_known{s});
  }
  advance(out, events);
  return {};
}

decoded<void> download_session::take_hash_set(byte_view payload, bytes& out,
                                              download_events& events) {
  auto set = decode_hash_set(payload);
  if (!set) return tl::unexpected(set.error());
  if (set->hash != goal_.hash || !goal_.need_hash_set) return {};
  if (!match_part_hashes(set->parts, goal_.size, goal_.hash))
    return drop("hash set of another file");
  goal_.need_hash_set = false;
  events.emplace_back(download_event::hash_set_known{std::move(set->parts)});
  advance(out, events);
  return {};
}

/// Goes on to the next question once the last was answered.
void download_session::advance(bytes& out, download_events& events) {
  if (!named_) return;
  if (goal_.size < part_bytes && !status_) {
    // A file of one part is shared only when complete.
    status_ = part_status{true, {}};
    events.emplace_back(download_event::status_known{*status_});
  }
  if (!status_) return;
  // Also of a source that gave a slot before it was asked anything.
  if (goal_.need_hash_set && !hash_set_asked_) {
    append_hash_packet(out, protocol::edonkey, opcode::hash_set_request, goal_.hash);
    hash_set_asked_ = true;
  }
  if (goal_.need_hash_set || phase_ != phase::inquiring) return;
  phase_ = phase::asked;
  if (ask_slot_) append_hash_packet(out, protocol::edonkey, opcode::start_upload_req, goal_.hash);
}

bool download_session::has_part(std::uint64_t part) const {
  if (!status_) return false;
  return status_->complete || (part < status_->parts.size() && status_->parts[part]);
}

std::size_t download_session::room() const {
  if (phase_ != phase::granted) return 0;
  const auto by_rate = static_cast<std::size_t>(rate_ * window_seconds / block_bytes) + 1;
  const auto window = std::clamp(by_rate, limits::min_window_blocks, limits::max_window_blocks);
  std::uint64_t wanted = 0;
  for (const auto& b : blocks_) wanted += b.range().size();
  const auto taken = static_cast<std::size_t>((wanted + block_bytes - 1) / block_bytes);
  return window > taken ? window - taken : 0;
}

void download_session::request(const std::vector<byte_range>& blocks, instant now,
                               sent_ranges& sent, bytes& out) {
  const bool wide = needs_64_bit(goal_.size);
  if (blocks_.empty()) progress_at_ = now;
  std::vector<byte_range> runs;
  for (const auto& block : blocks) {
    for (const auto& run : sent.cut(block)) runs.push_back(run);
  }
  for (std::size_t i = 0; i < runs.size(); i += 3) {
    part_request r{goal_.hash, {}};
    for (std::size_t j = 0; j < 3 && i + j < runs.size(); ++j) {
      r.ranges[j] = runs[i + j];
      blocks_.emplace_back(runs[i + j]);
    }
    append_request_parts(out, r, wide);
  }
}

decoded<void> download_session::take_plain(byte_view payload, bool wide, instant now,
                                           download_events& events) {
  const auto data = decode_sending_part(payload, wide);
  if (!data) return tl::unexpected(data.error());
  if (data->hash != goal_.hash) return {};
  const auto block = std::find_if(blocks_.begin(), blocks_.end(), [&](const download_block& b) {
    return b.range().contains(data->range);
  });
  // A block that we gave up, or one nobody asked for: neither is kept.
  if (block == blocks_.end()) return {};
  return took(block->add_plain(data->range.begin, data->data), block, now, events);
}

decoded<void> download_session::take_compressed(byte_view payload, bool wide, instant now,
                                                download_events& events) {
  const auto data = decode_compressed_part(payload, wide);
  if (!data) return tl::unexpected(data.error());
  if (data->hash != goal_.hash) return {};
  const auto block = std::find_if(blocks_.begin(), blocks_.end(), [&](const download_block& b) {
    return b.range().begin == data->block_begin;
  });
  if (block == blocks_.end()) return {};
  return took(block->add_compressed(data->stream_bytes, data->piece), block, now, events);
}

decoded<void> download_session::took(decoded<std::uint64_t> count,
                                     std::deque<download_block>::iterator block, instant now,
                                     download_events& events) {
  if (!count) return tl::unexpected(count.error());
  if (*count > 0) {
    progress_at_ = now;
    measure(*count, now);
    events.emplace_back(download_event::progressed{*count});
  }
  if (block->complete()) {
    const auto range = block->range();
    auto data = block->take();
    blocks_.erase(block);
    events.emplace_back(download_event::block_received{range, std::move(data)});
  }
  return {};
}

void download_session::measure(std::uint64_t count, instant now) {
  rate_bytes_ += count;
  const auto passed = now - rate_from_;
  // Early on each block counts, so that a fast source is recognised within its first blocks.
  if (passed < rate_window && rate_ != 0 &&
      rate_bytes_ * 1000 < rate_ * static_cast<std::uint64_t>(rate_window.count())) {
    return;
  }
  const auto ms = std::max<std::int64_t>(passed.count(), 1);
  rate_ = rate_bytes_ * 1000 / static_cast<std::uint64_t>(ms);
  if (passed >= rate_window) {
    rate_from_ = now;
    rate_bytes_ = 0;
  }
}

std::vector<byte_range> download_session::outstanding() const {
  std::vector<byte_range> out;
  for (const auto& b : blocks_) out.push_back(b.range());
  return out;
}

void download_session::forget(const byte_range& block) {
  std::erase_if(blocks_, [&](const download_block& b) { return block.contains(b.range()); });
}

instant download_session::waited(instant now) const {
  return phase_ == phase::granted && !blocks_.empty() ? now - progress_at_ : instant{};
}

bool download_session::stalled(instant now) const { return waited(now) >= limits::stall_time; }

void download_session::lose_slot(phase next, download_events& events) {
  const bool had = phase_ == phase::granted;
  phase_ = next;
  if (!had) return;
  events.emplace_back(download_event::slot_lost{outstanding()});
  blocks_.clear();
}

void download_session::finish(bytes& out) {
  if (phase_ == phase::granted) append_bare(out, opcode::cancel_transfer);
  phase_ = phase::over;
  blocks_.clear();
}

void download_session::ask_recovery(std::uint16_t part, const sha1_digest& root, bytes& out) const {
  if (theirs_.aich != 0) append_aich_request(out, {goal_.hash, part, root});
}

} // namespace interswarm::ed2k
