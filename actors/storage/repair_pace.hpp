#pragma once

#include "actors/storage/hedged_read.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace interswarm::storage {

/// How fast copies may be made: while others read from the storage nodes, so slowly that they
/// hardly notice. Decisions only.
class repair_pace {
public:
  struct rates {
    /// Bytes/s while nobody else reads.
    std::uint64_t alone = std::uint64_t{64} << 20;
    /// Bytes/s while somebody does.
    std::uint64_t beside_readers = std::uint64_t{32} << 20;
  };
  /// Others read when they get more than so many bytes/s.
  static constexpr std::uint64_t notice = std::uint64_t{1} << 20;

  explicit repair_pace(rates r) : rates_(r) {}

  /// Bytes that each node has given since it began, by its id, and how many of all that the repair
  /// has read itself since it began.
  void heard(const std::map<std::string, std::uint64_t>& given, std::uint64_t own, instant now);
  std::uint64_t bytes_per_second() const { return busy_ ? rates_.beside_readers : rates_.alone; }

private:
  rates rates_;
  std::map<std::string, std::uint64_t> given_;
  std::uint64_t own_ = 0;
  instant heard_at_{};
  bool heard_ = false;
  bool busy_ = false;
};

} // namespace interswarm::storage
