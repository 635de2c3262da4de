#pragma once

#include "schema/base/hash.hpp"
#include "schema/base/range.hpp"
#include "schema/base/result.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace interswarm::ed2k {

/// Reads a whole content once, in order, and computes the MD4 of each part: the hash set that a
/// record lacked. Holds at most two parts. Not tied to actors.
class hash_set_maker {
public:
  struct hooks {
    /// Reads at most 4 MiB; answers later, on the same thread.
    std::function<void(byte_range, std::function<void(result<slice>)>)> read;
    /// Hashes where it may take long; `done` comes back here.
    std::function<void(std::vector<slice>, std::function<void(md4_digest)> done)> hash;
  };
  using callback = std::function<void(result<std::vector<md4_digest>>)>;

  hash_set_maker(std::uint64_t size, hooks h, callback done);
  ~hash_set_maker();
  hash_set_maker(const hash_set_maker&) = delete;
  hash_set_maker& operator=(const hash_set_maker&) = delete;

  void start();

private:
  void read_more();
  void got(std::uint64_t piece, result<slice> data);
  void hashed(std::uint64_t part, const md4_digest& digest);
  void finish(result<std::vector<md4_digest>> outcome);

  std::uint64_t size_;
  hooks hooks_;
  callback done_;
  std::vector<md4_digest> digests_;
  std::uint64_t part_ = 0;
  std::uint64_t next_piece_ = 0;
  std::size_t in_flight_ = 0;
  std::size_t arrived_ = 0;
  std::size_t hashing_ = 0;
  std::vector<slice> pieces_;
  std::shared_ptr<hash_set_maker*> self_;
};

} // namespace interswarm::ed2k
