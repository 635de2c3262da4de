#include "actors/overlays/ed2k/client_session.hpp"

#include "actors/overlays/ed2k/hub.hpp"
#include "actors/overlays/ed2k/limits.hpp"
#include "actors/runtime/log.hpp"
#include "schema/ed2k/aich.hpp"
#include "schema/ed2k/client_exchange.hpp"
#include "schema/ed2k/client_opcode.hpp"

namespace interswarm::ed2k {

client_session::client_session(hub& of, session_id id, kj::Own<kj::AsyncIoStream> stream,
                               const endpoint& remote, bool dialled)
    : hub_(&of), id_(id), remote_(remote), dialled_(dialled), connection_(kj::mv(stream), *this),
      opened_at_(of.now()), heard_at_(opened_at_) {}

void client_session::for_slot(const md4_digest& file) {
  slot_for_ = file;
  wanted_ = file;
}

void client_session::start() {
  connection_.start();
  if (!dialled_) return;
  bytes out;
  append_hello(out, hub_->introduction(), false);
  send(std::move(out));
}

endpoint client_session::contact() const {
  if (client_.tcp_port == 0) return {};
  return {remote_.address, client_.tcp_port};
}

void client_session::send(bytes&& packets) { connection_.send(std::move(packets)); }
void client_session::close(std::string_view why) { connection_.close(why); }

void client_session::tick(instant now) {
  if (closed()) return;
  const auto patience = dialled_ ? hub_->options().hello_patience : limits::connect_timeout;
  if (!greeted_ && now - opened_at_ >= patience) return close("no hello in time");
  // A client that waits in our queue may be silent for long: it keeps its place without a
  // connection.
  if (now - heard_at_ >= limits::download_timeout) return close("silent for too long");
  if (!pending_.empty() && client_.can.is_emule && now - kept_alive_at_ >= limits::keep_alive) {
    kept_alive_at_ = now;
    bytes out;
    append_frame(out, protocol::emule, emule_opcode::public_ip_req, {});
    send(std::move(out));
  }
  pump();
}

bool client_session::on_frame(const frame& packet) {
  heard_at_ = hub_->now();
  if (!greeted_) return greet(packet);
  if (is_for_download(packet)) return give_to_downloads(packet);
  return packet.family == protocol::emule ? handle_emule(packet) : handle_edonkey(packet);
}

void client_session::on_drained() {
  heard_at_ = hub_->now();
  pump();
}

void client_session::on_closed(std::string_view why) {
  runtime::log().debug("ed2k client {}: {}", remote_.to_string(), why);
  end_upload(true);
  for (const auto& t : std::exchange(takings_, {})) {
    if (auto* party = hub_->download(t.file)) party->session_closed(t.source);
  }
  hub_->bury(id_);
}

capabilities client_session::common() const {
  auto c = client_.can;
  const auto ours = hub_->introduction().can;
  c.extended_request = std::min(c.extended_request, ours.extended_request);
  c.source_exchange = std::min(c.source_exchange, ours.source_exchange);
  return c;
}

bool client_session::greet(const frame& packet) {
  if (packet.family == protocol::emule) {
    // Some clients tell their abilities before their hello is answered.
    if (packet.opcode != emule_opcode::emule_info) return true;
    if (!decode_emule_info(packet.payload, client_)) return false;
    bytes out;
    append_emule_info(out, hub_->introduction(), true);
    send(std::move(out));
    return true;
  }
  const bool answer = packet.opcode == opcode::hello_answer;
  if (!answer && packet.opcode != opcode::hello) return dialled_;
  auto h = decode_hello(packet.payload, answer);
  if (!h) return false;
  if (!answer) {
    bytes out;
    append_hello(out, hub_->introduction(), true);
    send(std::move(out));
  }
  take_hello(std::move(*h));
  return !closed();
}

void client_session::take_hello(hello&& h) {
  if (h.user_hash == hub_->introduction().user_hash) return close("that is ourselves");
  const auto learned = client_.can;
  client_ = std::move(h);
  if (learned.is_emule && !client_.can.is_emule) client_.can = learned;
  greeted_ = true;
  if (is_amule(client_.emule_version)) {
    client_connection::pacing p{
        limits::amule_burst_bytes, {}, limits::amule_burst_gap, limits::amule_answer_time};
    append_frame(p.question, protocol::emule, emule_opcode::public_ip_req, {});
    connection_.pace(std::move(p), hub_->home().timer());
  }
  if (slot_for_) {
    auto* file = hub_->offered(*slot_for_);
    if (file == nullptr || !hub_->queue().has_slot(client_.user_hash))
      return close("nothing to give any more");
    return grant(*file);
  }
  if (!takings_.empty()) {
    const auto all = takings_;
    for (const auto& t : all) {
      auto* party = hub_->download(t.file);
      if (party != nullptr && !closed()) party->session_ready(t.source, *this);
    }
    return;
  }
  for (const auto& [file, source] : hub_->recognise(*this)) {
    if (!closed()) take_from(file, source);
  }
}

bool client_session::handle_edonkey(const frame& packet) {
  switch (packet.opcode) {
  case opcode::request_file_name: {
    const auto q = decode_request_file_name(packet.payload, common().extended_request);
    return q && answer_inquiry(*q, false);
  }
  case opcode::set_req_file_id:
  case opcode::hash_set_request:
  case opcode::start_upload_req: {
    const auto hash = decode_hash_packet(packet.payload);
    if (!hash) return false;
    if (packet.opcode == opcode::set_req_file_id) return answer_status(*hash);
    if (packet.opcode == opcode::hash_set_request) return answer_hash_set(*hash);
    return answer_slot(*hash);
  }
  case opcode::request_parts: return answer_parts(decode_request_parts(packet.payload, false));
  case opcode::cancel_transfer:
  case opcode::end_of_download: end_upload(false); return true;
  case opcode::ask_shared_files:
  case opcode::ask_shared_dirs:
  case opcode::ask_shared_files_dir: {
    bytes out;
    append_bare(out, opcode::ask_shared_denied);
    send(std::move(out));
    return true;
  }
  default: return true;
  }
}

bool client_session::handle_emule(const frame& packet) {
  switch (packet.opcode) {
  case emule_opcode::emule_info: {
    if (!decode_emule_info(packet.payload, client_)) return false;
    bytes out;
    append_emule_info(out, hub_->introduction(), true);
    send(std::move(out));
    return true;
  }
  case emule_opcode::emule_info_answer:
    return decode_emule_info(packet.payload, client_).has_value();
  case emule_opcode::multi_packet:
  case emule_opcode::multi_packet_ext: {
    const auto q = decode_multi_packet(
        packet.payload, packet.opcode == emule_opcode::multi_packet_ext, common().extended_request);
    return q && answer_inquiry(*q, true);
  }
  case emule_opcode::request_parts_i64:
    return answer_parts(decode_request_parts(packet.payload, true));
  case emule_opcode::aich_request: return answer_aich(packet.payload);
  case emule_opcode::aich_file_hash_request: {
    const auto hash = decode_hash_packet(packet.payload);
    if (!hash) return false;
    auto* file = hub_->offered(*hash);
    if (file == nullptr || !file->aich_root()) return true;
    bytes out;
    append_aich_file_hash(out, {*hash, *file->aich_root()});
    send(std::move(out));
    return true;
  }
  case emule_opcode::request_sources: {
    const auto hash = decode_hash_packet(packet.payload);
    if (hash) answer_sources(*hash, std::max<std::uint8_t>(1, common().source_exchange), false);
    return hash.has_value();
  }
  case emule_opcode::request_sources2: {
    const auto r = decode_source_request2(packet.payload);
    if (r) answer_sources(r->hash, std::min(r->version, source_exchange2_version), true);
    return r.has_value();
  }
  case emule_opcode::public_ip_answer: connection_.answered(); return true;
  case emule_opcode::public_ip_req: {
    bytes out;
    frame_builder answer(out, protocol::emule, emule_opcode::public_ip_answer);
    little_endian_writer(out).u32(client_id::of(remote_.address).value);
    answer.close();
    send(std::move(out));
    return true;
  }
  default: return true;
  }
}

} // namespace interswarm::ed2k
