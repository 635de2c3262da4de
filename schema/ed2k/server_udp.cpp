#include "schema/ed2k/server_udp.hpp"

#include "schema/ed2k/frame.hpp"
#include "schema/ed2k/limits.hpp"

#include <algorithm>

namespace interswarm::ed2k {

namespace {

/// Entries repeat the datagram's header; true when another one follows.
bool another_entry(little_endian_reader& in, std::uint8_t opcode) {
  const auto rest = in.rest();
  if (rest.size() < 2 || rest[0] != static_cast<std::uint8_t>(protocol::edonkey) ||
      rest[1] != opcode)
    return false;
  in.take(2);
  return true;
}

decoded<udp_request> read_search_3(little_endian_reader& in) {
  auto tags = read_tag_list(in);
  if (!tags) return tl::unexpected(tags.error());
  auto expression = read_search(in);
  if (!expression) return drop(expression.error().text);
  return udp_search_request{std::move(*expression), std::move(*tags)};
}

decoded<udp_request> read_get_sources(little_endian_reader& in, bool with_size) {
  udp_get_sources_request out;
  while (!in.done()) {
    if (out.files.size() >= limits::max_udp_source_requests)
      return drop("too many files asked in one datagram");
    source_request file{.hash = in.array<16>()};
    if (with_size) {
      const auto size = in.u32();
      file.size = size != 0 ? std::uint64_t{size} : in.u64();
      if (file.size == 0u) return drop("nobody has sources for a file of no bytes");
    }
    out.files.push_back(file);
  }
  if (out.files.empty()) return drop("no file asked");
  return out;
}

decoded<udp_request> read_request_body(std::uint8_t opcode, little_endian_reader& in) {
  switch (opcode) {
  case server_udp_opcode::status_request: return udp_status_request{in.u32()};
  case server_udp_opcode::search:
  case server_udp_opcode::search_2: {
    auto expression = read_search(in);
    if (!expression) return drop(expression.error().text);
    return udp_search_request{std::move(*expression), {}};
  }
  case server_udp_opcode::search_3: return read_search_3(in);
  case server_udp_opcode::get_sources: return read_get_sources(in, false);
  case server_udp_opcode::get_sources_2: return read_get_sources(in, true);
  case server_udp_opcode::callback: {
    udp_callback_request out;
    out.caller.address = client_id{in.u32()}.address();
    out.caller.port = in.u16();
    out.low_id.value = in.u32();
    return out;
  }
  case server_udp_opcode::server_list_request:
  case server_udp_opcode::server_list_request_2: return udp_server_list_request{};
  case server_udp_opcode::description_request:
    return udp_description_request{in.done() ? std::nullopt : std::optional(in.u32())};
  default: return drop("unknown server datagram");
  }
}

decoded<udp_answer> read_status(little_endian_reader& in) {
  udp_status_answer out;
  out.challenge = in.u32();
  out.users = in.u32();
  out.files = in.u32();
  if (in.left() >= 4) out.max_users = in.u32();
  if (in.left() >= 4) out.soft_files = in.u32();
  if (in.left() >= 4) out.hard_files = in.u32();
  if (in.left() >= 4) out.flags = in.u32();
  if (in.left() >= 4) out.low_id_users = in.u32();
  return out;
}

decoded<udp_answer> read_search_answer(little_endian_reader& in) {
  udp_search_answer out;
  do {
    auto entry = read_file_entry(in);
    if (!entry) return tl::unexpected(entry.error());
    out.files.push_back(std::move(*entry));
  } while (another_entry(in, server_udp_opcode::search_answer));
  return out;
}

decoded<udp_answer> read_found(little_endian_reader& in) {
  udp_found_sources_answer out;
  do {
    auto list = read_source_list(in, false);
    if (!list) return tl::unexpected(list.error());
    out.found.push_back(std::move(*list));
  } while (another_entry(in, server_udp_opcode::found_sources));
  return out;
}

decoded<udp_answer> read_description(little_endian_reader& in) {
  udp_description_answer out;
  // A string cannot begin with 0xF0FF: it would be longer than a datagram.
  if (little_endian_reader(in.rest()).u16() != new_description_challenge) {
    out.name = read_string(in);
    out.description = read_string(in);
    return out;
  }
  out.challenge = in.u32();
  auto tags = read_tag_list(in);
  if (!tags) return tl::unexpected(tags.error());
  out.name = tag_text(*tags, tag_name::name);
  out.description = tag_text(*tags, tag_name::server_description);
  return out;
}

decoded<udp_answer> read_answer_body(std::uint8_t opcode, little_endian_reader& in) {
  switch (opcode) {
  case server_udp_opcode::status_answer: return read_status(in);
  case server_udp_opcode::search_answer: return read_search_answer(in);
  case server_udp_opcode::found_sources: return read_found(in);
  case server_udp_opcode::invalid_low_id: return udp_invalid_low_id_answer{{in.u32()}};
  case server_udp_opcode::server_list_answer: {
    auto servers = read_server_endpoints(in);
    if (!servers) return tl::unexpected(servers.error());
    return udp_server_list_answer{std::move(*servers)};
  }
  case server_udp_opcode::description_answer: return read_description(in);
  default: return drop("unknown server datagram");
  }
}

/// Runs `read(opcode, reader)` over the body of an E3 datagram.
template <class Result, class Read>
decoded<Result> read_datagram(byte_view datagram, Read read) {
  const auto packet = decode_datagram(datagram);
  if (!packet) return tl::unexpected(packet.error());
  if (packet->family != protocol::edonkey) return drop("not a server datagram");
  little_endian_reader in(packet->payload);
  decoded<Result> out = read(packet->opcode, in);
  if (out && in.failed()) return drop("server datagram cut off");
  return out;
}

void header(bytes& out, std::uint8_t opcode) {
  append_datagram(out, protocol::edonkey, opcode, {});
}

struct request_writer {
  bytes& out;

