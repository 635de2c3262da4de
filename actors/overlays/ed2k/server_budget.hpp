#pragma once

#include "actors/overlays/ed2k/instant.hpp"

#include <algorithm>
#include <list>
#include <unordered_map>

namespace interswarm::ed2k {

/// Tokens that refill with time: what one party may cost us.
class token_bucket {
public:
  token_bucket(std::int64_t capacity, std::int64_t per_second)
      : capacity_(capacity * scale), per_second_(per_second), left_(capacity * scale) {}

  /// Takes `cost` tokens, or none and false.
  bool take(std::int64_t cost, instant now) {
    // Thousandths of a token refill each millisecond, so nothing is lost by rounding.
    left_ =
        std::min(capacity_, left_ + per_second_ * std::max<std::int64_t>(0, (now - at_).count()));
    at_ = std::max(at_, now);
    if (left_ < cost * scale) return false;
    left_ -= cost * scale;
    return true;
  }

private:
  static constexpr std::int64_t scale = 1000;
  std::int64_t capacity_;
  std::int64_t per_second_;
  std::int64_t left_;
  instant at_{};
};

/// A bucket for each key, for at most `limit` keys: the one not used for longest is forgotten.
template <class Key>
class keyed_budget {
public:
  keyed_budget(std::size_t limit, std::int64_t capacity, std::int64_t per_second)
      : limit_(limit), fresh_(capacity, per_second) {}

  bool take(const Key& key, std::int64_t cost, instant now) {
    auto it = buckets_.find(key);
    if (it == buckets_.end()) {
      if (buckets_.size() >= limit_) {
        buckets_.erase(order_.front());
        order_.pop_front();
      }
      it = buckets_.emplace(key, entry{fresh_, order_.insert(order_.end(), key)}).first;
    } else {
      order_.splice(order_.end(), order_, it->second.place);
    }
    return it->second.bucket.take(cost, now);
  }

  std::size_t size() const { return buckets_.size(); }

private:
  struct entry {
    token_bucket bucket;
    typename std::list<Key>::iterator place;
  };

  std::size_t limit_;
  token_bucket fresh_;
  std::unordered_map<Key, entry> buckets_;
  std::list<Key> order_;
};

} // namespace interswarm::ed2k
