#pragma once

#include <string_view>

namespace interswarm::compare {

/// A finished program that peers of live runs can be, and the kind of overlay that it speaks.
struct client_kind {
  const char* program;
  std::string_view overlay;
};

inline constexpr client_kind client_kinds[] = {
    {"amule", "ed2k"}, {"aria2", "bittorrent"}, {"transmission", "bittorrent"}};

} // namespace interswarm::compare