  void operator()(const udp_status_request& r) const {
    header(out, server_udp_opcode::status_request);
    little_endian_writer(out).u32(r.challenge);
  }
  void operator()(const udp_search_request& r) const {
    header(out, r.tags.empty() ? server_udp_opcode::search : server_udp_opcode::search_3);
    if (!r.tags.empty()) write_tag_list(out, r.tags);
    write_search(out, r.expression);
  }
  void operator()(const udp_get_sources_request& r) const {
    const bool sized = std::all_of(r.files.begin(), r.files.end(),
                                   [](const auto& f) { return f.size.has_value(); });
    header(out, sized ? server_udp_opcode::get_sources_2 : server_udp_opcode::get_sources);
    for (const auto& file : r.files)
      write_source_request(out, {file.hash, sized ? file.size : std::nullopt});
  }
  void operator()(const udp_callback_request& r) const {
    header(out, server_udp_opcode::callback);
    little_endian_writer(out)
        .u32(client_id::of(r.caller.address).value)
        .u16(r.caller.port)
        .u32(r.low_id.value);
  }
  void operator()(const udp_server_list_request&) const {
    header(out, server_udp_opcode::server_list_request);
  }
  void operator()(const udp_description_request& r) const {
    header(out, server_udp_opcode::description_request);
    if (r.challenge) little_endian_writer(out).u32(*r.challenge);
  }
};

struct answer_writer {
  bytes& out;

  void operator()(const udp_status_answer& a) const {
    header(out, server_udp_opcode::status_answer);
    little_endian_writer(out)
        .u32(a.challenge)
        .u32(a.users)
        .u32(a.files)
        .u32(a.max_users)
        .u32(a.soft_files)
        .u32(a.hard_files)
        .u32(a.flags)
        .u32(a.low_id_users);
  }
  void operator()(const udp_search_answer& a) const {
    for (const auto& file : a.files) {
      header(out, server_udp_opcode::search_answer);
      write_file_entry(out, file);
    }
  }
  void operator()(const udp_found_sources_answer& a) const {
    for (const auto& list : a.found) {
      header(out, server_udp_opcode::found_sources);
      write_source_list(out, list, false);
    }
  }
  void operator()(const udp_invalid_low_id_answer& a) const {
    header(out, server_udp_opcode::invalid_low_id);
    little_endian_writer(out).u32(a.low_id.value);
  }
  void operator()(const udp_server_list_answer& a) const {
    header(out, server_udp_opcode::server_list_answer);
    write_server_endpoints(out, a.servers);
  }
  void operator()(const udp_description_answer& a) const {
    header(out, server_udp_opcode::description_answer);
    if (!a.challenge) {
      write_string(out, a.name);
      write_string(out, a.description);
      return;
    }
    little_endian_writer(out).u32(*a.challenge);
    write_tag_list(out,
                   {tag(tag_name::name, a.name), tag(tag_name::server_description, a.description)});
  }
};

} // namespace

decoded<udp_request> read_udp_request(byte_view datagram) {
  return read_datagram<udp_request>(datagram, read_request_body);
}

decoded<udp_answer> read_udp_answer(byte_view datagram) {
  return read_datagram<udp_answer>(datagram, read_answer_body);
}

void append_udp_request(bytes& out, const udp_request& request) {
  std::visit(request_writer{out}, request);
}

void append_udp_answer(bytes& out, const udp_answer& answer) {
  std::visit(answer_writer{out}, answer);
}

} // namespace interswarm::ed2k
