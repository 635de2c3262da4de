#include "actors/overlays/ppsp/tree_maker.hpp"

#include "schema/ppsp/record.hpp"

#include <algorithm>
#include <utility>

namespace interswarm::ppsp {

namespace {

constexpr std::uint64_t read_bytes = 2u << 20;
constexpr std::size_t reads_in_flight = 3;

} // namespace

tree_maker::tree_maker(merkle_hash f, std::uint32_t chunk_bytes, std::uint64_t size, hooks h,
                       callback done)
    : function_(f), chunk_bytes_(chunk_bytes), size_(size), hooks_(std::move(h)),
      done_(std::move(done)),
      all_(group_tree::groups_of(chunks_of(size, chunk_bytes)), tree_digest(f)),
      self_(std::make_shared<tree_maker*>(this)) {}

tree_maker::~tree_maker() { *self_ = nullptr; }

void tree_maker::read_more() {
  const auto group_bytes = group_tree::group_chunks * chunk_bytes_;
  const auto groups_a_read = std::max<std::uint64_t>(1, read_bytes / group_bytes);
  while (in_flight_ < reads_in_flight && next_ < all_.size()) {
    const auto first = next_;
    next_ = std::min<std::uint64_t>(all_.size(), first + groups_a_read);
    ++in_flight_;
    hooks_.read({first * group_bytes, std::min(size_, next_ * group_bytes)},
                [self = self_, first](result<slice> data) {
                  if (*self != nullptr) (*self)->got(first, std::move(data));
                });
  }
}

void tree_maker::got(std::uint64_t first_group, result<slice> data) {
  if (!done_) return;
  if (!data) return finish(tl::unexpected(data.error()));
  hooks_.hash(
      [f = function_, chunk_bytes = chunk_bytes_, first_group, data = std::move(*data)] {
        groups out;
        const auto group_bytes = group_tree::group_chunks * chunk_bytes;
        const auto all = data.view();
        for (std::size_t at = 0; at < all.size(); at += group_bytes) {
          const auto one = all.subspan(at, std::min<std::size_t>(group_bytes, all.size() - at));
          out.push_back(
              chunk_group(f, first_group + out.size(), chunk_bytes, bytes(one.begin(), one.end()))
                  .top());
        }
        return out;
      },
      [self = self_, first_group](const groups& some) {
        if (*self != nullptr) (*self)->hashed(first_group, some);
      });
}

void tree_maker::hashed(std::uint64_t first_group, const groups& some) {
  --in_flight_;
  if (!done_) return;
  if (some.size() > all_.size() - first_group)
    return finish(fail(errc::internal, "a read gave more than was asked for"));
  std::copy(some.begin(), some.end(), all_.begin() + static_cast<std::ptrdiff_t>(first_group));
  hashed_ += some.size();
  if (hashed_ == all_.size()) return finish(std::move(all_));
  read_more();
}

void tree_maker::finish(result<groups> outcome) {
  if (const auto done = std::exchange(done_, nullptr)) done(std::move(outcome));
}

} // namespace interswarm::ppsp
