// First byte: opcode. What either side reads is written back as what reads the same.
#include "schema/ed2k/frame.hpp"
#include "schema/ed2k/server_tcp_answer.hpp"

#include <cstdlib>

namespace {

using namespace interswarm;
using namespace interswarm::ed2k;

byte_view payload_of(const bytes& wire) { return byte_view(wire).subspan(frame_header_bytes); }

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const byte_view payload{data + 1, size - 1};
  if (const auto request = read_server_request(data[0], payload)) {
    bytes wire, again;
    append_server_request(wire, *request);
    const auto second = read_server_request(wire[frame_header_bytes - 1], payload_of(wire));
    if (!second) std::abort();
    append_server_request(again, *second);
    if (again != wire) std::abort();
  }
  if (const auto answer = read_server_answer(data[0], payload)) {
    bytes wire, again;
    append_server_answer(wire, *answer);
    const auto second = read_server_answer(wire[frame_header_bytes - 1], payload_of(wire));
    if (!second) std::abort();
    append_server_answer(again, *second);
    if (again != wire) std::abort();
  }
  return 0;
}
