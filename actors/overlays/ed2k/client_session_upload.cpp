#include "actors/overlays/ed2k/client_session.hpp"
#include "actors/overlays/ed2k/hub.hpp"
#include "actors/overlays/ed2k/limits.hpp"
#include "schema/ed2k/aich.hpp"
#include "schema/ed2k/client_exchange.hpp"
#include "schema/ed2k/client_opcode.hpp"
#include "schema/ed2k/limits.hpp"

#include <algorithm>

namespace interswarm::ed2k {

namespace {

/// Blocks of one client whose bytes are being got ready.
constexpr std::size_t max_prepared_blocks = 8;

file_inquiry about(const md4_digest& hash) {
  file_inquiry out;
  out.hash = hash;
  return out;
}

} // namespace

/// The file, when we offer it; else the client is told so.
upload_file* client_session::offered(const md4_digest& hash, bytes& out) {
  auto* file = hub_->offered(hash);
  if (file == nullptr || file->refuted()) {
    append_hash_packet(out, protocol::edonkey, opcode::file_req_ans_no_file, hash);
    return nullptr;
  }
  file->asked();
  wanted_ = hash;
  return file;
}

bool client_session::answer_inquiry(const file_inquiry& q, bool multi) {
  bytes out;
  auto* file = offered(q.hash, out);
  if (file == nullptr || (q.size && *q.size != file->size())) {
    if (file != nullptr)
      append_hash_packet(out, protocol::edonkey, opcode::file_req_ans_no_file, q.hash);
    send(std::move(out));
    return true;
  }
  if (q.have && !told_complete_ && file->size() >= 9'728'000) {
    const auto& parts = q.have->parts;
    told_complete_ = !parts.empty() && std::find(parts.begin(), parts.end(), false) == parts.end();
    if (told_complete_) file->client_completed();
  }
  if (!multi) {
    append_file_name_answer(out, q.hash, file->title());
    send(std::move(out));
    return true;
  }
  file_answer a{q.hash, {}, {}, {}};
  if (q.status) {
    const auto& status = file->status();
    if (!status) {
      answer_later(pending_question::kind::inquiry, q);
      return true;
    }
    a.status = *status;
  }
  if (q.name) a.name = file->title();
  if (q.aich_root) a.aich_root = file->aich_root();
  append_multi_packet_answer(out, a);
  send(std::move(out));
  if (q.sources) {
    const auto version =
        q.sources2 ? std::min(*q.sources, source_exchange2_version) : common().source_exchange;
    answer_sources(q.hash, std::max<std::uint8_t>(1, version), q.sources2);
  }
  return true;
}

bool client_session::answer_status(const md4_digest& hash) {
  bytes out;
  if (auto* file = offered(hash, out)) {
    const auto& status = file->status();
    if (!status) {
      answer_later(pending_question::kind::status, about(hash));
      return true;
    }
    append_file_status(out, hash, *status);
  }
  send(std::move(out));
  return true;
}

bool client_session::answer_hash_set(const md4_digest& hash) {
  bytes out;
  if (auto* file = offered(hash, out)) {
    const auto* set = file->hash_set();
    if (set == nullptr) {
      answer_later(pending_question::kind::hash_set, about(hash));
      return true;
    }
    append_hash_set(out, {hash, *set});
  }
  send(std::move(out));
  return true;
}

bool client_session::answer_slot(const md4_digest& hash) {
  bytes out;
  auto* file = offered(hash, out);
  send(std::move(out));
  if (file == nullptr) return true;
  const auto verdict =
      hub_->queue().ask({client_.user_hash, contact(), hash}, file->ready(), hub_->now());
  switch (verdict.what) {
  case upload_queue::answer::accepted: grant(*file); return true;
  case upload_queue::answer::queued: send_rank(verdict.rank); return true;
  case upload_queue::answer::full: return true;
  case upload_queue::answer::banned: return false;
  }
  return true;
}

void client_session::send_rank(std::uint16_t rank) {
  bytes out;
  if (client_.can.is_emule) {
    append_queue_ranking(out, rank);
  } else {
    frame_builder packet(out, protocol::edonkey, opcode::queue_rank);
    little_endian_writer(out).u32(rank);
    packet.close();
  }
  send(std::move(out));
}

void client_session::grant(upload_file& file) {
  wanted_ = file.hash();
  prepared_.clear();
  const bool compress = hub_->options().compress && client_.can.compression != 0;
  upload_ = std::make_unique<upload_session>(file.hash(), file.size(), compress);
  bytes out;
  append_bare(out, opcode::accept_upload_req);
  send(std::move(out));
}

bool client_session::answer_parts(const decoded<part_request>& request) {
  if (!request) return false;
  // Requests that were on their way when the session ended get nothing.
  if (!upload_) return true;
  if (upload_->hash() != request->hash) {
    // The client named another file (SETREQFILEID) and goes on with that in its slot.
    auto* file = request->hash == wanted_ ? hub_->offered(request->hash) : nullptr;
    if (file == nullptr || !file->ready()) return true;
    prepared_.clear();
    upload_ = std::make_unique<upload_session>(file->hash(), file->size(), upload_->compresses());
  }
  upload_->request(*request);
  pump();
  return true;
}

bool client_session::answer_aich(byte_view payload) {
  const auto r = decode_aich_request(payload);
  if (!r) return false;
  bytes out;
  auto* file = hub_->offered(r->file);
  const bool known = file != nullptr && file->aich_root() == r->root &&
                     !file->aich_leaves().empty() && r->part < part_count(file->size()) &&
                     file->size() > block_bytes;
  if (known) {
    append_aich_answer(out, make_aich_recovery(file->aich_leaves(), file->size(), r->file, r->part),
                       file->size());
  } else {
    append_aich_refusal(out, r->file);
  }
  send(std::move(out));
  return true;
}

void client_session::answer_sources(const md4_digest& hash, std::uint8_t version, bool sx2) {
  source_answer a{hash, {}};
  for (auto* other : hub_->sessions_wanting(hash)) {
    if (other == this || other->contact().port == 0 || !other->contact().address.is_v4()) continue;
    const auto id = client_id::of(other->contact().address);
    if (id.is_low() || a.sources.size() >= limits::max_exchanged_sources) continue;
    a.sources.push_back(
        {id, other->contact().port, other->client().server, other->client().user_hash, 0});
  }
  // An empty answer tells nothing, and clients do not wait for one.
  if (a.sources.empty()) return;
  bytes out;
  if (sx2) {
    append_source_answer2(out, a, version);
  } else {
    append_source_answer(out, a, version);
  }
  send(std::move(out));
}

void client_session::poke(const md4_digest& file) {
  if (closed()) return;
  const auto before = wanted_;
  for (const auto& q : std::exchange(pending_, {})) {
    if (q.inquiry.hash != file) {
      pending_.push_back(q);
      continue;
    }
    switch (q.what) {
    case pending_question::kind::inquiry: answer_inquiry(q.inquiry, true); break;
    case pending_question::kind::status: answer_status(file); break;
    case pending_question::kind::hash_set: answer_hash_set(file); break;
    }
  }
  // A late answer is no new question.
  if (before) wanted_ = before;
}

void client_session::tell_status(const md4_digest& file) {
  auto* offer = hub_->offered(file);
  const bool waits = std::any_of(pending_.begin(), pending_.end(),
                                 [&](const auto& q) { return q.inquiry.hash == file; });
  if (closed() || waits || wanted_ != file || offer == nullptr || !offer->status()) return;
  bytes out;
  append_file_status(out, file, *offer->status());
  send(std::move(out));
}

void client_session::answer_later(pending_question::kind what, file_inquiry inquiry) {
  if (pending_.size() < limits::max_pending_questions)
    pending_.push_back({what, std::move(inquiry)});
}

bool client_session::wants(const md4_digest& file) const {
  return wanted_ == file || (upload_ && upload_->hash() == file) ||
         std::any_of(pending_.begin(), pending_.end(),
                     [&](const auto& q) { return q.inquiry.hash == file; });
}

void client_session::withdraw(const md4_digest& file) {
  if (upload_ && upload_->hash() == file) {
    bytes out;
    append_bare(out, opcode::out_of_part_reqs);
    send(std::move(out));
    end_upload(false);
  }
  std::erase_if(pending_, [&](const auto& q) { return q.inquiry.hash == file; });
  if (wanted_ != file) return;
  if (!upload_) end_upload(false);
  wanted_.reset();
}

void client_session::end_upload(bool keep_place) {
  prepared_.clear();
  if (upload_ == nullptr && keep_place) return;
  const bool had = upload_ != nullptr;
  upload_.reset();
  if (greeted_) hub_->queue().leave(client_.user_hash);
  if (had) hub_->promote();
}

void client_session::pump() {
  if (pumping_ || !upload_ || closed()) return;
  auto* file = hub_->offered(upload_->hash());
  if (file == nullptr) return;
  pumping_ = true;
  while (prepared_.size() < max_prepared_blocks) {
    const auto block = upload_->next_block();
    if (!block) break;
    const auto sequence = next_sequence_++;
    prepared_.push_back({sequence, *block, {}});
    file->asked();
    file->read(*block,
               [of = hub_->weak_from_this(), id = id_, sequence](result<std::vector<slice>> data) {
                 const auto alive = of.lock();
                 if (auto* me = alive ? alive->session(id) : nullptr)
                   me->prepared(sequence, std::move(data));
               });
    if (!upload_) break;
  }
  while (upload_ && !prepared_.empty() && prepared_.front().data &&
         connection_.queued_bytes() < limits::max_send_queue_bytes) {
    auto block = std::move(prepared_.front());
    prepared_.pop_front();
    if (!*block.data) {
      // The source cannot deliver: the client may come again later, and gets its rank.
      bytes out;
      append_bare(out, opcode::out_of_part_reqs);
      send(std::move(out));
      hub_->queue().requeue(client_.user_hash, hub_->now());
      prepared_.clear();
      upload_.reset();
      hub_->promote();
      break;
    }
    connection_.send(upload_->encode(block.range, **block.data));
    file->sent(block.range);
    hub_->queue().sent(client_.user_hash, block.range.size());
    if (const auto part = upload_->next_part()) {
      // Half a part ahead is time enough to get the next one.
      if (block.range.end % part_bytes > part_bytes / 2) file->prefetch(*part);
    }
    if (!hub_->queue().session_over(client_.user_hash, hub_->now())) continue;
    bytes out;
    append_bare(out, opcode::out_of_part_reqs);
    send(std::move(out));
    hub_->queue().requeue(client_.user_hash, hub_->now());
    send_rank(hub_->queue().rank(client_.user_hash));
    prepared_.clear();
    upload_.reset();
    hub_->promote();
  }
  pumping_ = false;
}

void client_session::prepared(std::uint64_t sequence, result<std::vector<slice>> data) {
  for (auto& block : prepared_) {
    if (block.sequence != sequence) continue;
    block.data = std::move(data);
    break;
  }
  pump();
}

} // namespace interswarm::ed2k
