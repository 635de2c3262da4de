#pragma once

#include "schema/base/result.hpp"
#include "storage/chunk.hpp"

#include <functional>
#include <memory>
#include <span>

namespace interswarm {

/// Where chunk images lie: a folder of ours, or an object store that an operator runs anyway. Knows
/// nothing of what is in them. Safe for several threads.
class chunk_backend {
public:
  virtual ~chunk_backend() = default;

  /// The image is there wholly or not at all, whenever the process dies; a former one under the
  /// name is replaced. It survives a crash of the machine when the call returns, unless the
  /// operator chose otherwise. `image` is given in parts. Fails `io` or `denied`; `no_room` when
  /// there is no room. Calls to a store over a network fail `timed_out` and `unavailable` too;
  /// after `timed_out` the image may be there or not.
  virtual result<void> write(const chunk_name& name, std::span<const byte_view> image) = 0;
  /// The image's bytes from `offset` on, fewer than `count` only at its end. Fails `not_found`,
  /// `io`.
  virtual result<slice> read(const chunk_name& name, std::uint64_t offset,
                             std::size_t count) const = 0;
  /// One that is not there is fine.
  virtual result<void> erase(const chunk_name& name) = 0;
  /// Names and lengths of all images, in any order.
  virtual result<void>
  each(const std::function<void(const chunk_name&, std::uint64_t)>& visit) const = 0;
  /// Bytes that may still be written, as far as the place can tell. Fails `io` and as calls do.
  virtual result<std::uint64_t> room() const = 0;
};

/// Whether a written chunk must survive a crash of the machine, or only one of the process.
enum class durability : std::uint8_t { synced, cached };

/// One file for each chunk, in 256 folders below `folder`, which is made if it is not there. What a
/// former process left half written is removed. Fails `io` or `denied`, and `unavailable` while
/// another process uses the folder.
result<std::unique_ptr<chunk_backend>> open_chunk_folder(const std::string& folder, durability d);

} // namespace interswarm
