#include "schema/ppsp/message.hpp"

#include <cstdlib>

/// The first byte chooses how the sender speaks. What is read is written and read again: it must be
/// the same bytes, but for a closing handshake's options and messages of later versions.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace interswarm;
  if (size == 0) return 0;
  ppsp::dialect d;
  d.address.method = static_cast<ppsp::chunk_addressing>(data[0] % 5);
  d.hash_bytes = (data[0] & 8) != 0 ? 20 : 32;
  d.signature_bytes = (data[0] & 16) != 0 ? 64 : 0;
  ppsp::datagram_reader in({data + 1, size - 1}, d);
  for (auto next = in.next(); next && *next; next = in.next()) {
    bytes once;
    if (const auto* h = std::get_if<ppsp::handshake>(&**next)) d = d.with(h->options);
    ppsp::append_message(once, **next, d);
    bytes datagram;
    ppsp::append_channel(datagram, in.destination());
    append(datagram, once);
    ppsp::datagram_reader again(datagram, d);
    const auto same = again.next();
    if (!same || !*same) std::abort();
    bytes twice;
    ppsp::append_message(twice, **same, d);
    if (once != twice) std::abort();
  }
  return 0;
}
