#include "storage/spool_journal.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace journal = interswarm::spool_journal;
  const auto read = journal::decode({data, size});
  if (!read) return 0;
  const interswarm::byte_range all{0, read->head.content_size};
  auto outside = read->verified;
  outside.subtract(read->written);
  if (read->valid_bytes > size || !outside.empty()) std::abort();
  for (const auto r : read->written) {
    if (!all.contains(r)) std::abort();
  }
  // The part that holds says the same again.
  const auto again = journal::decode({data, read->valid_bytes});
  if (!again || !(again->written == read->written) || !(again->verified == read->verified))
    std::abort();
  return 0;
}
