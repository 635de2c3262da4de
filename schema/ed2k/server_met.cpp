#include "schema/ed2k/server_met.hpp"

#include "schema/ed2k/client_id.hpp"
#include "schema/ed2k/limits.hpp"

namespace interswarm::ed2k {

namespace {

constexpr std::uint8_t emule_format = 0xE0;
constexpr std::uint8_t old_format = 0x0E;

} // namespace

decoded<std::vector<known_server>> read_server_met(byte_view file) {
  little_endian_reader in(file);
  const auto format = in.u8();
  const auto count = in.u32();
  if (in.failed() || (format != emule_format && format != old_format))
    return drop("not a server.met file");
  if (count > limits::max_known_servers) return drop("too many servers in server.met");
  std::vector<known_server> out;
  for (std::uint32_t i = 0; i < count; ++i) {
    known_server server;
    server.address.address = client_id{in.u32()}.address();
    server.address.port = in.u16();
    auto tags = read_tag_list(in);
    if (!tags) return tl::unexpected(tags.error());
    if (in.failed()) return drop("server.met cut off");
    server.tags = std::move(*tags);
    out.push_back(std::move(server));
  }
  return out;
}

bytes write_server_met(const std::vector<known_server>& servers) {
  bytes out;
  little_endian_writer writer(out);
  writer.u8(emule_format).u32(static_cast<std::uint32_t>(servers.size()));
  for (const auto& server : servers) {
    writer.u32(client_id::of(server.address.address).value).u16(server.address.port);
    write_tag_list(out, server.tags);
  }
  return out;
}

} // namespace interswarm::ed2k
