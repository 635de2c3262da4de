#include "schema/ed2k/frame.hpp"

#include <cstdlib>

/// The first byte chooses the link and where the stream is cut; both ways must give the same
/// packets.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace interswarm;
  if (size == 0) return 0;
  const auto kind = (data[0] & 1) != 0 ? ed2k::link_kind::server : ed2k::link_kind::client;
  const byte_view stream(data + 1, size - 1);
  const auto run = [&](std::size_t cut) {
    ed2k::frame_splitter in(kind);
    bytes seen;
    for (const auto piece : {stream.first(cut), stream.subspan(cut)}) {
      in.feed(piece);
      for (auto next = in.next(); next && *next; next = in.next()) {
        seen.push_back((*next)->opcode);
        append(seen, (*next)->payload);
      }
    }
    return seen;
  };
  if (run(0) != run(stream.empty() ? 0 : data[0] % stream.size())) std::abort();
  (void)ed2k::decode_datagram(stream);
  return 0;
}
