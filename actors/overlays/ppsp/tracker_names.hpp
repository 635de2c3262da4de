#pragma once

#include "schema/ppsp/record.hpp"

#include <map>

namespace interswarm::ppsp {

/// From a swarm id on the wire back to the names that are meant: the tracker protocol says neither
/// the hash function nor the size of chunks. Only names that were told are known; a swarm without
/// one stands for the static content of 1024-byte chunks whose hash is as long as the id, and one
/// that can be none for nothing.
class swarm_names {
public:
  /// Names of other overlays are passed over. At most `max_names`.
  void replace(const std::vector<msg::name>& names);
  std::vector<msg::name> of(byte_view swarm_id) const;

  static constexpr std::size_t max_names = 20'000;

private:
  std::multimap<bytes, msg::name> names_;
};

/// Swarm ids in hexadecimal, one a line; empty lines and those that begin with '#' are passed over.
/// `malformed` with the number of the first line that is something else.
result<std::vector<bytes>> parse_swarm_list(std::string_view text);

} // namespace interswarm::ppsp
