#include "storage/spool_journal.hpp"

#include "schema/base/wire.hpp"
#include "storage/limits.hpp"

#include <zlib.h>

namespace interswarm::spool_journal {

namespace {

constexpr std::string_view magic = "ISWSPL1\n";
constexpr std::size_t record_bytes = 24;

std::uint32_t checksum(byte_view data) {
  return static_cast<std::uint32_t>(::crc32(0, data.data(), static_cast<uInt>(data.size())));
}

void seal(bytes& out) {
  const auto sum = checksum(out);
  little_endian_writer(out).u32(sum);
}

} // namespace

bytes encode(const header& h) {
  bytes out;
  little_endian_writer(out)
      .put(as_bytes(magic))
      .u64(h.content_size)
      .u32(static_cast<std::uint32_t>(h.key.size()))
      .put(h.key);
  seal(out);
  return out;
}

bytes encode(action a, byte_range r) {
  bytes out;
  little_endian_writer(out).u32(static_cast<std::uint32_t>(a)).u64(r.begin).u64(r.end);
  seal(out);
  return out;
}

decoded<contents> decode(byte_view journal) {
  little_endian_reader in(journal);
  if (!equal(in.take(magic.size()), as_bytes(magic))) return drop("not a spool journal");
  contents out;
  out.head.content_size = in.u64();
  const auto key_bytes = in.u32();
  if (key_bytes > limits::spool_key_bytes)
    return drop("a spool journal with a key that is too long");
  const auto key = in.take(key_bytes);
  const auto head_bytes = journal.size() - in.left();
  const auto sum = in.u32();
  if (in.failed() || sum != checksum(journal.first(head_bytes)))
    return drop("a broken spool journal");
  if (out.head.content_size > limits::content_bytes)
    return drop("a spool journal of a content beyond 2^60 bytes");
  out.head.key.assign(key.begin(), key.end());

  while (in.left() >= record_bytes) {
    const auto raw = in.rest().first(record_bytes);
    const auto a = static_cast<action>(in.u32());
    const byte_range r{in.u64(), in.u64()};
    if (in.u32() != checksum(raw.first(record_bytes - 4))) break;
    if (r.empty() || r.end > out.head.content_size) break;
    if (a == action::written) {
      out.written.add(r);
    } else if (a == action::verified) {
      out.verified.add(out.written.intersect(r));
    } else if (a == action::dropped) {
      out.written.remove(r);
      out.verified.remove(r);
    } else {
      break;
    }
    if (out.written.count() > limits::spool_ranges || out.verified.count() > limits::spool_ranges)
      break;
    out.valid_bytes += record_bytes;
  }
  out.valid_bytes += head_bytes + sizeof(sum);
  return out;
}

} // namespace interswarm::spool_journal
