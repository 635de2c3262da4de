#include "actors/overlays/ed2k/client_session.hpp"
#include "actors/overlays/ed2k/hub.hpp"
#include "actors/overlays/ed2k/limits.hpp"
#include "schema/base/wire.hpp"
#include "schema/ed2k/client_file.hpp"
#include "schema/ed2k/client_opcode.hpp"

#include <algorithm>

namespace interswarm::ed2k {

namespace {

/// The file that an answer is about; nothing for what concerns the client's queue alone.
std::optional<md4_digest> file_of(const frame& packet) {
  if (packet.family == protocol::edonkey) {
    if (packet.opcode == opcode::accept_upload_req || packet.opcode == opcode::out_of_part_reqs ||
        packet.opcode == opcode::queue_rank)
      return std::nullopt;
  } else if (packet.opcode == emule_opcode::queue_ranking) {
    return std::nullopt;
  }
  const bool versioned =
      packet.family == protocol::emule && packet.opcode == emule_opcode::answer_sources2;
  little_endian_reader in(packet.payload);
  if (versioned) in.u8();
  const auto hash = in.array<16>();
  return in.failed() ? md4_digest{} : hash;
}

} // namespace

/// Answers to what a downloader asks; everything else is asked of us.
bool client_session::is_for_download(const frame& packet) const {
  if (takings_.empty()) return false;
  if (packet.family == protocol::edonkey) {
    switch (packet.opcode) {
    case opcode::req_file_name_answer:
    case opcode::file_status:
    case opcode::file_req_ans_no_file:
    case opcode::hash_set_answer:
    case opcode::accept_upload_req:
    case opcode::out_of_part_reqs:
    case opcode::queue_rank:
    case opcode::sending_part: return true;
    default: return false;
    }
  }
  switch (packet.opcode) {
  case emule_opcode::multi_packet_answer:
  case emule_opcode::queue_ranking:
  case emule_opcode::compressed_part:
  case emule_opcode::compressed_part_i64:
  case emule_opcode::sending_part_i64:
  case emule_opcode::answer_sources:
  case emule_opcode::answer_sources2:
  case emule_opcode::aich_answer:
  case emule_opcode::aich_file_hash_answer: return true;
  default: return false;
  }
}

const client_session::taking* client_session::find_taking(const md4_digest& file) const {
  const auto found = std::find_if(takings_.begin(), takings_.end(),
                                  [&](const taking& t) { return t.file == file; });
  return found == takings_.end() ? nullptr : &*found;
}

void client_session::take_from(const md4_digest& file, source_id source) {
  auto* party = hub_->download(file);
  if (party == nullptr) return;
  if (closed() || find_taking(file) != nullptr ||
      takings_.size() >= limits::max_downloads_per_client)
    return party->session_closed(source);
  takings_.push_back({file, source});
  if (greeted_) party->session_ready(source, *this);
}

void client_session::stop_taking(const md4_digest& file) {
  std::erase_if(takings_, [&](const taking& t) { return t.file == file; });
  std::erase(waiting_turns_, file);
  if (turn_ == file) turn_.reset();
  // Whoever took last gave the slot back.
  if (takings_.empty()) slot_ = slot_state::none;
  pass_turn();
}

bool client_session::give_to_downloads(const frame& packet) {
  const auto file = file_of(packet);
  if (!file) return give_to_all(packet);
  const auto* t = find_taking(*file);
  auto* party = t == nullptr ? nullptr : hub_->download(*file);
  // An answer to a download that has ended meanwhile.
  if (party == nullptr) return true;
  return keep_or_end(*file, party->session_frame(t->source, *this, packet));
}

bool client_session::give_to_all(const frame& packet) {
  const bool accepted =
      packet.family == protocol::edonkey && packet.opcode == opcode::accept_upload_req;
  slot_ = accepted ? slot_state::granted : slot_state::asked;
  const auto all = takings_;
  for (const auto& t : all) {
    auto* party = find_taking(t.file) == nullptr ? nullptr : hub_->download(t.file);
    if (party == nullptr) continue;
    if (!keep_or_end(t.file, party->session_frame(t.source, *this, packet))) return false;
    if (closed()) return false;
  }
  return true;
}

/// False when nothing is left that the connection is for.
bool client_session::keep_or_end(const md4_digest& file, bool keep) {
  if (closed()) return false;
  if (const auto* t = keep ? nullptr : find_taking(file)) {
    const auto source = t->source;
    stop_taking(file);
    if (auto* party = hub_->download(file)) party->session_closed(source);
    if (takings_.empty() && !wanted_) return false;
  }
  pass_turn();
  return true;
}

bool client_session::turn_is_busy() const {
  const auto* taker = turn_ ? find_taking(*turn_) : nullptr;
  const auto* party = taker == nullptr ? nullptr : hub_->download(taker->file);
  return party != nullptr && party->session_busy(taker->source);
}

bool client_session::take_turn(const md4_digest& file) {
  const auto now = hub_->now();
  if (turn_ == file) {
    if (waiting_turns_.empty() || now - turn_since_ < limits::turn_time) return true;
    // It drains now, and queues up behind the others.
    if (turn_is_busy()) return false;
  } else if (!turn_is_busy() && (waiting_turns_.empty() || waiting_turns_.front() == file)) {
    std::erase(waiting_turns_, file);
    // The uploader gives blocks of the file that was named last.
    if (turn_) {
      bytes out;
      append_hash_packet(out, protocol::edonkey, opcode::set_req_file_id, file);
      send(std::move(out));
    }
    turn_ = file;
    turn_since_ = now;
    return true;
  }
  if (std::find(waiting_turns_.begin(), waiting_turns_.end(), file) == waiting_turns_.end())
    waiting_turns_.push_back(file);
  return false;
}

void client_session::pass_turn() {
  // Each that waits is asked once: one that wants nothing any more leaves the turn to the next.
  for (auto left = waiting_turns_.size(); left > 0 && !waiting_turns_.empty(); --left) {
    if (closed() || turn_is_busy()) return;
    const auto file = waiting_turns_.front();
    const auto* t = find_taking(file);
    auto* party = t == nullptr ? nullptr : hub_->download(file);
    if (party != nullptr) party->session_turn(t->source);
    std::erase(waiting_turns_, file);
  }
}

} // namespace interswarm::ed2k
