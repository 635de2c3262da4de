#pragma once

#include "actors/services/http/limits.hpp"
#include "schema/base/bytes.hpp"
#include "schema/base/range.hpp"

#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace interswarm::http {

/// Text of our own, then bytes of the content; either may be missing.
struct body_part {
  std::string text;
  byte_range range;
};

/// What is to be read of the source, in which order and how far ahead of the client, and what may
/// be written. A range of at most limits::read_bytes is read as it is, in one piece.
class body_window {
public:
  struct read {
    std::uint64_t id = 0;
    byte_range range;
    /// The client waits for just this.
    bool urgent = false;
  };

  explicit body_window(std::vector<body_part> parts,
                       std::uint64_t window_bytes = limits::window_bytes);

  /// The next read that there is room for.
  std::optional<read> next_read();
  /// The answer to a read. False when these are not as many bytes as were asked for: then nothing
  /// may be sent any more.
  bool arrived(std::uint64_t id, slice data);

  struct output {
    std::vector<slice> pieces;
    std::size_t bytes = 0;
    /// Those that are not text of our own.
    std::uint64_t content_bytes = 0;
  };
  /// What can be written now, in order, at most `limit` bytes; empty when a read has to come first.
  output take(std::size_t limit);
  /// So many of the bytes taken have left: there is room for as many others.
  void written(std::size_t bytes) { held_ -= bytes; }
  /// All has been taken.
  bool finished() const { return part_ == parts_.size() && queue_.empty(); }

private:
  struct item {
    std::uint64_t id = 0;
    std::uint64_t size = 0;
    bool here = false;
    bool text = false;
    slice data{};
  };
  std::uint64_t next_size() const;
  void begin_part();

  std::vector<body_part> parts_;
  std::uint64_t window_;
  std::size_t part_ = 0;
  /// Where the current part's next read begins.
  std::uint64_t at_ = 0;
  std::uint64_t step_ = limits::first_read_bytes;
  std::uint64_t next_id_ = 0;
  std::deque<item> queue_;
  /// Bytes in the queue, there or asked for, and taken but not written.
  std::uint64_t held_ = 0;
};

} // namespace interswarm::http
