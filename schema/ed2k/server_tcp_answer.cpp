#include "schema/ed2k/server_tcp_answer.hpp"

#include "schema/ed2k/frame.hpp"

namespace interswarm::ed2k {

namespace {

template <class Answer, class Read>
decoded<server_answer> wrap(Read&& read) {
  if (!read) return tl::unexpected(read.error());
  return Answer{std::move(*read)};
}

decoded<server_answer> read_search_result(little_endian_reader& in) {
  auto files = read_file_entries(in);
  if (!files) return tl::unexpected(files.error());
  return search_result_answer{std::move(*files), !in.done() && in.u8() != 0};
}

decoded<server_answer> read_callback(little_endian_reader& in) {
  callback_requested_answer out;
  out.caller.address = client_id{in.u32()}.address();
  out.caller.port = in.u16();
  if (!in.done()) {
    out.crypt = in.u8();
    out.user_hash = in.array<16>();
  }
  return out;
}

decoded<server_answer> read_id_change(little_endian_reader& in) {
  id_change_answer out{.id = {in.u32()}};
  // A field that is cut off in the middle counts as absent: servers differ here, and aMule reads
  // them so.
  if (in.left() >= 4) out.flags = in.u32();
  if (in.left() >= 4) out.aux_port = in.u32();
  if (in.left() >= 4) out.client_address.value = in.u32();
  if (in.left() >= 4) out.obfuscated_port = in.u32();
  return out;
}

decoded<server_answer> read_ident(little_endian_reader& in) {
  server_ident_answer out;
  out.hash = in.array<16>();
  out.address.address = client_id{in.u32()}.address();
  out.address.port = in.u16();
  auto tags = read_tag_list(in);
  if (!tags) return tl::unexpected(tags.error());
  out.tags = std::move(*tags);
  return out;
}

decoded<server_answer> read_found(little_endian_reader& in, bool obfuscated) {
  auto list = read_source_list(in, obfuscated);
  if (!list) return tl::unexpected(list.error());
  return found_sources_answer{std::move(*list), obfuscated};
}

decoded<server_answer> read_body(std::uint8_t opcode, little_endian_reader& in) {
  switch (opcode) {
  case server_opcode::reject: return reject_answer{};
  case server_opcode::server_list: return wrap<server_list_answer>(read_server_endpoints(in));
  case server_opcode::search_result: return read_search_result(in);
  case server_opcode::users_list: return wrap<users_list_answer>(read_file_entries(in));
  case server_opcode::server_status: {
    server_status_answer out{.users = in.u32(), .files = 0};
    out.files = in.u32();
    return out;
  }
  case server_opcode::callback_requested: return read_callback(in);
  case server_opcode::callback_failed: return callback_failed_answer{};
  case server_opcode::server_message: return server_message_answer{read_string(in)};
  case server_opcode::id_change: return read_id_change(in);
  case server_opcode::server_ident: return read_ident(in);
  case server_opcode::found_sources: return read_found(in, false);
  case server_opcode::found_sources_obfuscated: return read_found(in, true);
  default: return drop("unknown server answer");
  }
}

struct payload_writer {
  bytes& out;
  tag_form form;

  std::uint8_t operator()(const reject_answer&) const { return server_opcode::reject; }
  std::uint8_t operator()(const server_list_answer& a) const {
    write_server_endpoints(out, a.servers);
    return server_opcode::server_list;
  }
  std::uint8_t operator()(const search_result_answer& a) const {
    write_file_entries(out, a.files, form);
    little_endian_writer(out).u8(a.more ? 1 : 0);
    return server_opcode::search_result;
  }
  std::uint8_t operator()(const users_list_answer& a) const {
    write_file_entries(out, a.users, form);
    return server_opcode::users_list;
  }
  std::uint8_t operator()(const server_status_answer& a) const {
    little_endian_writer(out).u32(a.users).u32(a.files);
    return server_opcode::server_status;
  }
  std::uint8_t operator()(const callback_requested_answer& a) const {
    little_endian_writer writer(out);
    writer.u32(client_id::of(a.caller.address).value).u16(a.caller.port);
    if (a.crypt && a.user_hash) writer.u8(*a.crypt).put(*a.user_hash);
    return server_opcode::callback_requested;
  }
  std::uint8_t operator()(const callback_failed_answer&) const {
    return server_opcode::callback_failed;
  }
  std::uint8_t operator()(const server_message_answer& a) const {
    write_string(out, a.text);
    return server_opcode::server_message;
  }
  std::uint8_t operator()(const id_change_answer& a) const {
    little_endian_writer(out)
        .u32(a.id.value)
        .u32(a.flags)
        .u32(a.aux_port)
        .u32(a.client_address.value)
        .u32(a.obfuscated_port);
    return server_opcode::id_change;
  }
  std::uint8_t operator()(const server_ident_answer& a) const {
    little_endian_writer(out)
        .put(a.hash)
        .u32(client_id::of(a.address.address).value)
        .u16(a.address.port);
    write_tag_list(out, a.tags);
    return server_opcode::server_ident;
  }
  std::uint8_t operator()(const found_sources_answer& a) const {
    write_source_list(out, a.found, a.obfuscated);
    return a.obfuscated ? server_opcode::found_sources_obfuscated : server_opcode::found_sources;
  }
};

} // namespace

decoded<server_answer> read_server_answer(std::uint8_t opcode, byte_view payload) {
  little_endian_reader in(payload);
  auto out = read_body(opcode, in);
  if (out && in.failed()) return drop("server answer cut off");
  return out;
}

void append_server_answer(bytes& out, const server_answer& answer, bool pack, tag_form form) {
  bytes payload;
  const auto opcode = std::visit(payload_writer{payload, form}, answer);
  if (pack) {
    append_frame_packed(out, protocol::edonkey, opcode, payload);
  } else {
    append_frame(out, protocol::edonkey, opcode, payload);
  }
}

} // namespace interswarm::ed2k
