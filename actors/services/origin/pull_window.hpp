#pragma once

#include "actors/services/origin/limits.hpp"
#include "schema/base/bytes.hpp"
#include "schema/base/range.hpp"
#include "schema/base/result.hpp"

#include <map>
#include <optional>
#include <span>
#include <vector>

namespace interswarm::origin {

/// Which bytes are waited for and which have come without being asked for yet, so that a reader in
/// order needs one request, and a byte that has come is not asked for again. Decisions only.
class pull_window {
public:
  struct settings {
    /// Bytes that a transfer may bring beyond what is waited for.
    std::uint64_t ahead = 8U << 20U;
    /// A read waits for a transfer that has to bring at most so many bytes that nobody waits for
    /// before it; else it gets a request of its own.
    std::uint64_t jump = 1U << 20U;
    std::size_t max_reads = limits::reads;
    std::uint64_t max_read_bytes = limits::waiting_read_bytes;
  };
  using read_id = std::uint64_t;
  struct finished {
    read_id id = 0;
    slice data;
  };
  /// Where a response is: its next byte, and what it will bring to.
  struct transfer_view {
    std::uint64_t at = 0;
    std::optional<std::uint64_t> end{};
    /// No other request can begin in the middle: it brings everything ahead of it.
    bool from_start_only = false;
  };

  explicit pull_window(settings s) : settings_(s) {}

  /// Fails `malformed` beyond the content's end, `overloaded` when too much waits already. An empty
  /// range is not for here.
  result<read_id> add_read(byte_range range, bool urgent, instant deadline);
  /// The content's size; reads that pass it are given back.
  std::vector<read_id> set_size(std::uint64_t size);
  /// The size was that of another version.
  void forget_size() { size_.reset(); }
  /// Bytes came. What is here already is dropped; returns how many were new.
  std::uint64_t add_bytes(std::uint64_t at, const slice& data);
  /// Reads that have all their bytes, the earliest first; what no other read waits for is let go.
  std::vector<finished> take_finished();
  /// Reads whose time has come.
  std::vector<read_id> take_expired(instant now);
  std::vector<read_id> take_all();

  /// Whether a transfer should go on: somebody waits for what it will bring, or there is room
  /// ahead.
  bool may_read(const transfer_view& t) const;
  /// Whether somebody waits for what it will bring.
  bool is_wanted(const transfer_view& t) const;
  /// Bytes to be asked for since somebody waits for them and no transfer will bring them, urgent
  /// ones first; `end` is 0 when they should be asked for up to the content's end.
  std::optional<byte_range> gap(std::span<const transfer_view> transfers) const;

  bool empty() const { return reads_.empty(); }
  std::size_t reads() const { return reads_.size(); }
  std::uint64_t held_bytes() const { return held_; }
  std::vector<byte_range> held() const;

private:
  struct reading {
    byte_range range;
    bool urgent = false;
    instant deadline{};
  };
  std::optional<std::uint64_t> missing_in(const byte_range& r) const;
  bool brings(const transfer_view& t, std::uint64_t at) const;
  std::uint64_t spare_before(std::uint64_t at) const;
  slice cut(const byte_range& r) const;
  void drop(const byte_range& r);
  void drop_unless_read(byte_range r);
  void shed();
  const std::vector<byte_range>& wanted() const;
  bool is_read(std::uint64_t at) const;
  std::uint64_t unwanted(std::uint64_t from, std::uint64_t to) const;
  void forget(std::map<read_id, reading>::iterator& it);

  settings settings_;
  std::optional<std::uint64_t> size_;
  std::map<read_id, reading> reads_;
  read_id last_id_ = 0;
  std::uint64_t waiting_bytes_ = 0;
  /// By first byte; they do not overlap.
  std::map<std::uint64_t, slice> segments_;
  std::uint64_t held_ = 0;
  mutable std::vector<byte_range> wanted_;
  mutable bool wanted_is_current_ = true;
};

} // namespace interswarm::origin
