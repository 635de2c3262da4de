#pragma once

#include "schema/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace interswarm::runtime {

constexpr std::string_view authority_file = "authority.pem";
constexpr std::string_view authority_key_file = "authority.key";
/// Names in one `make_keys`.
constexpr std::size_t max_key_names = 256;

/// A node's name as certificates carry it: 1 to 63 of a-z, 0-9 and '-', '-' not at an end (a DNS
/// label); "authority" is taken.
bool valid_key_name(std::string_view name);

/// Writes `NAME.pem` and `NAME.key` for each name into `directory`, signed by the authority there,
/// which is made first if there is none. EC P-256, valid for ten years, keys readable by their
/// owner only. Returns the files written, in order. Never overwrites: fails `conflict` before
/// anything is written when a name's file exists.
result<std::vector<std::string>> make_keys(const std::string& directory,
                                           const std::vector<std::string>& names);

} // namespace interswarm::runtime
