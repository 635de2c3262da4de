#include "storage/hash_list.hpp"
#include "storage/metalink.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto files = interswarm::parse_metalink({data, size});
  if (!files) return 0;
  for (const auto& file : *files) {
    for (const auto& list : interswarm::metalink_hash_lists(file)) {
      // What the reader lets through must be sane proof data.
      const auto checked = interswarm::checked_hash_list::make(list);
      if (!checked && checked.error().code != interswarm::errc::too_large) std::abort();
    }
  }
  return 0;
}
