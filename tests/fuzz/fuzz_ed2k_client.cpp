#include "schema/ed2k/aich.hpp"
#include "schema/ed2k/client_exchange.hpp"
#include "schema/ed2k/client_hello.hpp"
#include "schema/ed2k/client_transfer.hpp"
#include "schema/ed2k/client_udp.hpp"

#include <cstdlib>

using namespace interswarm;
using namespace interswarm::ed2k;

namespace {

/// What was decoded and encoded again must decode to the same value.
template <class Value, class Encode, class Decode>
void stable(const decoded<Value>& value, Encode encode, Decode decode) {
  if (!value) return;
  bytes wire;
  encode(wire, *value);
  const auto again = decode(byte_view(wire).subspan(6));
  if (!again || !(*again == *value)) std::abort();
}

} // namespace

/// The first byte chooses the packet.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const byte_view in(data + 1, size - 1);
  switch (data[0] % 16) {
  case 0: (void)decode_hello(in, false); break;
  case 1: (void)decode_hello(in, true); break;
  case 2: {
    hello h;
    (void)decode_emule_info(in, h);
    break;
  }
  case 3: (void)decode_request_file_name(in, 2); break;
  case 4: (void)decode_multi_packet(in, true, 2); break;
  case 5: (void)decode_multi_packet_answer(in); break;
  case 6: (void)decode_file_status(in); break;
  case 7: stable(decode_hash_set(in), append_hash_set, decode_hash_set); break;
  case 8:
  case 9: {
    const bool wide = data[0] % 2 != 0;
    stable(
        decode_request_parts(in, wide),
        [&](bytes& out, const part_request& r) { append_request_parts(out, r, wide); },
        [&](byte_view b) { return decode_request_parts(b, wide); });
    (void)decode_sending_part(in, wide);
    (void)decode_compressed_part(in, wide);
    break;
  }
  case 10: (void)decode_source_answer(in, 3); break;
  case 11: (void)decode_source_answer2(in); break;
  case 12: {
    const auto r = decode_aich_answer(in);
    if (r) (void)verify_aich_recovery(*r, 5'000'000'000, r->root);
    break;
  }
  case 13: (void)decode_reask(in, 4); break;
  case 14: (void)decode_reask_ack(in, 4); break;
  default:
    (void)decode_queue_ranking(in);
    (void)decode_queue_rank(in);
    (void)decode_file_name_answer(in);
    (void)decode_aich_request(in);
    (void)decode_aich_file_hash(in);
    (void)decode_source_request2(in);
  }
  return 0;
}
