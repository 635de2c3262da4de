#pragma once

#include "actors/overlays/ppsp/chunk_picker.hpp"

namespace interswarm::ppsp {

/// Who gives whom what in a live swarm: the shape of the distribution. Chunks, signatures and
/// messages are the same for all. A parent is asked for chunks before they exist, and sends each as
/// soon as it has it (RFC 7574 §3.7: with a push model, requests are hints).
class structure {
public:
  struct neighbour {
    peer_number number = 0;
    /// One behind the newest chunk that it told of.
    std::uint64_t newest = 0;
    instant round_trip{};
    /// It neither chokes us nor leaves requests unanswered.
    bool gives = false;
  };

  virtual ~structure() = default;
  /// Whether chunks come without being asked one by one.
  virtual bool pushes() const = 0;
  /// All there are now, whenever that changes and from time to time.
  virtual void see(const std::vector<neighbour>& all, instant now) = 0;
  /// Who sends this chunk by itself; nothing: whoever has it is asked.
  virtual std::optional<peer_number> parent_of(std::uint64_t chunk) const = 0;
  /// A chunk did not come from its parent in time.
  virtual void missed(std::uint64_t chunk, instant now) = 0;
};

/// Chunks are pulled from whoever has them, by what each peer tells.
class mesh final : public structure {
public:
  bool pushes() const override { return false; }
  void see(const std::vector<neighbour>&, instant) override {}
  std::optional<peer_number> parent_of(std::uint64_t) const override { return std::nullopt; }
  void missed(std::uint64_t, instant) override {}
};

/// One tree, or several: chunk c belongs to the tree c modulo their number, and each tree has a
/// parent of its own, the peer that is furthest ahead. One that misses too much is left for
/// another.
class trees final : public structure {
public:
  static constexpr std::size_t max_trees = 16;
  /// Chunks in a row that a parent may miss.
  static constexpr unsigned patience = 4;
  /// How long one that failed is not taken again.
  static constexpr instant shun_time = std::chrono::seconds(10);

  /// 1 to `max_trees`.
  explicit trees(std::size_t count);
  bool pushes() const override { return true; }
  void see(const std::vector<neighbour>& all, instant now) override;
  std::optional<peer_number> parent_of(std::uint64_t chunk) const override {
    return stripes_[chunk % stripes_.size()].parent;
  }
  void missed(std::uint64_t chunk, instant now) override;

private:
  struct stripe {
    std::optional<peer_number> parent;
    unsigned misses = 0;
    std::uint64_t last_missed = 0;
  };

  std::vector<stripe> stripes_;
  std::map<peer_number, instant> shunned_until_;
};

} // namespace interswarm::ppsp
