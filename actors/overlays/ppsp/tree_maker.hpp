#pragma once

#include "actors/overlays/ppsp/group_tree.hpp"
#include "schema/base/range.hpp"
#include "schema/base/result.hpp"

#include <functional>
#include <memory>

namespace interswarm::ppsp {

/// Reads a whole content once, in order, and computes its tree over groups of 64 chunks: what a
/// record lacked. Holds a few megabytes. Not tied to actors.
class tree_maker {
public:
  using groups = std::vector<tree_digest>;
  struct hooks {
    /// Reads at most 4 MiB; answers later, on the same thread.
    std::function<void(byte_range, std::function<void(result<slice>)>)> read;
    /// Runs the work where it may take long; `done` comes back here.
    std::function<void(std::function<groups()>, std::function<void(groups)> done)> hash;
  };
  using callback = std::function<void(result<groups>)>;

  /// Destroyed at any time; then `done` is not called.
  tree_maker(merkle_hash f, std::uint32_t chunk_bytes, std::uint64_t size, hooks h, callback done);
  ~tree_maker();
  tree_maker(const tree_maker&) = delete;
  tree_maker& operator=(const tree_maker&) = delete;

  void start() { read_more(); }

private:
  void read_more();
  void got(std::uint64_t first_group, result<slice> data);
  void hashed(std::uint64_t first_group, const groups& some);
  void finish(result<groups> outcome);

  merkle_hash function_;
  std::uint32_t chunk_bytes_;
  std::uint64_t size_;
  hooks hooks_;
  callback done_;
  groups all_;
  std::uint64_t next_ = 0; // group
  std::size_t in_flight_ = 0;
  std::size_t hashed_ = 0;
  std::shared_ptr<tree_maker*> self_;
};

} // namespace interswarm::ppsp
