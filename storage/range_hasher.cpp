#include "storage/range_hasher.hpp"

#include "storage/content_hasher.hpp"
#include "storage/digest_context.hpp"
#include "storage/limits.hpp"
#include "storage/unit_grid.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace interswarm {

namespace {

/// A unit of which some bytes were seen.
struct open_unit {
  digest_context context;
  std::uint64_t next; // bytes before it are hashed
  std::map<std::uint64_t, slice>
      early; // offset -> bytes that wait for those before them; not overlapping
};

/// The digests of one list of units, in whatever order their bytes come.
class unit_filler {
public:
  unit_filler(hash_algorithm a, const unit_grid& grid) : algorithm_(a), grid_(grid) {
    digests_.resize(grid.count() * digest_size(a));
  }

  bool complete() const { return open_.empty() && seen_.bytes() == grid_.covered().size(); }
  range_set needed() const { return seen_.missing(grid_.covered()); }
  const bytes& digests() const { return digests_; }

  void add(std::uint64_t offset, const slice& data, std::uint64_t& held) {
    // Only what is new: a byte is hashed once.
    for (const auto fresh :
         seen_.missing(intersection({offset, offset + data.size()}, grid_.covered()))) {
      for (auto at = fresh.begin; at < fresh.end;) {
        const auto index = grid_.index_of(at);
        const auto part = intersection(fresh, grid_.unit(index));
        put(index, part, data.sub(part.begin - offset, part.size()), held);
        at = part.end;
      }
    }
  }

private:
  void put(std::uint64_t index, byte_range r, const slice& data, std::uint64_t& held) {
    const auto unit = grid_.unit(index);
    auto at = open_.find(index);
    if (at == open_.end()) {
      if (r == unit) {
        digest_into(algorithm_, data, digest_at(index));
        seen_.add(r);
        return;
      }
      if (open_.size() >= limits::range_hasher_open_units) return;
      if (r.begin != unit.begin && !may_hold(r, held)) return;
      at = open_.emplace(index, open_unit{digest_context(algorithm_), unit.begin, {}}).first;
    }
    auto& u = at->second;
    if (r.begin != u.next) {
      if (!may_hold(r, held)) return;
      held += r.size();
      u.early.emplace(r.begin, data);
      seen_.add(r);
      return;
    }
    seen_.add(r);
    absorb(u, r, data);
    for (auto e = u.early.begin(); e != u.early.end() && e->first == u.next; e = u.early.erase(e)) {
      held -= e->second.size();
      absorb(u, {e->first, e->first + e->second.size()}, e->second);
    }
    if (u.next == unit.end) {
      u.context.finish(digest_at(index));
      open_.erase(at);
    }
  }

  static bool may_hold(byte_range r, std::uint64_t held) {
    return held + r.size() <= limits::range_hasher_held_bytes;
  }
  static void absorb(open_unit& u, byte_range r, byte_view data) {
    u.context.update(data);
    u.next = r.end;
  }
  byte* digest_at(std::uint64_t index) { return digests_.data() + index * digest_size(algorithm_); }

  hash_algorithm algorithm_;
  unit_grid grid_;
  range_set seen_; // hashed or held
  std::unordered_map<std::uint64_t, open_unit> open_;
  bytes digests_;
};

} // namespace

struct range_hasher::state {
  std::uint64_t size = 0;
  std::uint64_t held = 0;
  std::optional<unit_filler> bep52;
  std::optional<unit_filler> ed2k;
  std::optional<unit_filler> aich;
  std::map<std::uint64_t, unit_filler> pieces;

  /// Calls `f` with every list that is being filled.
  template <class State, class F>
  static void each(State& s, F f) {
    for (auto* one : {&s.bep52, &s.ed2k, &s.aich}) {
      if (*one) f(**one);
    }
    for (auto& [length, filler] : s.pieces) f(filler);
  }
};

result<range_hasher> range_hasher::make(std::uint64_t size, const hash_plan& plan) {
  if (auto ok = content_hasher::check(plan); !ok) return tl::unexpected(ok.error());
  auto s = std::make_unique<state>();
  s->size = size;
  const auto filler = [&](hash_algorithm a, std::uint64_t unit,
                          std::uint64_t period) -> result<unit_filler> {
    auto grid = unit_grid::make(unit, period, 0, size);
    if (!grid) return tl::unexpected(grid.error());
    return unit_filler(a, *grid);
  };
  const auto start = [&](bool wanted, std::optional<unit_filler>& out, hash_algorithm a,
                         std::uint64_t unit, std::uint64_t period) -> result<void> {
    if (!wanted) return {};
    auto made = filler(a, unit, period);
    if (!made) return tl::unexpected(made.error());
    out.emplace(std::move(*made));
    return {};
  };
  if (auto ok = start(plan.bep52, s->bep52, hash_algorithm::sha256, bep52_leaf_size, 0); !ok)
    return tl::unexpected(ok.error());
  if (auto ok = start(plan.ed2k, s->ed2k, hash_algorithm::md4, ed2k_part_size, 0); !ok)
    return tl::unexpected(ok.error());
  if (auto ok = start(plan.aich, s->aich, hash_algorithm::sha1, aich_leaf_size, ed2k_part_size);
      !ok)
    return tl::unexpected(ok.error());
  for (const auto length : plan.v1_piece_lengths) {
    auto made = filler(hash_algorithm::sha1, length, 0);
    if (!made) return tl::unexpected(made.error());
    s->pieces.emplace(length, std::move(*made));
  }
  return range_hasher(std::move(s));
}

range_hasher::range_hasher(std::unique_ptr<state> s) : state_(std::move(s)) {}
range_hasher::~range_hasher() = default;
range_hasher::range_hasher(range_hasher&&) noexcept = default;
range_hasher& range_hasher::operator=(range_hasher&&) noexcept = default;

void range_hasher::add(std::uint64_t offset, const slice& data) {
  if (offset >= state_->size || data.empty()) return;
  const auto inside = data.sub(
      0, static_cast<std::size_t>(std::min<std::uint64_t>(data.size(), state_->size - offset)));
  state::each(*state_, [&](unit_filler& f) { f.add(offset, inside, state_->held); });
}

range_set range_hasher::needed() const {
  range_set out;
  state::each(*state_, [&](const unit_filler& f) { out.add(f.needed()); });
  return out;
}

bool range_hasher::complete() const {
  bool all = true;
  state::each(*state_, [&](const unit_filler& f) { all = all && f.complete(); });
  return all;
}

std::uint64_t range_hasher::held_bytes() const { return state_->held; }

content_hashes range_hasher::found() const {
  const auto& s = *state_;
  content_hashes out;
  out.size = s.size;
  if (s.bep52 && s.bep52->complete()) {
    out.bep52_leaves = s.bep52->digests();
    out.content_id = bep52_root(out.bep52_leaves);
  }
  if (s.ed2k && s.ed2k->complete()) {
    out.ed2k_parts = s.ed2k->digests();
    out.ed2k_red = ed2k_hash(out.ed2k_parts, s.size, ed2k_variant::red);
    out.ed2k_blue = ed2k_hash(out.ed2k_parts, s.size, ed2k_variant::blue);
  }
  if (s.aich && s.aich->complete()) {
    out.aich_leaves = s.aich->digests();
    out.aich_root = aich_root(out.aich_leaves, s.size);
  }
  for (const auto& [length, filler] : s.pieces) {
    if (filler.complete()) out.v1_pieces[length] = filler.digests();
  }
  return out;
}

} // namespace interswarm
