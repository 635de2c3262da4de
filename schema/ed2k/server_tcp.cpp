#include "schema/ed2k/server_tcp.hpp"

#include "schema/ed2k/frame.hpp"

namespace interswarm::ed2k {

namespace {

decoded<server_request> read_login(little_endian_reader& in) {
  login_request out;
  out.user_hash = in.array<16>();
  out.id.value = in.u32();
  out.port = in.u16();
  auto tags = read_tag_list(in);
  if (!tags) return tl::unexpected(tags.error());
  out.tags = std::move(*tags);
  return out;
}

decoded<server_request> read_offer(little_endian_reader& in) {
  auto files = read_file_entries(in);
  if (!files) return tl::unexpected(files.error());
  return offer_files_request{std::move(*files)};
}

template <class Request>
decoded<server_request> read_expression(little_endian_reader& in) {
  auto expression = read_search(in);
  if (!expression) return tl::unexpected(expression.error());
  return Request{std::move(*expression)};
}

decoded<server_request> read_get_sources(little_endian_reader& in, bool obfuscated) {
  get_sources_request out{.obfuscated = obfuscated};
  out.file.hash = in.array<16>();
  if (in.done()) return out; // servers of before sizes
  const auto size = in.u32();
  out.file.size = size != 0 || in.done() ? std::uint64_t{size} : in.u64();
  return out;
}

decoded<server_request> read_body(std::uint8_t opcode, little_endian_reader& in) {
  switch (opcode) {
  case server_opcode::login: return read_login(in);
  case server_opcode::get_server_list: return get_server_list_request{};
  case server_opcode::offer_files: return read_offer(in);
  case server_opcode::search: return read_expression<search_request>(in);
  case server_opcode::search_user: return read_expression<search_user_request>(in);
  case server_opcode::disconnect: return disconnect_request{};
  case server_opcode::get_sources: return read_get_sources(in, false);
  case server_opcode::get_sources_obfuscated: return read_get_sources(in, true);
  case server_opcode::callback_request: return callback_request{{in.u32()}};
  case server_opcode::query_more: return query_more_request{};
  default: return reply_error("unknown server opcode");
  }
}

struct payload_writer {
  bytes& out;

  std::uint8_t operator()(const login_request& r) const {
    little_endian_writer(out).put(r.user_hash).u32(r.id.value).u16(r.port);
    write_tag_list(out, r.tags);
    return server_opcode::login;
  }
  std::uint8_t operator()(const get_server_list_request&) const {
    return server_opcode::get_server_list;
  }
  std::uint8_t operator()(const offer_files_request& r) const {
    write_file_entries(out, r.files);
    return server_opcode::offer_files;
  }
  std::uint8_t operator()(const search_request& r) const {
    write_search(out, r.expression);
    return server_opcode::search;
  }
  std::uint8_t operator()(const search_user_request& r) const {
    write_search(out, r.expression);
    return server_opcode::search_user;
  }
  std::uint8_t operator()(const disconnect_request&) const { return server_opcode::disconnect; }
  std::uint8_t operator()(const get_sources_request& r) const {
    write_source_request(out, r.file);
    return r.obfuscated ? server_opcode::get_sources_obfuscated : server_opcode::get_sources;
  }
  std::uint8_t operator()(const callback_request& r) const {
    little_endian_writer(out).u32(r.low_id.value);
    return server_opcode::callback_request;
  }
  std::uint8_t operator()(const query_more_request&) const { return server_opcode::query_more; }
};

} // namespace

std::uint32_t login_request::flags() const {
  return static_cast<std::uint32_t>(tag_integer(tags, tag_name::server_flags));
}

decoded<server_request> read_server_request(std::uint8_t opcode, byte_view payload) {
  little_endian_reader in(payload);
  auto out = read_body(opcode, in);
  if (out && in.failed()) return drop("server request cut off");
  return out;
}

void append_server_request(bytes& out, const server_request& request, bool pack) {
  bytes payload;
  const auto opcode = std::visit(payload_writer{payload}, request);
  if (pack) {
    append_frame_packed(out, protocol::edonkey, opcode, payload);
  } else {
    append_frame(out, protocol::edonkey, opcode, payload);
  }
}

} // namespace interswarm::ed2k
