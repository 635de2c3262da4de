// Datagrams of both directions and server.met files.
#include "schema/ed2k/server_met.hpp"
#include "schema/ed2k/server_udp.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace interswarm;
  using namespace interswarm::ed2k;
  const byte_view input{data, size};
  if (const auto request = read_udp_request(input)) {
    bytes wire, again;
    append_udp_request(wire, *request);
    const auto second = read_udp_request(wire);
    if (!second) std::abort();
    append_udp_request(again, *second);
    if (again != wire) std::abort();
  }
  if (const auto answer = read_udp_answer(input)) {
    bytes wire, again;
    append_udp_answer(wire, *answer);
    const auto second = read_udp_answer(wire);
    if (!second) std::abort();
    append_udp_answer(again, *second);
    if (again != wire) std::abort();
  }
  if (const auto servers = read_server_met(input);
      servers && !read_server_met(write_server_met(*servers)))
    std::abort();
  return 0;
}
