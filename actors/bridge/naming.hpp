#pragma once

#include "schema/base/result.hpp"
#include "schema/content.values.hpp"
#include "storage/content_hashes.hpp"

#include <functional>
#include <string>
#include <vector>

namespace interswarm::bridge {

/// Makes the name records that one overlay gives to a content whose every hash is known, the one
/// that most clients understand first.
using namer = std::function<result<std::vector<msg::name_record>>(const content_hashes& hashes,
                                                                  const std::string& title)>;

/// An overlay's naming. `piece_lengths` are what its name needs beside the fixed hashes.
struct naming {
  std::string overlay;
  namer make;
  std::function<std::vector<std::uint64_t>(std::uint64_t size)> piece_lengths;
};

/// Adds v1 pieces of that length, once; 0 adds none.
void add_piece_length(hash_plan& plan, std::uint64_t length);
/// What has to be hashed of a content of `size` bytes so that every one of `namings` can name it;
/// of `msg::unknown_size`: for whatever size it will have, which costs more.
hash_plan plan_for(const std::vector<naming>& namings, std::uint64_t size);

} // namespace interswarm::bridge
