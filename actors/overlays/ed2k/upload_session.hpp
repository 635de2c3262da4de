#pragma once

#include "schema/ed2k/client_transfer.hpp"

#include <deque>
#include <optional>
#include <set>
#include <vector>

namespace interswarm::ed2k {

/// What one client with a slot asked of one file, and the packets that answer it.
class upload_session {
public:
  /// `compress`: the client takes COMPRESSEDPART.
  upload_session(const md4_digest& file, std::uint64_t size, bool compress)
      : file_(file), size_(size), compress_(compress) {}

  const md4_digest& hash() const { return file_; }
  bool compresses() const { return compress_; }

  /// REQUESTPARTS. Unused, malformed, oversized and repeated ranges are passed over: aMule repeats
  /// what is pending in each request. Gives how many blocks were added.
  std::size_t request(const part_request& r);
  /// The block to send next, in the order asked; it counts as sent from then on.
  std::optional<byte_range> next_block();
  /// The block after `ahead` others, without taking it: what to get ready.
  std::optional<byte_range> peek(std::size_t ahead) const;
  std::size_t pending() const { return queue_.size(); }
  /// The part that this client will want after the one it is in, when it takes parts in order.
  std::optional<std::uint64_t> next_part() const;

  /// Packets of one block, as pieces to write one behind the other. `data` in one or more slices
  /// holds exactly the bytes of `block`. A block is wholly compressed (zlib level 1) or wholly
  /// plain, whichever is shorter.
  std::vector<slice> encode(const byte_range& block, const std::vector<slice>& data);

private:
  std::vector<slice> encode_plain(const byte_range& block, const std::vector<slice>& data) const;
  std::vector<slice> encode_packed(const byte_range& block, slice stream) const;
  bool worth_compressing();

  md4_digest file_;
  std::uint64_t size_;
  bool compress_;
  std::deque<byte_range> queue_;
  // Exactly these ranges were asked before, as eMule compares them: a client that wants bytes again
  // (they were wrong when another client sent them) asks with another cut.
  std::set<byte_range> asked_;
  std::optional<std::uint64_t> part_, part_before_;
  // Blocks in a row that did not shrink, and blocks to pass over before the next attempt.
  std::size_t incompressible_ = 0;
  std::size_t skip_ = 0;
};

} // namespace interswarm::ed2k
