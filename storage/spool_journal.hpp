#pragma once

#include "schema/base/bytes.hpp"
#include "schema/base/result.hpp"
#include "storage/range_set.hpp"

/// The bytes of a spool file's journal: which ranges of a fetched content are on the disk. A
/// header, then records of 24 bytes that are only ever appended, each with its own checksum; a torn
/// or foreign record ends the journal.
namespace interswarm::spool_journal {

enum class action : std::uint8_t { written = 1, verified = 2, dropped = 3 };

struct header {
  std::uint64_t content_size = 0;
  bytes key; // what the caller named the content
};

struct contents {
  header head;
  range_set written;
  range_set verified; // within `written`
  /// Bytes of the journal that hold; what follows is to be cut off.
  std::size_t valid_bytes = 0;
};

bytes encode(const header& h);
bytes encode(action a, byte_range r);

/// Fails when the header itself is broken or of another version.
decoded<contents> decode(byte_view journal);

} // namespace interswarm::spool_journal
