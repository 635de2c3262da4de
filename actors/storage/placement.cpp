#include "actors/storage/placement.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace interswarm::storage {

namespace {

std::uint64_t first_word(const sha256_digest& d) {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < 8; ++i) out = out << 8U | d[i];
  return out;
}

/// The finaliser of splitmix64: each bit of the input changes half of the output's.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31U);
}

/// Smallest wins: exponentially distributed with rate `weight`, so a node wins with its weight's
/// share, and a domain with the sum of its nodes'.
double distance(std::uint64_t seed, std::uint64_t chunk, double weight) {
  // In (0, 1): 53 bits and a half.
  const auto u = (static_cast<double>(mix(seed ^ chunk) >> 11U) + 0.5) * 0x1p-53;
  return -std::log(u) / weight;
}

} // namespace

placement::placement(std::vector<placement_node> nodes) : nodes_(std::move(nodes)) {
  std::map<std::string, std::size_t> numbers;
  for (const auto& n : nodes_) {
    seeds_.push_back(first_word(sha256(as_bytes(n.id))));
    domains_.push_back(numbers.try_emplace(n.domain, numbers.size()).first->second);
  }
}

std::vector<std::size_t> placement::order(const chunk_name& chunk) const {
  const auto word = first_word(chunk);
  std::vector<std::pair<double, std::size_t>> all;
  all.reserve(nodes_.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].weight > 0) all.emplace_back(distance(seeds_[i], word, nodes_[i].weight), i);
  }
  // Equal distances, which do not happen by chance, go by name and not by place in the list.
  std::sort(all.begin(), all.end(), [this](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : nodes_[a.second].id < nodes_[b.second].id;
  });
  std::vector<std::size_t> out;
  out.reserve(all.size());
  for (const auto& [d, i] : all) out.push_back(i);
  return out;
}

std::vector<std::size_t> placement::place(const chunk_name& chunk, std::size_t copies) const {
  const auto all = order(chunk);
  std::vector<std::size_t> out;
  std::set<std::size_t> used;
  for (const auto i : all) {
    if (out.size() == copies) return out;
    if (used.insert(domains_[i]).second) out.push_back(i);
  }
  for (const auto i : all) {
    if (out.size() >= copies) break;
    if (std::find(out.begin(), out.end(), i) == out.end()) out.push_back(i);
  }
  return out;
}

} // namespace interswarm::storage
